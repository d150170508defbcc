package lsp

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// The bounds of one message. A file of rules has at most 1 MiB, which JSON makes at most six times as
// long; headers are two short lines.
const (
	maxMessageBytes = 16 << 20
	maxHeaderBytes  = 4 << 10
)

// errTooLarge is a message over maxMessageBytes; it has been passed over, and the next can be read.
var errTooLarge = fmt.Errorf("the message is larger than %d bytes", maxMessageBytes)

// readFrame reads the content of one message: header lines, an empty line, Content-Length bytes. The
// error is io.EOF where the input ends between messages. After another error than errTooLarge nobody
// knows where the next message begins.
func readFrame(r *bufio.Reader) ([]byte, error) {
	length, err := readHeaders(r)
	if err != nil {
		return nil, err
	}
	if length > maxMessageBytes {
		if _, err := io.CopyN(io.Discard, r, length); err != nil {
			return nil, unexpected(err)
		}
		return nil, errTooLarge
	}
	content := make([]byte, length)
	if _, err := io.ReadFull(r, content); err != nil {
		return nil, unexpected(err)
	}
	return content, nil
}

// readHeaders reads up to the empty line and returns the length of the content.
func readHeaders(r *bufio.Reader) (length int64, err error) {
	length = -1
	for read := 0; ; {
		line, err := readLine(r, maxHeaderBytes-read)
		if err != nil {
			if err == io.EOF && read == 0 && line == "" {
				return 0, io.EOF
			}
			return 0, unexpected(err)
		}
		read += len(line)
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			if length < 0 {
				return 0, errors.New("a message without the header Content-Length")
			}
			return length, nil
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return 0, fmt.Errorf("%q is not a header line", line)
		}
		if !strings.EqualFold(strings.TrimSpace(name), "Content-Length") {
			continue
		}
		size, err := strconv.ParseUint(strings.TrimSpace(value), 10, 62)
		if err != nil {
			return 0, fmt.Errorf("%q is not the length of a message", strings.TrimSpace(value))
		}
		length = int64(size)
	}
}

// readLine reads one line with its end, of at most the given number of bytes.
func readLine(r *bufio.Reader, most int) (string, error) {
	var line []byte
	for len(line) < most {
		b, err := r.ReadByte()
		if err != nil {
			return string(line), err
		}
		if line = append(line, b); b == '\n' {
			return string(line), nil
		}
	}
	return "", fmt.Errorf("the headers of a message have more than %d bytes", maxHeaderBytes)
}

// unexpected is the error of input that ends within a message.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// writeFrame writes the content of one message with its header.
func writeFrame(w io.Writer, content []byte) error {
	frame := fmt.Appendf(make([]byte, 0, len(content)+32), "Content-Length: %d\r\n\r\n", len(content))
	_, err := w.Write(append(frame, content...))
	return err
}
