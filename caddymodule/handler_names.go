package caddymodule

import "github.com/caddy-nextjs/caddy-nextjs/zones"

// kindNames are the names of the kinds as values of placeholders.
var kindNames = func() (names [zones.Kinds]any) {
	for kind := range zones.Kind(zones.Kinds) {
		names[kind] = kind.String()
	}
	return names
}()

// verdictNames are the names of the verdicts as values of placeholders.
var verdictNames = func() map[string]any {
	names := map[string]any{}
	for _, name := range zones.VerdictNames() {
		names[name] = name
	}
	return names
}()
