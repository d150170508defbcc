package syntax

// Whole reports whether everything that stands in the file could be read. Where it is false, Parse has
// reported why, and the tree is good for showing and checking, but not for running: it has blanks.
func (f *File) Whole() bool { return !f.flawed }
