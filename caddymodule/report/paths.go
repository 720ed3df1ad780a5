package report

// Where the admin endpoint says what files are served, and takes orders to purge.
const (
	FilesPath = "/nextjs/files"
	PurgePath = "/nextjs/purge"
)
