// Package images answers requests to the image optimizer of Next.js, by imageopt, with sources of the site itself or
// from elsewhere.
package images
