// Package pages answers with kept pages, by pagecache: what is known of a request is made the facts of that, and stale
// pages are fetched by requests of the edge's own.
package pages
