package journal

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// A stream is a row of frames: one byte of kind, four of length (big endian), the payload.
const (
	frameEntry      = 'e' // an entry's record
	frameDictionary = 'd' // a spool dictionary's record
	frameBatch      = 'b' // a batch's record
	frameGap        = 'g' // a Gap as JSON
	frameBeat       = 'h' // nothing new: the sender is alive
	frameEnd        = 'x' // the sender gives up; the payload says why

	maxFrame = 32 << 20
)

var errFrame = errors.New("no frame")

func writeFrame(w io.Writer, kind byte, payload []byte) error {
	var head [5]byte
	head[0] = kind
	binary.BigEndian.PutUint32(head[1:], uint32(len(payload)))
	if _, err := w.Write(head[:]); err != nil {
		return fmt.Errorf("write frame: %w", err)
	}
	if _, err := w.Write(payload); err != nil {
		return fmt.Errorf("write frame: %w", err)
	}
	return nil
}

// readFrame reads the next frame into buf, growing it where needed. A stream that ends inside a
// frame is an error that matches io.ErrUnexpectedEOF.
func readFrame(r *bufio.Reader, buf []byte) (kind byte, payload []byte, err error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, buf, err
	}
	n := binary.BigEndian.Uint32(head[1:])
	if n > maxFrame {
		return 0, buf, fmt.Errorf("%w: %d bytes are too many", errFrame, n)
	}
	if cap(buf) < int(n) {
		buf = make([]byte, n)
	}
	buf = buf[:n]
	if _, err := io.ReadFull(r, buf); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return 0, buf, err
	}
	return head[0], buf, nil
}
