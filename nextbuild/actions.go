package nextbuild

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
)

// readActions reads server-reference-manifest.json: the ids of the server actions, and the key that encrypts what their
// closures hold, which is secret. Of the key only a hash is kept. It is the one that the application uses, unless that
// runs with another NEXT_SERVER_ACTIONS_ENCRYPTION_KEY than it was built with (getActionEncryptionKey in
// next/dist/server/app-render/encryption-utils.js of 14, 15 and 16).
func (b *Build) readActions(m manifests) error {
	var file struct {
		Node map[string]struct{} `json:"node"`
		Edge map[string]struct{} `json:"edge"`
		Key  json.RawMessage     `json:"encryptionKey"`
	}
	if err := m.readIfThere("server/server-reference-manifest.json", &file); err != nil {
		return err
	}
	b.Actions = make(map[string]struct{}, len(file.Node)+len(file.Edge))
	for _, actions := range []map[string]struct{}{file.Node, file.Edge} {
		for id := range actions {
			b.Actions[id] = struct{}{}
		}
	}
	return b.setActionsKey(file.Key)
}

// setActionsKey keeps the hash of the key, a JSON string, and clears the key.
func (b *Build) setActionsKey(key json.RawMessage) error {
	switch {
	case len(key) == 0 || string(key) == "null":
		return nil
	case key[0] != '"' || len(key) < 2:
		return errors.New("server-reference-manifest.json: encryptionKey is not a text")
	case len(key) > 2:
		b.ActionsKey = sha256.Sum256(key[1 : len(key)-1])
	}
	clear(key)
	return nil
}

// SharesActionsKey reports whether what one build has encrypted can be read by the other: the arguments that are bound
// to server actions, which pages carry from the build that made them to the one that executes the action. Builds
// without actions share everything, and so does one of which the key is not known. Where it does not, pages of one
// build can call no action of the other, for since Next.js 15 the ids depend on the key as well. The remedy is to build
// all with one NEXT_SERVER_ACTIONS_ENCRYPTION_KEY.
func (b *Build) SharesActionsKey(other *Build) bool {
	var unknown [sha256.Size]byte
	return len(b.Actions) == 0 || len(other.Actions) == 0 ||
		b.ActionsKey == unknown || other.ActionsKey == unknown || b.ActionsKey == other.ActionsKey
}
