package wal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// A frame is one append, whole or not at all: sixteen bytes of header, then the payload.
//
//	marker u32 | length u32 | synced u32 | crc u32 | payload
//
// The marker lets a reader find the next frame behind damage. synced is how much of the segment was
// durable when the frame was written: damage before it is corruption, damage behind all of it is the
// torn end that a power loss leaves. The CRC covers length, synced and payload.
const (
	frameHeader = 16
	frameMarker = 0x4c574448 // "HDWL"

	// MaxFrame bounds a payload in bytes, so that a damaged length does not ask for all memory. It is
	// several times what a request may hold.
	MaxFrame = 256 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Frames is a list of payloads that are written together. The zero value is empty.
type Frames struct {
	buf    []byte
	starts []int
}

// Add adds one payload: fill appends it to what it is given. A payload may not be empty.
func (f *Frames) Add(fill func([]byte) []byte) {
	f.starts = append(f.starts, len(f.buf))
	f.buf = append(f.buf, make([]byte, frameHeader)...)
	f.buf = fill(f.buf)
}

// Reset empties the list and keeps its memory.
func (f *Frames) Reset() { f.buf, f.starts = f.buf[:0], f.starts[:0] }

// Len is the size in bytes of all frames.
func (f *Frames) Len() int { return len(f.buf) }

// seal fills in the headers.
func (f *Frames) seal(synced int64) {
	for i, start := range f.starts {
		end := len(f.buf)
		if i+1 < len(f.starts) {
			end = f.starts[i+1]
		}
		frame := f.buf[start:end]
		binary.LittleEndian.PutUint32(frame, frameMarker)
		binary.LittleEndian.PutUint32(frame[4:], uint32(len(frame)-frameHeader))
		binary.LittleEndian.PutUint32(frame[8:], uint32(synced))
		binary.LittleEndian.PutUint32(frame[12:], frameCRC(frame))
	}
}

func frameCRC(frame []byte) uint32 {
	return crc32.Update(crc32.Checksum(frame[4:12], castagnoli), castagnoli, frame[frameHeader:])
}

var (
	errMarker = errors.New("no frame starts here")
	errLength = errors.New("frame is longer than what follows")
	errCRC    = errors.New("checksum does not match")
)

// readFrame returns the payload at the start of data, the whole frame's size, and how much of the
// segment was durable when it was written.
func readFrame(data []byte) (payload []byte, size int, synced int64, err error) {
	if len(data) < frameHeader {
		return nil, 0, 0, errLength
	}
	if binary.LittleEndian.Uint32(data) != frameMarker {
		return nil, 0, 0, errMarker
	}
	length := binary.LittleEndian.Uint32(data[4:])
	if length == 0 || length > MaxFrame || int(length) > len(data)-frameHeader {
		return nil, 0, 0, errLength
	}
	size = frameHeader + int(length)
	if frameCRC(data[:size]) != binary.LittleEndian.Uint32(data[12:]) {
		return nil, 0, 0, errCRC
	}
	return data[frameHeader:size:size], size, int64(binary.LittleEndian.Uint32(data[8:])), nil
}

// durableBehind looks for frames behind damage and returns the largest synced that they prove.
func durableBehind(data []byte) int64 {
	var marker [4]byte
	binary.LittleEndian.PutUint32(marker[:], frameMarker)
	durable := int64(0)
	for {
		at := bytes.Index(data, marker[:])
		if at < 0 {
			return durable
		}
		_, size, synced, err := readFrame(data[at:])
		if err != nil {
			data = data[at+1:]
			continue
		}
		durable = max(durable, synced)
		data = data[at+size:]
	}
}
