// Package words reads the arguments of words in a Caddyfile, and says what is wrong with them.
package words
