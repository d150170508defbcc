package tsdb

import (
	"hash/maphash"
	"sync"
)

// keyCache remembers which series a sender's bytes stood for. It keeps 128 bits of hash instead of
// the bytes: two independent hashes with seeds of this process, so that nobody can search for label
// sets that collide, and a million series cost tens of megabytes instead of hundreds.
type keyCache struct {
	seeds  [2]maphash.Seed
	shards [keyShards]keyShard
}

const (
	// keyShards keeps parallel requests out of each other's way.
	keyShards = 16
	// maxShardKeys bounds what senders with ever-changing bytes can fill: 16 × 256 k keys. A shard that
	// is full starts anew.
	maxShardKeys = 1 << 18
)

type keyShard struct {
	mu  sync.RWMutex // guards ids; a leaf
	ids map[[2]uint64]SeriesID
	_   [64]byte // shards do not share cache lines
}

func newKeyCache() *keyCache {
	c := &keyCache{seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}}
	for i := range c.shards {
		c.shards[i].ids = map[[2]uint64]SeriesID{}
	}
	return c
}

func (c *keyCache) hash(key []byte) [2]uint64 {
	return [2]uint64{maphash.Bytes(c.seeds[0], key), maphash.Bytes(c.seeds[1], key)}
}

// get returns the series of a key's hash, 0 where it is not known.
func (c *keyCache) get(hash [2]uint64) SeriesID {
	shard := &c.shards[hash[0]%keyShards]
	shard.mu.RLock()
	defer shard.mu.RUnlock()
	return shard.ids[hash]
}

func (c *keyCache) put(hash [2]uint64, id SeriesID) {
	shard := &c.shards[hash[0]%keyShards]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if len(shard.ids) >= maxShardKeys {
		clear(shard.ids)
	}
	shard.ids[hash] = id
}

// clear forgets everything; series were deleted.
func (c *keyCache) clear() {
	for i := range c.shards {
		shard := &c.shards[i]
		shard.mu.Lock()
		clear(shard.ids)
		shard.mu.Unlock()
	}
}
