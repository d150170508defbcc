package syntax

// Whole reports whether everything that stands in the tree could be read. Where it is false, Parse
// has reported why, and the tree is good for showing and checking, but not for running.
func (f *File) Whole() bool {
	for _, d := range f.Declarations {
		if d.trivia().broken {
			return false
		}
		switch d := d.(type) {
		case *Rule:
			if !whole(d.Clauses) {
				return false
			}
		case *Route:
			if !whole(d.Clauses) {
				return false
			}
		case *Test:
			if !whole(d.Statements) {
				return false
			}
		}
	}
	return true
}

func whole[I item](items []I) bool {
	for _, i := range items {
		if i.trivia().broken {
			return false
		}
	}
	return true
}
