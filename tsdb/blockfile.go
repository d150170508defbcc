package tsdb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/neuroweaver/heddle/tsdb/codec"
)

// A block file holds the group-blocks of a time range and never changes (docs/format/block.md):
//
//	magic [8] | sections | directory | footer [32]
//
// A section is a group-block and its CRC. The directory says what the block is and lists the sections
// by group and time. All numbers outside of varints are little endian.
const (
	blockMagic  = "HDLBLK\x00\x01" // the last byte is the version
	blockFooter = 32
	footerMagic = "HDLBLKFT"

	// maxSection bounds a group-block, so that a damaged length does not ask for all memory.
	maxSection = 1 << 30
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// blockMeta says what a block is.
type blockMeta struct {
	level      int   // 0: flushed; n+1: compacted from level n
	mint, maxt int64 // of its samples
	samples    int64
	logBefore  int   // write-ahead log segments before this one are covered by this block and older ones
	replaces   []int // numbers of the blocks that it was compacted from
}

// blockEntry is one section of a block.
type blockEntry struct {
	group      groupID
	tier       codec.Tier
	offset     int64
	length     int // of the group-block, without its CRC
	mint, maxt int64
	samples    int
	rows       int // of its longest axis
}

func blockPath(dir string, number int) string {
	return filepath.Join(dir, fmt.Sprintf("%08d.block", number))
}

// blockNumber is the number in a file's name; false for other files.
func blockNumber(name string) (int, bool) {
	digits, is := strings.CutSuffix(name, ".block")
	if !is {
		return 0, false
	}
	number, err := strconv.Atoi(digits)
	return number, err == nil && number > 0
}

// appendDirectory appends the directory of a block. The sections follow each other without gaps from
// the end of the magic, so their offsets need not be written.
func appendDirectory(dst []byte, meta blockMeta, entries []blockEntry) []byte {
	dst = binary.AppendUvarint(dst, uint64(meta.level))
	dst = binary.AppendVarint(dst, meta.mint)
	dst = binary.AppendVarint(dst, meta.maxt)
	dst = binary.AppendUvarint(dst, uint64(meta.samples))
	dst = binary.AppendUvarint(dst, uint64(meta.logBefore))
	dst = binary.AppendUvarint(dst, uint64(len(meta.replaces)))
	for _, number := range meta.replaces {
		dst = binary.AppendUvarint(dst, uint64(number))
	}
	dst = binary.AppendUvarint(dst, uint64(len(entries)))
	var group groupID
	for _, e := range entries {
		dst = binary.AppendUvarint(dst, uint64(e.group-group))
		group = e.group
		dst = append(dst, byte(e.tier))
		dst = binary.AppendUvarint(dst, uint64(e.length))
		dst = binary.AppendVarint(dst, e.mint-meta.mint)
		dst = binary.AppendUvarint(dst, uint64(e.maxt-e.mint))
		dst = binary.AppendUvarint(dst, uint64(e.samples))
		dst = binary.AppendUvarint(dst, uint64(e.rows))
	}
	return dst
}

// appendFooter appends the footer of a block whose directory is at offset.
func appendFooter(dst []byte, offset int64, directory []byte) []byte {
	start := len(dst)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(offset))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(len(directory)))
	dst = binary.LittleEndian.AppendUint32(dst, crc32.Checksum(directory, castagnoli))
	dst = binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
	return append(dst, footerMagic...)
}

var (
	errBlockMagic     = errors.New("not a block")
	errBlockVersion   = errors.New("unknown version of a block")
	errBlockFooter    = errors.New("block has no valid end: it is cut off or damaged")
	errBlockDirectory = errors.New("block directory is damaged")
	errBlockSection   = errors.New("checksum of a group-block does not match")
)

// readFooter returns where the directory is and its checksum. size is that of the file.
func readFooter(footer []byte, size int64) (offset, length int64, crc uint32, err error) {
	if len(footer) != blockFooter || string(footer[24:]) != footerMagic ||
		crc32.Checksum(footer[:20], castagnoli) != binary.LittleEndian.Uint32(footer[20:]) {
		return 0, 0, 0, errBlockFooter
	}
	offset = int64(binary.LittleEndian.Uint64(footer))
	length = int64(binary.LittleEndian.Uint64(footer[8:]))
	if offset < int64(len(blockMagic)) || length < 0 || offset > size || length != size-blockFooter-offset {
		return 0, 0, 0, errBlockFooter
	}
	return offset, length, binary.LittleEndian.Uint32(footer[16:]), nil
}

// readDirectory reads a directory that starts at offset of its file: all sections lie before it.
func readDirectory(src []byte, offset int64) (meta blockMeta, entries []blockEntry, err error) {
	d := logDecoder{src: src}
	meta.level = int(d.uvarint(1 << 10))
	meta.mint, meta.maxt = d.varint(), d.varint()
	meta.samples = int64(d.uvarint(1 << 62))
	meta.logBefore = int(d.uvarint(1 << 40))
	for range d.uvarint(uint64(len(d.src))) {
		meta.replaces = append(meta.replaces, int(d.uvarint(1<<40)))
	}
	count := d.uvarint(uint64(len(d.src)))
	if d.err != nil {
		return meta, nil, errBlockDirectory
	}
	entries = make([]blockEntry, 0, count)
	at := int64(len(blockMagic))
	var group uint64
	for range count {
		group += d.uvarint(1 << 32)
		e := blockEntry{group: groupID(group), tier: codec.Tier(d.byte()), offset: at}
		e.length = int(d.uvarint(maxSection))
		e.mint = meta.mint + d.varint()
		e.maxt = e.mint + int64(d.uvarint(1<<62))
		e.samples = int(d.uvarint(1 << 40))
		e.rows = int(d.uvarint(codec.MaxRows))
		at += int64(e.length) + 4
		if d.err != nil || group == 0 || group >= 1<<32 || at > offset {
			return meta, nil, errBlockDirectory
		}
		entries = append(entries, e)
	}
	if len(d.src) > 0 || at != offset {
		return meta, nil, errBlockDirectory
	}
	return meta, entries, nil
}
