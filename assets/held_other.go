//go:build !unix

package assets

// openFilesLimit is none: on Windows a file that is open could not be replaced.
func openFilesLimit() int64 { return 0 }
