package caddymodule

// Where the admin endpoint says what files are served, and takes orders to purge.
const (
	filesPath = "/nextjs/files"
	purgePath = "/nextjs/purge"
)
