package tsdb

import (
	"container/list"
	"sync"
)

// groupCache keeps the group-blocks that were read last, opened, so that the series of one target are
// read with one look at the disk, and what their columns share is decoded once.
type groupCache struct {
	capacity int // bytes

	mu      sync.Mutex // guards the fields below; a leaf
	entries map[any]*list.Element
	recent  list.List // of *cachedGroup, the most recent first
	bytes   int
}

// groupCacheBytes bounds the cache: encoded, 16 MiB are some twenty million samples; of a histogram that was
// read whole, a block of 8 k rows takes one of them.
const groupCacheBytes = 16 << 20

type cachedGroup struct {
	key   any
	bytes int // of memory, what its reader keeps decoded included; guarded by the cache's mu

	mu    sync.Mutex // a group-block is read by one goroutine at a time
	block *groupBlock
}

func newGroupCache(capacity int) *groupCache {
	return &groupCache{capacity: capacity, entries: map[any]*list.Element{}}
}

// use calls do with the group-block that key stands for; read is called for its bytes where it is not
// in the cache. The group-block must not be used after do has returned.
func (c *groupCache) use(key any, read func() ([]byte, error), do func(*groupBlock) error) error {
	cached := c.get(key)
	if cached == nil {
		data, err := read()
		if err != nil {
			return err
		}
		block, err := openGroupBlock(data)
		if err != nil {
			return err
		}
		cached = c.put(&cachedGroup{key: key, bytes: len(data), block: block})
	}
	bytes, err := cached.use(do)
	c.weigh(cached, bytes)
	return err
}

// use calls do, and returns how much memory the group-block takes then.
func (g *cachedGroup) use(do func(*groupBlock) error) (bytes int, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	err = do(g.block)
	return g.block.memory(), err
}

func (c *groupCache) get(key any) *cachedGroup {
	c.mu.Lock()
	defer c.mu.Unlock()
	element := c.entries[key]
	if element == nil {
		return nil
	}
	c.recent.MoveToFront(element)
	return element.Value.(*cachedGroup)
}

// put keeps an entry and returns it, or the one that another reader was faster to put.
func (c *groupCache) put(entry *cachedGroup) *cachedGroup {
	c.mu.Lock()
	defer c.mu.Unlock()
	if element := c.entries[entry.key]; element != nil {
		return element.Value.(*cachedGroup)
	}
	c.entries[entry.key] = c.recent.PushFront(entry)
	c.bytes += entry.bytes
	c.shrink()
	return entry
}

// weigh corrects what an entry takes: reading it may have decoded more.
func (c *groupCache) weigh(entry *cachedGroup, bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if element := c.entries[entry.key]; element != nil && element.Value == entry {
		c.bytes += bytes - entry.bytes
		entry.bytes = bytes
		c.shrink()
	}
}

// shrink lets go of what was not read for longest. It expects mu to be held.
func (c *groupCache) shrink() {
	for c.bytes > c.capacity && c.recent.Len() > 1 {
		oldest := c.recent.Remove(c.recent.Back()).(*cachedGroup)
		delete(c.entries, oldest.key)
		c.bytes -= oldest.bytes
	}
}

// sectionKey names a group-block on disk. Block numbers are never given twice.
type sectionKey struct {
	block  int
	offset int64
}
