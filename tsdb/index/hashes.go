package index

// hashes finds the series with a hash: open addressing with linear probing, eight bytes a slot. A map takes
// three times the memory, and three cache misses where this takes one; with a million series both show. Two
// series may have one hash: whoever looks compares.
type hashes struct {
	slots []hashSlot // a power of two of them
	used  int        // slots that are not free, those of removed series included
}

// hashSlot is chosen by the lowest bits of the hash.
type hashSlot struct {
	hash uint32
	id   uint32 // 0: free; removedID: there was one
}

// removedID marks a slot that a search must step over. No series has it: a table is full before.
const removedID = 1<<32 - 1

// find returns the first series with this hash that the caller says it is, 0 where there is none.
func (h *hashes) find(hash uint32, is func(id uint32) bool) uint32 {
	if len(h.slots) == 0 {
		return 0
	}
	mask := uint32(len(h.slots) - 1)
	for at := hash & mask; h.slots[at].id != 0; at = (at + 1) & mask {
		if s := h.slots[at]; s.hash == hash && s.id != removedID && is(s.id) {
			return s.id
		}
	}
	return 0
}

// add adds a series that is not there.
func (h *hashes) add(hash, id uint32) {
	if h.used >= len(h.slots)/4*3 {
		h.grow()
	}
	h.put(hashSlot{hash, id})
	h.used++
}

func (h *hashes) put(s hashSlot) {
	mask := uint32(len(h.slots) - 1)
	at := s.hash & mask
	for h.slots[at].id != 0 {
		at = (at + 1) & mask
	}
	h.slots[at] = s
}

// grow makes room and leaves removed series behind.
func (h *hashes) grow() {
	old, live := h.slots, 0
	for _, s := range old {
		if s.id != 0 && s.id != removedID {
			live++
		}
	}
	size := 64
	for size/2 <= live { // half full at most
		size *= 2
	}
	h.slots, h.used = make([]hashSlot, size), live
	for _, s := range old {
		if s.id != 0 && s.id != removedID {
			h.put(s)
		}
	}
}

// remove takes a series out that is there.
func (h *hashes) remove(hash, id uint32) {
	mask := uint32(len(h.slots) - 1)
	at := hash & mask
	for h.slots[at].id != id {
		at = (at + 1) & mask
	}
	h.slots[at].id = removedID
}
