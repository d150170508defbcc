package wal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"path/filepath"
	"strconv"
	"strings"
)

// A segment is a file of the log. It starts with a header of 24 bytes:
//
//	magic [8] | durable u64 | reserved u32 | crc u32
//
// durable is how much of the segment before was durable when this one was made.
const segmentHeader = 24

// segmentMagic ends with the version of the format.
const segmentMagic = "HDLWAL\x00\x01"

var (
	errMagic   = errors.New("not a log segment")
	errVersion = errors.New("unknown version of a log segment")
	errHeader  = errors.New("segment header is damaged")
)

func segmentPath(dir string, number int) string {
	return filepath.Join(dir, fmt.Sprintf("%08d.wal", number))
}

// segmentNumber is the number in a file's name; false for other files.
func segmentNumber(name string) (int, bool) {
	digits, is := strings.CutSuffix(name, ".wal")
	if !is {
		return 0, false
	}
	number, err := strconv.Atoi(digits)
	return number, err == nil && number > 0
}

func appendSegmentHeader(dst []byte, durable int64) []byte {
	start := len(dst)
	dst = append(dst, segmentMagic...)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(durable))
	dst = binary.LittleEndian.AppendUint32(dst, 0)
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
}

// isTornHeader reports whether a segment holds no more than a header that a power loss kept from the disk,
// in part or, as lost sectors read, as zeros. Headers are durable before a frame follows.
func isTornHeader(data []byte) bool {
	return len(data) < segmentHeader || len(data) == segmentHeader && [segmentHeader]byte(data) == [segmentHeader]byte{}
}

// readSegmentHeader returns how much of the segment before was durable.
func readSegmentHeader(data []byte) (durable int64, err error) {
	if len(data) < segmentHeader {
		return 0, errHeader
	}
	if string(data[:7]) != segmentMagic[:7] {
		return 0, errMagic
	}
	if data[7] != segmentMagic[7] {
		return 0, errVersion
	}
	if crc32.Checksum(data[:segmentHeader-4], castagnoli) != binary.LittleEndian.Uint32(data[segmentHeader-4:]) {
		return 0, errHeader
	}
	return int64(binary.LittleEndian.Uint64(data[8:])), nil
}
