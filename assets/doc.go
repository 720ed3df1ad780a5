// Package assets serves the files that a build brings, from disk and memory, without asking Next.js.
//
// Four things answer. A Set has the files of a build that is there. A Keep has files that passed through from upstreams
// whose build is not known, an Export those of an application that nobody runs, and the Archive what lies below
// /_next/static of every build that the edge has seen.
//
// Copies and Keep are caches in a blobstore: any entry may be gone at any moment, and what is asked for most stays
// (W-TinyLFU). The Archive cannot use one. It promises that the builds of the last weeks are whole: a tab that was left
// open asks for a chunk once, after weeks, so what is asked for least is what the archive is for. It evicts builds, not
// files, oldest first, and it has a file once for all builds that share it, which a blobstore does not count.
package assets
