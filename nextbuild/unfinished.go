package nextbuild

// UnfinishedError says that a directory holds no whole build: `next build` is writing it at this moment, or was
// interrupted. Nobody can tell which; only the first one ends.
type UnfinishedError struct {
	Dir string // the build's
	// What is the first thing that it lacks, as a sentence without a full stop: "BUILD_ID is not there yet".
	What string
	err  error
}

// Error names what is missing, and what to do about an interrupted build.
func (e *UnfinishedError) Error() string { return e.err.Error() }

func (e *UnfinishedError) Unwrap() error { return e.err }

// noBuildID is the error of a directory without a BUILD_ID.
func noBuildID(dir string, err error) error {
	return &UnfinishedError{dir, "BUILD_ID is not there yet", err}
}
