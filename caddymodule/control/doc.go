// Package control is how an edge is asked and steered: nextjs_control, the admin endpoint, and the routes that other
// packages of the face hand in. It finds what serves by edge.Current.
package control
