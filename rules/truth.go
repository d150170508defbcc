package rules

// Truth is one of three values, in Kleene's logic of unknowns. The zero value is Unknown, so what
// was never decided neither fires nor recovers. The order False < Unknown < True makes `and` the
// least, `or` the greatest, and `not` the negative.
type Truth int8

// The three values.
const (
	False   Truth = -1
	Unknown Truth = 0
	True    Truth = 1
)

// and is false when either is, unknown when it depends on what is unknown.
func (t Truth) and(u Truth) Truth { return min(t, u) }

// or is true when either is, unknown when it depends on what is unknown.
func (t Truth) or(u Truth) Truth { return max(t, u) }

// not leaves unknown as it is.
func (t Truth) not() Truth { return -t }

// String gives true, false or unknown.
func (t Truth) String() string {
	switch t {
	case True:
		return "true"
	case False:
		return "false"
	}
	return "unknown"
}

func truthOf(b bool) Truth {
	if b {
		return True
	}
	return False
}
