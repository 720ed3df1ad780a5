// Package heaptest finds out how much stays in memory of requests that are gone.
package heaptest

import (
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
)

// Padding is a part of a query that nothing may hold on to.
var Padding = "pad=" + strings.Repeat("x", 14<<10)

// Request returns a GET with Padding at the end of its query. It is read as a server reads it, so path and query are
// cut from one text.
func Request(path, query string) *http.Request {
	return httptest.NewRequest(http.MethodGet, path+"?"+query+Padding, nil)
}

// Growth returns by how many bytes the heap is larger after do. The caller keeps alive what do has filled.
func Growth(do func()) int64 {
	before := inUse()
	do()
	return inUse() - before
}

func inUse() int64 {
	for range 3 { // pools let go at the second one
		runtime.GC()
	}
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc) //nolint:gosec // no heap is that large
}
