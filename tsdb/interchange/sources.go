package interchange

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// IsBlock reports whether dir is a block of Prometheus.
func IsBlock(dir string) bool { return isFile(filepath.Join(dir, blockMetaFile)) }

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// FindBlocks returns the blocks of Prometheus that dir is or holds, the oldest first. A data directory and
// a snapshot of Prometheus hold blocks.
func FindBlocks(dir string) ([]string, error) {
	if IsBlock(dir) {
		return []string{dir}, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	type found struct {
		dir     string
		minTime int64
	}
	var blocks []found
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		if !entry.IsDir() || !IsBlock(path) {
			continue
		}
		meta, err := readBlockMeta(filepath.Join(path, blockMetaFile))
		if err != nil {
			return nil, err
		}
		blocks = append(blocks, found{path, meta.MinTime})
	}
	if len(blocks) == 0 {
		return nil, fmt.Errorf("%s is no block of Prometheus and holds none: a block is a directory with %s", dir, blockMetaFile)
	}
	slices.SortFunc(blocks, func(a, b found) int {
		return cmp.Or(cmp.Compare(a.minTime, b.minTime), cmp.Compare(a.dir, b.dir))
	})
	paths := make([]string, len(blocks))
	for i := range blocks {
		paths[i] = blocks[i].dir
	}
	return paths, nil
}

// HasUnflushed reports whether dir is a data directory of Prometheus whose newest samples are in no block
// yet, but in its log.
func HasUnflushed(dir string) bool {
	segments, err := os.ReadDir(filepath.Join(dir, "wal"))
	return err == nil && len(segments) > 0
}
