// Package files answers with files of builds and exports, keeps those that pass through, and tells which are served
// from where.
package files
