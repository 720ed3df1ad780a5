package caddymodule

import (
	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/assets"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// maxUnreadSaid bounds how many folders a warning names.
const maxUnreadSaid = 10

// warnOfUnread says once, when a build is read, which of its files the edge cannot serve because it cannot read them.
func warnOfUnread(zone string, b *nextbuild.Build, set *assets.Set) {
	var errs []string
	for _, unread := range b.Unread {
		errs = append(errs, unread.Err.Error())
	}
	for _, err := range set.Unread() {
		errs = append(errs, err.Error())
	}
	if len(errs) == 0 {
		return
	}
	caddy.Log().Named("http.handlers.nextjs").Warn("files of the build cannot be read, so Next.js answers for them; "+
		"let this process read the folders, and reload",
		zap.String("zone", zone), zap.Int("folders", len(errs)), zap.Strings("errors", errs[:min(len(errs), maxUnreadSaid)]))
}
