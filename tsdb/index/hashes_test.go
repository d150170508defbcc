package index

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestHashes adds and removes ids whose hashes collide, and asks a map the same.
func TestHashes(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 3))
	var h hashes
	plain := map[uint32]uint32{} // id → hash
	for id := uint32(1); id < 5000; id++ {
		hash := r.Uint32N(4) << 30 // all in a few slots
		if r.IntN(3) > 0 {
			hash = r.Uint32()
		}
		h.add(hash, id)
		plain[id] = hash
		for old, hash := range plain {
			if r.IntN(3) == 0 {
				h.remove(hash, old)
				delete(plain, old)
			}
			break
		}
		if id%64 != 0 {
			continue
		}
		for want, hash := range plain {
			if got := h.find(hash, func(id uint32) bool { return id == want }); got != want {
				t.Fatalf("seed %d: found %d, want %d", seed, got, want)
			}
			h.find(hash, func(id uint32) bool {
				if plain[id] != hash {
					t.Fatalf("seed %d: %d was offered for hash %d, it has %d", seed, id, hash, plain[id])
				}
				return false
			})
		}
	}
	if h.find(1, func(uint32) bool { return false }) != 0 {
		t.Error("what nothing is was found")
	}
}
