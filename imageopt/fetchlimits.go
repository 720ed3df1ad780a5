package imageopt

// defaultRedirects is how many redirects fetch of Node.js follows; before 16, Next.js had no limit of its own.
const defaultRedirects = 20

// FetchLimits are those of the zone's sources. followAnywhere lets redirects lead where the patterns do not, as in Next.js.
func (s *Settings) FetchLimits(followAnywhere bool) FetchLimits {
	limits := FetchLimits{
		MaxBytes: s.MaximumResponseBody, MaxRedirects: defaultRedirects, AllowPrivate: s.DangerouslyAllowLocal,
		AllowUnmatchedRedirects: followAnywhere, Before16: s.Major < 16,
	}
	if s.MaximumRedirects != nil {
		limits.MaxRedirects = *s.MaximumRedirects
	}
	return limits
}
