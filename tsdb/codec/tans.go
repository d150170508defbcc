package codec

// tableSet holds the entropy tables of a block.
type tableSet struct{}
