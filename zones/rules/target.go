package rules

// Target is the path that a request asks for, as rules look at it.
type Target struct {
	// Full is the escaped path by which Next.js routes, dot segments resolved, with what stands before the zone's own.
	Full string
	// AsWritten says that the client wrote the path like that. When it did not, Next.js answers with a redirect or
	// resolves the path itself.
	AsWritten bool
}
