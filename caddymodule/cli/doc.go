// Package cli is `caddy nextjs`: commands that ask a running edge, by its admin endpoint or its nextjs_control, or that
// read a build directory, and print what they have learned as text or as JSON. It imports nothing that runs.
package cli
