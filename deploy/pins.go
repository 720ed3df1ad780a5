package deploy

import "strings"

// PinTarget is a deployment of a zone that requests can be sent to, and what tells which of them are its own.
type PinTarget struct {
	// ID is that of the control plane; pin cookies name it.
	ID string
	// DeploymentID is what its build tells Next.js to say (`?dpl`, x-deployment-id). "": it has none.
	DeploymentID string
	// BuildID is that of its build. "": not known.
	BuildID string
	// Actions are the ids of its server actions. nil: not known.
	Actions map[string]struct{}
	// HasFile reports whether its build has a file, by the path below the basePath: /_next/static/…. nil: not known.
	HasFile func(path string) bool
	// Live says that documents go to it.
	Live bool
}

// PinFacts is what a request says of the deployment that it belongs to. "" says nothing.
type PinFacts struct {
	// Header is the value of x-deployment-id, Query that of `?dpl`.
	Header, Query string
	// BuildID stands in the path: /_next/data/<id>/… or /_next/static/<id>/….
	BuildID string
	// Action is the id of the server action that is called.
	Action string
	// Path is that of a file of a build, below the basePath: /_next/static/…, or what a picture is made from.
	Path string
	// Cookie is the id of the deployment that the last document came from.
	Cookie string
	// Document says that it is for a document, which only Header can send to another deployment than the live one.
	Document bool
}

// PinReason says why a request goes to a deployment.
type PinReason uint8

// The reasons.
const (
	PinLive    PinReason = iota // nothing says otherwise
	PinHeader                   // x-deployment-id
	PinQuery                    // ?dpl
	PinBuild                    // the build id in the path
	PinAction                   // it knows the server action
	PinContent                  // it has the file
	PinCookie                   // the last document came from it
	PinUnknown                  // what the request names is not there any more, so the live one has it
)

// PinReasons is the number of reasons.
const PinReasons = 8

// String returns the reason's name as it stands in metrics and answers of the control API.
func (r PinReason) String() string {
	return [PinReasons]string{"live", "header", "dpl", "build", "action", "content", "cookie", "unknown"}[r]
}

// constantBuildID is what Next.js 16.2 and later call every build that has a deployment id and no generateBuildId
// (getBuildId in next/dist/build/index.js).
const constantBuildID = "build-TfctsWXpff2fKS"

// Pins tells which deployment of a zone a request belongs to. It never changes, and may be used from many requests at
// once. nil is that of a zone with one deployment,
// at place 0.
type Pins struct {
	list []PinTarget
	live int
	// Places in list.
	byDeploymentID, byBuildID, byID map[string]int
	// knowsBuilds says that no build id is missing.
	knowsBuilds bool
}

// tellsNothing is the place of a build id that several deployments have.
const tellsNothing = -1

// NewPins prepares the deployments of a zone, newest first. Of two with the same deployment id, or id, the live one
// has the requests, else the newer. Without a live one the newest counts as such.
func NewPins(list []PinTarget) *Pins {
	p := &Pins{
		list: list, byDeploymentID: map[string]int{}, byBuildID: map[string]int{}, byID: map[string]int{}, knowsBuilds: true,
	}
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].Live {
			p.live = i
		}
	}
	for i, target := range list {
		p.put(p.byDeploymentID, target.DeploymentID, i)
		p.put(p.byID, target.ID, i)
		p.putBuild(target.BuildID, i)
	}
	return p
}

// put notes the place of what a name names, unless a newer one has the name that is not outdone by the live one.
func (p *Pins) put(places map[string]int, name string, at int) {
	if _, taken := places[name]; name != "" && (!taken || at == p.live) {
		places[name] = at
	}
}

func (p *Pins) putBuild(id string, at int) {
	_, taken := p.byBuildID[id]
	switch {
	case id == "":
		p.knowsBuilds = false
	case taken || id == constantBuildID:
		p.byBuildID[id] = tellsNothing
	default:
		p.byBuildID[id] = at
	}
}

// Of returns the place of the deployment that a request belongs to, and why. The first thing decides that names a
// deployment. Next.js itself says x-deployment-id or `?dpl` with each request of a document whose build has a
// deployment id, so where they name none that is known nothing else is asked: the document is too old.
func (p *Pins) Of(f PinFacts) (at int, why PinReason) {
	switch {
	case p == nil || len(p.list) == 0:
		return 0, PinLive
	case f.Header != "":
		return p.says(f.Header, PinHeader)
	case f.Document:
		return p.live, PinLive
	case f.Query != "":
		return p.says(f.Query, PinQuery)
	}
	buildAt, isBuild := p.byBuildID[f.BuildID]
	if isBuild && buildAt != tellsNothing {
		return buildAt, PinBuild
	}
	if f.Action != "" {
		if at, ok := p.withAction(f.Action); ok {
			return at, PinAction
		}
	}
	if f.Path != "" {
		if at, why, ok := p.withFile(f.Path); ok {
			return at, why
		}
	}
	switch at, isKnown := p.byID[f.Cookie]; {
	case isKnown && p.list[at].DeploymentID == "":
		return at, PinCookie
	case f.Cookie != "" && !isKnown, f.BuildID != "" && !isBuild && p.knowsBuilds:
		return p.live, PinUnknown
	}
	return p.live, PinLive
}

// says returns the deployment of a deployment id.
func (p *Pins) says(deploymentID string, by PinReason) (at int, why PinReason) {
	if at, ok := p.byDeploymentID[deploymentID]; ok {
		return at, by
	}
	return p.live, PinUnknown
}

// withAction returns a deployment that knows a server action: the live one if it does, else the newest.
func (p *Pins) withAction(id string) (at int, ok bool) {
	if _, ok := p.list[p.live].Actions[id]; ok {
		return p.live, true
	}
	for i := range p.list {
		if _, ok := p.list[i].Actions[id]; ok {
			return i, true
		}
	}
	return 0, false
}

// immutablePrefix is where files lie of which Next.js 16.3 and later say no `?dpl`, whatever the build has
// (supportsImmutableAssets).
const immutablePrefix = "/_next/static/immutable/"

// withFile returns a deployment that has a file: the live one if it does, else the newest of those that do not say by
// `?dpl` that the file is theirs. Names have a hash of what is in the file, so it does not matter which.
func (p *Pins) withFile(path string) (at int, why PinReason, ok bool) {
	if has := p.list[p.live].HasFile; has != nil && has(path) {
		return p.live, PinLive, true
	}
	isImmutable := strings.HasPrefix(path, immutablePrefix)
	for i := range p.list {
		target := &p.list[i]
		if i != p.live && (target.DeploymentID == "" || isImmutable) && target.HasFile != nil && target.HasFile(path) {
			return i, PinContent, true
		}
	}
	return 0, PinLive, false
}

// CookieID is the id that a cookie on documents names. "": there shall be none, since the live build has a deployment
// id, which tells better.
func (p *Pins) CookieID() string {
	if p == nil || len(p.list) == 0 || p.list[p.live].DeploymentID != "" {
		return ""
	}
	return p.list[p.live].ID
}
