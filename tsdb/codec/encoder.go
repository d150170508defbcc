package codec

// Encoder writes blocks. It keeps working memory between blocks, so one Encoder per goroutine that
// writes many is the way to use it. The zero value is ready. It is not safe for concurrent use.
type Encoder struct {
}

// Append appends the block of g to dst. An error means that g is not a valid group (see Group and
// Column); dst is then returned as it came.
func (e *Encoder) Append(dst []byte, g *Group, tier Tier) ([]byte, error) {
	panic("not yet")
}
