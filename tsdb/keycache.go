package tsdb

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
)

// keyCache remembers which series a sender's bytes stood for. It keeps 128 bits of hash instead of
// the bytes: two independent hashes with seeds of this process, so that nobody can search for label
// sets that collide, and a million series cost tens of megabytes instead of hundreds.
//
// With a million series, finding a slot is a miss of the processor's caches for every sample. But a
// sender names its series in the same order each time: so the hashes are also kept by id, with the id
// that came next, and that one is tried first. Neighbours there were made one after the other.
type keyCache struct {
	seeds  [2]maphash.Seed
	shards [keyShards]keyShard

	recent  paged[recentKey] // by SeriesID
	growing sync.Mutex       // held to grow recent; a leaf
}

// recentKey is the hash of the key that was put last for a series. While one is put, its halves may be
// of two keys: both stand for the series, and no key has that hash.
type recentKey struct {
	hash [2]atomic.Uint64
	next atomic.Uint64 // the series that was asked for after this one; 0: none
}

const (
	// keyShards keeps parallel requests out of each other's way.
	keyShards = 16
	// maxShardKeys bounds what senders with ever-changing bytes can fill: 16 × 256 k keys. A shard that
	// is full starts anew.
	maxShardKeys = 1 << 18
)

// keyHash is the hash of a key. Zero halves do not occur.
type keyHash [2]uint64

// keyShard is a hash table with linear probing: one cache line for most lookups, where a map needs
// three.
type keyShard struct {
	mu    sync.RWMutex // guards the fields below; a leaf
	slots []keySlot    // a power of two of them; an id of 0 is free
	used  int
	_     [64]byte // shards do not share cache lines
}

type keySlot struct {
	hash keyHash
	id   SeriesID
}

func newKeyCache() *keyCache {
	return &keyCache{seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}}
}

func (c *keyCache) hash(key []byte) keyHash {
	return keyHash{maphash.Bytes(c.seeds[0], key), maphash.Bytes(c.seeds[1], key)}
}

// shard is chosen by other bits of the hash than the slot.
func (c *keyCache) shard(hash keyHash) *keyShard { return &c.shards[hash[1]%keyShards] }

// get returns the series of a key's hash, 0 where it is not known. before is the series that the same
// sender asked for before this one, 0 where there is none.
func (c *keyCache) get(hash keyHash, before SeriesID) SeriesID {
	previous := c.recent.at(int(before))
	if previous == nil {
		return c.lookup(hash)
	}
	next := SeriesID(previous.next.Load())
	if key := c.recent.at(int(next)); key.hash[0].Load() == hash[0] && key.hash[1].Load() == hash[1] {
		return next
	}
	id := c.lookup(hash)
	if id != 0 {
		previous.next.Store(uint64(id))
	}
	return id
}

// lookup finds a hash without a guess.
func (c *keyCache) lookup(hash keyHash) SeriesID {
	shard := c.shard(hash)
	shard.mu.RLock()
	defer shard.mu.RUnlock()
	if len(shard.slots) == 0 {
		return 0
	}
	return shard.slots[shard.find(hash)].id
}

// find returns the slot of a hash, or the free one where it would go. The table has slots.
func (s *keyShard) find(hash keyHash) uint64 {
	mask := uint64(len(s.slots) - 1)
	at := hash[0] & mask
	for s.slots[at].id != 0 && s.slots[at].hash != hash {
		at = (at + 1) & mask
	}
	return at
}

func (c *keyCache) put(hash keyHash, id SeriesID) {
	c.growing.Lock()
	key := c.recent.grow(int(id))
	c.growing.Unlock()
	key.hash[0].Store(hash[0])
	key.hash[1].Store(hash[1])
	shard := c.shard(hash)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	switch {
	case shard.used >= maxShardKeys:
		clear(shard.slots)
		shard.used = 0
	case shard.used >= len(shard.slots)*3/4:
		shard.grow()
	}
	slot := &shard.slots[shard.find(hash)]
	if slot.id == 0 {
		shard.used++
	}
	*slot = keySlot{hash, id}
}

func (s *keyShard) grow() {
	old := s.slots
	s.slots = make([]keySlot, max(64, 2*len(old)))
	for _, slot := range old {
		if slot.id != 0 {
			s.slots[s.find(slot.hash)] = slot
		}
	}
}
