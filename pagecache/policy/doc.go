// Package policy says which requests and answers a page cache may have a part in, under which key and for how long, and
// what clients are told of it: tables and pure functions on heads, and on what the caller knows of a request (Facts).
// Package pagecache does what is said here.
//
// ForRequest is asked first, then KeyOf. ForResponse decides on what Next.js answers, and Tell completes the head of
// what goes to the client.
package policy
