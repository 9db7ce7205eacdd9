package rules

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"time"

	"bongsu/facility"
)

// TurnLog takes what the loop notes about its turns, so that a replay can take the very same ones. Put copies the
// block and never waits; false means that it was dropped.
type TurnLog interface {
	Put(block []byte) bool
}

// Blocks of the turn log begin with one of these letters.
const (
	blockLife  = 'L' // a process began: lifeNote
	blockMark  = 'C' // where a reader that missed the beginning may start: lifeNote
	blockLeft  = 'R' // alarms of what left the site were ended: retireNote
	blockTurns = 'T'
	blockGap   = 'G' // blocks were dropped: their number
)

// lifeNote is what a replay needs before the first turn.
type lifeNote struct {
	Began    time.Time `json:"began"`    // zero of the fire engine's scale
	Restored time.Time `json:"restored"` // when the state was taken up; of a mark, its moment
	Seq      uint64    `json:"seq"`      // newest journal entry then
	Revision string    `json:"revision"`
	Node     string    `json:"node"`
	Bands    string    `json:"bands,omitempty"` // name of the learned bands in force
}

type retireNote struct {
	At  time.Time `json:"at"`
	By  string    `json:"by"`
	Why string    `json:"why"`
}

// What stands in a turn, as bits of its first byte.
const (
	turnSamples = 1 << iota
	turnLost    // of older recordings: points that lost their newest sample in the queue
	turnAnswer
	turnAct
	turnExchange
	turnStepped // the wall clock was set before it
	turnUnnamed // other learned bands came in force; older recordings do not say which
	turnBands   // other learned bands came in force, by name
)

// answerNote, exchangeNote and the act are rare, so they are plain JSON.
type answerNote struct {
	Record   string             `json:"record,omitempty"`
	Name     string             `json:"name"`
	Command  facility.CommandID `json:"command"`
	Sent     int64              `json:"sent,omitempty"` // unix nanoseconds, 0 if it never was
	Accepted int64              `json:"accepted,omitempty"`
	Detail   string             `json:"detail,omitempty"`
	Error    string             `json:"error,omitempty"`
	Unknown  bool               `json:"unknown,omitempty"` // the error is ErrOutcomeUnknown
}

type exchangeNote struct {
	Revision string `json:"revision"`
	By       string `json:"by"`
	Why      string `json:"why"`
}

// Bounds of the notes.
const (
	blockBytes = 16 << 10
	blockFor   = 100 * time.Millisecond
	markEvery  = 10 * time.Minute
)

// turnRecorder notes the loop's turns. It keeps which samples a turn took, not the samples: these are in the spool.
type turnRecorder struct {
	to      TurnLog // nil: nobody wants to know
	life    lifeNote
	begun   bool
	marked  time.Time
	block   []byte
	began   time.Time // of the block
	last    time.Time // turn in the block
	ref     facility.Ref
	seen    int64 // microseconds
	dropped uint64
	learned *namedBands       // in force
	taken   []facility.Sample // room for one batch
	runs    []byte
	n       int
}

// begin notes the process's beginning, once.
func (r *turnRecorder) begin() {
	if r.to == nil || r.begun {
		return
	}
	r.begun, r.marked = true, r.life.Restored
	r.note(blockLife, r.life)
}

func (r *turnRecorder) note(kind byte, data any) {
	if r.to == nil {
		return
	}
	text, err := json.Marshal(data)
	if err != nil {
		return // these notes are plain structs; a replay that misses one says so
	}
	r.flush()
	r.put(append([]byte{kind}, text...))
}

func (r *turnRecorder) put(block []byte) {
	if r.dropped > 0 {
		if !r.to.Put(binary.AppendUvarint([]byte{blockGap}, r.dropped)) {
			r.dropped++
			return
		}
		r.dropped = 0
	}
	if !r.to.Put(block) {
		r.dropped++
	}
}

// settle brings a batch onto the loop's clock and notes it. What it gives is valid until the next call.
func (r *turnRecorder) settle(c *clock, batch []facility.Sample) []facility.Sample {
	r.taken = append(r.taken[:0], batch...)
	var raw, seen, rawAt, at time.Time
	start := 0
	for i := range r.taken {
		s := &r.taken[i]
		if i == 0 || s.Seen != raw {
			if i > 0 {
				r.run(batch[start:i], seen)
			}
			start, raw, seen = i, s.Seen, c.same(s.Seen)
		}
		if i == 0 || s.At != rawAt {
			rawAt, at = s.At, s.At.Truncate(time.Microsecond).UTC()
		}
		s.Seen, s.At = seen, at
	}
	if len(batch) > 0 {
		r.run(batch[start:], seen)
	}
	return r.taken
}

