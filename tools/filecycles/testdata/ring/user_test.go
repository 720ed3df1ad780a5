package ring

import "testing"

// Tests may use what they like: no arrow begins here.
func TestUser(*testing.T) { User(new(Counter)) }
