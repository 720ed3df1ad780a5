package ring

// Plain is used by others and uses none of them.
type Plain struct{}

var base Plain
