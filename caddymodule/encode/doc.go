// Package encode compresses answers on their way: nextjs_encode, and Brotli for any encoder of Caddy.
package encode
