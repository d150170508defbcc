package tsdb

import (
	"encoding/binary"
	"fmt"

	"github.com/klauspost/compress/zstd"

	"github.com/neuroweaver/heddle/tsdb/wal"
)

// Entries that are written once and read at the next start (series, exemplars, metadata) are packed
// together into one compressed entry: label sets repeat each other nearly whole.

// appendCompressedEntry packs entries into one.
func appendCompressedEntry(dst []byte, encoder *zstd.Encoder, entries []byte) []byte {
	dst = append(dst, byte(entryCompressed))
	packed := encoder.EncodeAll(entries, nil)
	dst = binary.AppendUvarint(dst, uint64(len(packed)))
	return append(dst, packed...)
}

// newEntryEncoder returns an encoder for one flush. It is not kept: its tables take megabytes.
func newEntryEncoder() (*zstd.Encoder, error) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, fmt.Errorf("make zstd encoder: %w", err)
	}
	return encoder, nil
}

// unpackEntries unpacks what appendCompressedEntry packed. It never returns more than a frame may
// hold.
func unpackEntries(packed []byte) ([]byte, error) {
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(wal.MaxFrame), zstd.WithDecoderLowmem(true))
	if err != nil {
		return nil, fmt.Errorf("make zstd decoder: %w", err)
	}
	defer decoder.Close()
	entries, err := decoder.DecodeAll(packed, nil)
	if err != nil {
		return nil, fmt.Errorf("unpack entries: %w", err)
	}
	return entries, nil
}
