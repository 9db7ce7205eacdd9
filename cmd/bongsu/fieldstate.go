package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"bongsu/collectors"
	"bongsu/facility"
	"bongsu/journal"
)

// How often the field tells its state, and what it takes to call something alive.
const (
	statusEvery   = time.Second
	collectWithin = 3 * time.Second
	probeEvery    = 2 * time.Second
	probeWithin   = 5 * time.Second
)

// fieldState gathers what the field says of itself and hands it to every listener.
type fieldState struct {
	node    string
	started time.Time
	book    *journal.Log
	spool   *journal.Spool
	filler  *spooler
	wire    *collectors.Collectors
	probe   string

	mu        sync.Mutex
	views     []facility.FireRoomView
	probed    time.Time // last time the disk proved itself
	listeners map[chan facility.FieldStatus]bool
}

func newFieldState(node string, book *journal.Log, spool *journal.Spool, filler *spooler, wire *collectors.Collectors, probe string) *fieldState {
	return &fieldState{node: node, started: time.Now().UTC(), book: book, spool: spool, filler: filler, wire: wire, probe: probe,
		listeners: map[chan facility.FieldStatus]bool{}}
}

// rooms takes the newest picture of the fire rooms and tells it at once.
func (f *fieldState) rooms(views []facility.FireRoomView) {
	f.mu.Lock()
	f.views = views
	f.mu.Unlock()
	f.tell()
}

func (f *fieldState) run(ctx context.Context) error {
	go f.proveDisk(ctx)
	tick := time.NewTicker(statusEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			f.tell()
		}
	}
}

// proveDisk writes and syncs a small file beside the journal. Its goroutine may hang with the disk;
// then the proof grows old, which is what it is for.
func (f *fieldState) proveDisk(ctx context.Context) {
	tick := time.NewTicker(probeEvery)
	defer tick.Stop()
	for {
		if err := writeSynced(f.probe, time.Now().UTC().Format(time.RFC3339Nano)); err == nil {
			f.mu.Lock()
			f.probed = time.Now()
			f.mu.Unlock()
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func writeSynced(file, text string) error {
	h, err := os.OpenFile(file, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	_, err = h.WriteString(text + "\n")
	if err == nil {
		err = h.Sync()
	}
	if e := h.Close(); err == nil {
		err = e
	}
	return err
}

func (f *fieldState) status() facility.FieldStatus {
	gap, has := f.book.Gap()
	if d := f.book.Damage(); len(d) > 0 {
		gap = strings.TrimSpace(gap + fmt.Sprintf(" the journal has %d unreadable places; see `bongsu journal verify`", len(d)))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	return facility.FieldStatus{
		Time: now.UTC(), Node: f.node, Started: f.started, JournalSeq: f.book.LastSeq(),
		JournalOK:  !has && f.book.Healthy() && now.Sub(f.probed) < probeWithin,
		JournalGap: gap, SpoolOK: !f.filler.failing.Load() && f.spool.Err() == nil, Evicted: f.filler.lost(),
		Collecting: now.Sub(time.Unix(0, f.filler.lastGood.Load())) < collectWithin,
		Links:      f.wire.Status(), Rooms: f.views,
	}
}

func (f *fieldState) tell() {
	st := f.status()
	f.mu.Lock()
	defer f.mu.Unlock()
	for ch := range f.listeners {
		select {
		case <-ch: // a slow listener gets the newest, not all
		default:
		}
		select {
		case ch <- st:
		default:
		}
	}
}

func (f *fieldState) listen() (ch chan facility.FieldStatus, stop func()) {
	ch = make(chan facility.FieldStatus, 1)
	f.mu.Lock()
	f.listeners[ch] = true
	f.mu.Unlock()
	return ch, func() {
		f.mu.Lock()
		delete(f.listeners, ch)
		f.mu.Unlock()
	}
}
