package report

// Names of what the control API has: the last segments of its paths.
const (
	FilesRoute   = "files"
	ExplainRoute = "explain"
	ImageRoute   = "image"
	PurgeRoute   = "purge"
	StatusRoute  = "status"
	DrainRoute   = "drain"
	UndrainRoute = "undrain"
	PauseRoute   = "pause"
	ResumeRoute  = "resume"

	RollbackRoute = "rollback"
	PromoteRoute  = "promote"
	RetireRoute   = "retire"
	ForgetRoute   = "forget"
)

// APIVersion is the segment before the name. What a route is asked and answers changes only with it.
const APIVersion = "v1"

// AdminPath is where the admin endpoint has a route.
func AdminPath(route string) string { return "/nextjs/" + APIVersion + "/" + route }

// UnversionedAdminPath is where it had the route before there were versions, and has it still.
func UnversionedAdminPath(route string) string { return "/nextjs/" + route }