// run notes samples that were seen at one moment: the first one's point, when it was seen, how far the loop's clock
// takes that to be, and how many they are.
func (r *turnRecorder) run(samples []facility.Sample, seen time.Time) {
	if r.to == nil {
		return
	}
	raw := samples[0].Seen.UnixMicro()
	off := seen.UnixMicro() - raw
	r.runs = binary.AppendVarint(r.runs, int64(samples[0].Point)-int64(r.ref))
	r.runs = binary.AppendVarint(r.runs, raw-r.seen)
	n := uint64(len(samples)) << 1
	if off != 0 {
		r.runs = binary.AppendVarint(binary.AppendUvarint(r.runs, n|1), off)
	} else {
		r.runs = binary.AppendUvarint(r.runs, n)
	}
	r.ref, r.seen = samples[0].Point, raw
	r.n++
}

// turn notes one turn. It is called when its samples are settled and before anything is decided.
func (r *turnRecorder) turn(now time.Time, ev event, stepped bool) {
	if r.to == nil {
		return
	}
	if len(r.block) == 0 {
		r.began, r.last = now, now
		r.block = binary.AppendVarint(append(r.block, blockTurns), now.UnixNano())
	}
	kinds := ev.kinds()
	if r.n > 0 {
		kinds |= turnSamples
	}
	if stepped {
		kinds |= turnStepped
	}
	r.block = binary.AppendVarint(append(r.block, kinds), now.Round(0).Sub(r.last.Round(0)).Nanoseconds())
	r.last = now
	if r.n > 0 {
		r.block = append(binary.AppendUvarint(r.block, uint64(r.n)), r.runs...)
		r.runs, r.n = r.runs[:0], 0
	}
	r.extras(ev, kinds)
}

func (ev event) kinds() (kinds byte) {
	if ev.answer != nil {
		kinds |= turnAnswer
	}
	if ev.act != nil {
		kinds |= turnAct
	}
	if ev.exchange != nil && ev.exchange.accepted {
		kinds |= turnExchange
	}
	if ev.learned {
		kinds |= turnBands
	}
	return kinds
}

func (r *turnRecorder) extras(ev event, kinds byte) {
	if kinds&turnAnswer != 0 {
		r.json(noteOf(*ev.answer))
	}
	if kinds&turnAct != 0 {
		r.json(ev.act.act)
	}
	if kinds&turnExchange != 0 {
		x := ev.exchange.x
		r.json(exchangeNote{Revision: x.site.Revision, By: x.By, Why: x.Why})
	}
	if kinds&turnBands != 0 {
		r.json(r.learned.name)
	}
}

func (r *turnRecorder) json(data any) {
	text, err := json.Marshal(data)
	if err != nil {
		text = []byte("null")
	}
	r.block = append(binary.AppendUvarint(r.block, uint64(len(text))), text...)
}

func noteOf(a answer) answerNote {
	n := answerNote{Record: a.record, Name: a.name, Command: a.cmd.ID, Sent: nanos(a.receipt.Sent), Accepted: nanos(a.receipt.Accepted), Detail: a.receipt.Detail}
	if a.err != nil {
		n.Error, n.Unknown = a.err.Error(), errors.Is(a.err, ErrOutcomeUnknown)
	}
	return n
}

func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// decided hands the block over when something was decided in it, or when it is large or old.
func (r *turnRecorder) decided(now time.Time, seq uint64) {
	if r.to == nil {
		return
	}
	if seq > 0 || len(r.block) >= blockBytes || now.Sub(r.began) >= blockFor {
		r.flush()
	}
	r.life.Seq = max(r.life.Seq, seq)
	if now.Sub(r.marked) >= markEvery {
		r.marked = now
		mark := r.life
		mark.Restored = now
		r.note(blockMark, mark)
	}
}

func (r *turnRecorder) flush() {
	if len(r.block) > 0 {
		r.put(r.block)
	}
	r.block, r.ref, r.seen = r.block[:0], 0, 0
}
