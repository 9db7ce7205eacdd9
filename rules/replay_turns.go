package rules

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"bongsu/facility"
)

// turnNote is one recorded turn.
type turnNote struct {
	now      time.Time
	stepped  bool
	learned  bool
	bands    string // name of the learned bands
	runs     []sampleRun
	lost     []facility.Ref
	answer   *answerNote
	act      *facility.Act
	exchange *exchangeNote
}

// sampleRun names samples in the spool: so many from this point on that were seen at this moment, which the loop's
// clock took to be off later. Times are microseconds.
type sampleRun struct {
	ref  facility.Ref
	seen int64
	off  int64
	n    int
}

var errTurns = errors.New("no block of turns")

// turnReader takes numbers off a block and keeps the first fault.
type turnReader struct {
	rest []byte
	err  error
}

func (d *turnReader) fail() {
	if d.err == nil {
		d.err = errTurns
	}
	d.rest = nil
}

func (d *turnReader) varint() int64 {
	v, n := binary.Varint(d.rest)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *turnReader) uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *turnReader) byte() byte {
	if len(d.rest) == 0 {
		d.fail()
		return 0
	}
	b := d.rest[0]
	d.rest = d.rest[1:]
	return b
}

func (d *turnReader) json(into any) {
	n := d.uvarint()
	if n > uint64(len(d.rest)) {
		d.fail()
		return
	}
	if err := json.Unmarshal(d.rest[:n], into); err != nil {
		d.fail()
		return
	}
	d.rest = d.rest[n:]
}

// readTurns decodes a block of turns without its letter.
func readTurns(block []byte, fn func(turnNote) error) error {
	d := turnReader{rest: block}
	now := time.Unix(0, d.varint()).UTC()
	var ref, seen int64
	for len(d.rest) > 0 {
		kinds := d.byte()
		now = now.Add(time.Duration(d.varint()))
		t := turnNote{now: now, stepped: kinds&turnStepped != 0, learned: kinds&(turnUnnamed|turnBands) != 0}
		if kinds&turnSamples != 0 {
			n := d.uvarint()
			if n > uint64(len(d.rest)) {
				d.fail()
			}
			for range min(n, uint64(len(d.rest))) {
				ref, seen = ref+d.varint(), seen+d.varint()
				run := sampleRun{ref: facility.Ref(ref), seen: seen}
				size := d.uvarint()
				if run.n = int(size >> 1); size&1 != 0 {
					run.off = d.varint()
				}
				t.runs = append(t.runs, run)
			}
		}
		d.extras(kinds, &t)
		if d.err != nil {
			return fmt.Errorf("turn after %v: %w", now, d.err)
		}
		if err := fn(t); err != nil {
			return err
		}
	}
	return d.err
}

func (d *turnReader) extras(kinds byte, t *turnNote) {
	if kinds&turnLost != 0 {
		n := d.uvarint()
		for range min(n, uint64(len(d.rest))) {
			t.lost = append(t.lost, facility.Ref(d.uvarint()))
		}
	}
	if kinds&turnAnswer != 0 {
		t.answer = &answerNote{}
		d.json(t.answer)
	}
	if kinds&turnAct != 0 {
		t.act = &facility.Act{}
		d.json(t.act)
	}
	if kinds&turnExchange != 0 {
		t.exchange = &exchangeNote{}
		d.json(t.exchange)
	}
	if kinds&turnBands != 0 {
		d.json(&t.bands)
	}
}

// Bounds of what is searched for the samples of a turn.
const (
	aheadMicros  = 30_000_000
	behindMicros = 60_000_000
	mostPending  = 4 << 20
)

// waitingSamples are samples of the spool that no turn has taken yet. The bus hands its readers batches in slightly
// different orders, and the spool writes several as one, so each turn's are looked for.
type waitingSamples struct {
	next    func() (recordedBatch, bool)
	chunks  []recordedBatch
	size    int
	ended   bool
	expired int // samples that no turn took
}

// recordedBatch is what the spool held together, or what is left of it.
type recordedBatch struct {
	list    pointList
	samples []facility.Sample
}

func (b recordedBatch) newest() int64 {
	if len(b.samples) == 0 {
		return 0
	}
	return b.samples[len(b.samples)-1].Seen.UnixMicro()
}

// take finds a run; false when the spool does not have it.
func (w *waitingSamples) take(run sampleRun) (recordedBatch, bool) {
	from := 0
	for {
		for i := from; i < len(w.chunks); i++ {
			if at := w.chunks[i].find(run); at >= 0 {
				return w.cut(i, at, run.n), true
			}
		}
		from = len(w.chunks)
		if w.ended || w.size > mostPending || from > 0 && w.chunks[from-1].newest() > run.seen+aheadMicros {
			return recordedBatch{}, false
		}
		b, ok := w.next()
		if !ok {
			w.ended = true
			continue
		}
		w.chunks, w.size = append(w.chunks, b), w.size+len(b.samples)
	}
}

func (b recordedBatch) find(run sampleRun) int {
	for i := range b.samples {
		s := &b.samples[i]
		if s.Point == run.ref && s.Seen.UnixMicro() == run.seen && i+run.n <= len(b.samples) {
			return i
		}
	}
	return -1
}

// cut takes n samples out of a chunk and keeps what stands before and behind them.
func (w *waitingSamples) cut(i, at, n int) recordedBatch {
	c := w.chunks[i]
	got := recordedBatch{list: c.list, samples: c.samples[at : at+n]}
	before, behind := c.samples[:at], c.samples[at+n:]
	w.size -= n
	switch {
	case len(before) == 0 && len(behind) == 0:
		w.chunks = append(w.chunks[:i], w.chunks[i+1:]...)
	case len(before) == 0:
		w.chunks[i].samples = behind
	case len(behind) == 0:
		w.chunks[i].samples = before
	default:
		w.chunks[i].samples = before
		rest := append([]recordedBatch{{list: c.list, samples: behind}}, w.chunks[i+1:]...)
		w.chunks = append(w.chunks[:i+1], rest...)
	}
	return got
}

// forget lets go of what no turn will take any more.
func (w *waitingSamples) forget(now time.Time) {
	for len(w.chunks) > 0 && w.chunks[0].newest() < now.UnixMicro()-behindMicros {
		w.expired += len(w.chunks[0].samples)
		w.size -= len(w.chunks[0].samples)
		w.chunks = w.chunks[1:]
	}
}
