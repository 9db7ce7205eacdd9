package ui

import (
	"bytes"
	"compress/flate"
	"sync"
	"time"
)

// frame is a piece of a view's stream, built once and shared by all its viewers.
type frame struct {
	plain []byte
	marks []mark // the events inside that have an id, in order; none for a heartbeat
	made  time.Time

	once   sync.Once
	packed []byte
}

// mark is where an event begins in a frame.
type mark struct {
	seq uint64
	at  int
}

// gzipHeader begins a gzip stream without name or time (RFC 1952).
var gzipHeader = []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}

// packers are reused: each holds about 600 kB of tables.
var packers = sync.Pool{New: func() any {
	w, err := flate.NewWriter(nil, flate.BestSpeed)
	if err != nil {
		panic("ui: " + err.Error()) // only for a level that does not exist
	}
	return w
}}

// deflated is the frame as a block of a deflate stream that refers to nothing before it and ends on a
// byte. So the same bytes fit into every viewer's stream, whatever that viewer was sent before.
func (f *frame) deflated() []byte {
	f.once.Do(func() { f.packed = deflate(f.plain) })
	return f.packed
}

func deflate(plain []byte) []byte {
	var out bytes.Buffer
	w := packers.Get().(*flate.Writer)
	defer packers.Put(w)
	w.Reset(&out)
	_, _ = w.Write(plain) // a buffer takes everything
	_ = w.Flush()
	return out.Bytes()
}

// after cuts off the events up to a sequence number; nil when nothing is left.
func (f *frame) after(seq uint64) *frame {
	for _, m := range f.marks {
		if m.seq > seq {
			if m.at == 0 {
				return f
			}
			return &frame{plain: f.plain[m.at:], made: f.made}
		}
	}
	return nil
}
