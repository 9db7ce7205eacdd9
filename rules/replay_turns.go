package rules

import (
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

// turnReader takes a block of turns apart. What it hands out is valid until the next turn.
type turnReader struct {
	facility.Unpacker
	turn turnNote
}

func (d *turnReader) json(into any) {
	if json.Unmarshal(d.Take(d.Count()), into) != nil {
		d.Fail()
	}
}

// readTurns decodes a block of turns without its letter. A turn is valid until fn returns.
func readTurns(block []byte, fn func(*turnNote) error) error {
	d := turnReader{Unpacker: facility.Unpacker{Rest: block}}
	now := time.Unix(0, d.Varint()).UTC()
	var last sampleRun
	for len(d.Rest) > 0 {
		kinds := d.Byte()
		now = now.Add(time.Duration(d.Varint()))
		d.turn = turnNote{now: now, stepped: kinds&turnStepped != 0, learned: kinds&(turnUnnamed|turnBands) != 0, runs: d.turn.runs[:0]}
		if kinds&turnSamples != 0 {
			for range d.Count() {
				last.ref, last.seen, last.off = facility.Ref(int64(last.ref)+d.Varint()), last.seen+d.Varint(), 0
				size := d.Uvarint()
				if last.n = int(size >> 1); size&1 != 0 {
					last.off = d.Varint()
				}
				if last.n <= 0 || last.n > mostPending {
					d.Fail()
				}
				d.turn.runs = append(d.turn.runs, last)
			}
		}
		d.extras(kinds, &d.turn)
		if d.Bad {
			return fmt.Errorf("turn after %v: %w", now, errTurns)
		}
		if err := fn(&d.turn); err != nil {
			return err
		}
	}
	if d.Bad {
		return errTurns
	}
	return nil
}

func (d *turnReader) extras(kinds byte, t *turnNote) {
	if kinds&turnLost != 0 {
		for range d.Count() {
			t.lost = append(t.lost, facility.Ref(d.Uvarint()))
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
