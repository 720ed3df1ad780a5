package ring

// User uses others, and none of them uses it. A local name and a method that only an interface asks for make no arrow.
func User(adder interface{ Add() }) {
	count := Price()
	_ = count
	adder.Add()
}
