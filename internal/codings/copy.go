package codings

// SmallestCopied and LargestCopied bound the bodies of which copies are made (bytes). A smaller one fits into the
// packet of its head; a larger one would take several times its size of memory, and is compressed on its way.
const (
	SmallestCopied = 512
	LargestCopied  = 32 << 20
)

// Copy returns the body of a copy in a coding, made by one of the functions that compress. An empty one is kept too: it
// says that there is nothing to gain, which is anything less than a twentieth.
func Copy(name string, body []byte, compress func(name string, body []byte) ([]byte, error)) ([]byte, error) {
	copied, err := compress(name, body)
	if err != nil {
		return nil, err
	}
	if len(copied) > len(body)-len(body)/20 {
		return []byte{}, nil
	}
	return copied, nil
}
