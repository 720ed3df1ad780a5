package proxy

import "sync"

const (
	// smallBlock takes the arguments of a usual action (bytes).
	smallBlock = 4 << 10
	// largeBlock is what longer bodies are kept in (bytes): as much as net/http copies at a time.
	largeBlock = 32 << 10
)

// Blocks that nobody uses. What they had last is still in them: it is overwritten before anything of it is read.
var (
	smallBlocks = sync.Pool{New: func() any { return new([smallBlock]byte) }}
	largeBlocks = sync.Pool{New: func() any { return new([largeBlock]byte) }}
)

// takeBlock returns a block of one of the two sizes. What is in it may be of another body.
func takeBlock(size int) []byte {
	if size == smallBlock {
		return smallBlocks.Get().(*[smallBlock]byte)[:]
	}
	return largeBlocks.Get().(*[largeBlock]byte)[:]
}

// giveBlock gives a block back. Nobody may use it any more.
func giveBlock(block []byte) {
	if len(block) == smallBlock {
		smallBlocks.Put((*[smallBlock]byte)(block))
		return
	}
	largeBlocks.Put((*[largeBlock]byte)(block))
}

// keptBytes are the bytes of one body in the order in which they came: in one small block, or in large ones of which
// all but the last are full. It grows without copying what it has, but for the content of the small one. Who has it
// reserves the bytes of its blocks, and holds a lock meanwhile: so a block that was given back is in no list any more.
type keptBytes struct {
	blocks   [][]byte
	length   int // of what is kept
	reserved int // of all blocks
}

// missing returns how many bytes must be reserved besides, so that more can be added.
func (k *keptBytes) missing(more int) int {
	return max(0, sizeOfBlocks(k.length+more)-k.reserved)
}

// sizeOfBlocks returns how large the blocks are together that take so many bytes.
func sizeOfBlocks(length int) int {
	switch {
	case length == 0:
		return 0
	case length <= smallBlock:
		return smallBlock
	}
	return (length + largeBlock - 1) / largeBlock * largeBlock
}

// add copies bytes behind the others. What is missing for them was reserved.
func (k *keptBytes) add(p []byte) {
	k.growBy(k.missing(len(p)))
	for len(p) > 0 {
		n := copy(k.blocks[k.length/largeBlock][k.length%largeBlock:], p)
		k.length, p = k.length+n, p[n:]
	}
}

// growBy takes as many bytes in new blocks. If there is a small one, a large one takes its place.
func (k *keptBytes) growBy(size int) {
	k.reserved += size
	switch {
	case size == 0:
		return
	case k.reserved == smallBlock:
		k.blocks = append(k.blocks, takeBlock(smallBlock))
		return
	case len(k.blocks) > 0 && len(k.blocks[0]) == smallBlock:
		small := k.blocks[0]
		k.blocks[0] = takeBlock(largeBlock)
		copy(k.blocks[0], small[:k.length])
		giveBlock(small)
	}
	for len(k.blocks)*largeBlock < k.reserved {
		k.blocks = append(k.blocks, takeBlock(largeBlock))
	}
}

// read copies what is kept from a place on, and returns how much that is.
func (k *keptBytes) read(p []byte, at int) (n int) {
	for n < len(p) && at < k.length {
		block := k.blocks[at/largeBlock]
		offset := at % largeBlock
		copied := copy(p[n:], block[offset:min(len(block), offset+k.length-at)])
		n, at = n+copied, at+copied
	}
	return n
}

// giveBack gives all blocks back, and returns how many bytes were reserved for them.
func (k *keptBytes) giveBack() (reserved int) {
	reserved = k.reserved
	for _, block := range k.blocks {
		giveBlock(block)
	}
	*k = keptBytes{}
	return reserved
}
