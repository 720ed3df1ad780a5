package httpheader

// TargetedFields are the fields that some shared caches read before Cache-Control (RFC 9213), and their forerunners.
var TargetedFields = [...]string{
	"Cdn-Cache-Control", "Cloudflare-Cdn-Cache-Control", "Netlify-Cdn-Cache-Control", "Vercel-Cdn-Cache-Control",
	"Surrogate-Control", "X-Accel-Expires",
}
