package tsdb

import "sync/atomic"

// paged is a list that grows without moving its elements, so that readers need no lock: pages are
// only ever added. One goroutine at a time may grow it. Reading an element that its writer has made
// known by other means (an id that was handed out) is safe; the element itself must be atomic or
// never change.
type paged[T any] struct {
	pages atomic.Pointer[[]*[pageSize]T]
}

// pageSize balances the unused part of the last page against the length of the list of pages.
const pageSize = 1024

// at returns element i, nil where the list has no such page.
func (p *paged[T]) at(i int) *T {
	pages := p.pages.Load()
	if pages == nil || i < 0 || i/pageSize >= len(*pages) {
		return nil
	}
	return &(*pages)[i/pageSize][i%pageSize]
}

// grow makes element i exist and returns it.
func (p *paged[T]) grow(i int) *T {
	var pages []*[pageSize]T
	if old := p.pages.Load(); old != nil {
		pages = *old
	}
	if i/pageSize >= len(pages) {
		grown := make([]*[pageSize]T, len(pages), i/pageSize+1)
		copy(grown, pages)
		for len(grown) <= i/pageSize {
			grown = append(grown, new([pageSize]T))
		}
		p.pages.Store(&grown)
	}
	return p.at(i)
}
