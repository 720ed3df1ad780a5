// Package edge has what the packages of the face share: Request, what is known of a request; Zone and View, what is
// known of a site; the repairs and notices of a zone; and the request's body.
//
// A Request is made once, by the nextjs handler, or by a Loopback for what the edge itself asks. It belongs to the
// goroutine that serves it. Zones and Views do not change: another build makes others, and a site then swaps its View.
//
// What one package keeps with a zone lies in its Slot, and only that package reads it.
package edge
