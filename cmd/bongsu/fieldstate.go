package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

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
	wire    fieldWire
	sharers *sharing
	probe   string
	most    int64 // bytes the spool may become
	points  int

	revision atomic.Pointer[string] // of the site the field works by

	views  atomic.Pointer[[]facility.FireRoomView]
	probed atomic.Int64  // unix nanoseconds when the disk last proved itself
	news   chan struct{} // a new picture waits to be told

	mu        sync.Mutex
	listeners map[chan facility.FieldStatus]bool
}

func newFieldState(node string, book *journal.Log, spool *journal.Spool, filler *spooler, wire fieldWire, probe string) *fieldState {
	return &fieldState{node: node, started: time.Now().UTC(), book: book, spool: spool, filler: filler, wire: wire, probe: probe,
		news: make(chan struct{}, 1), listeners: map[chan facility.FieldStatus]bool{}}
}

// of says what site the field works by, how much its spool may become, and who shares its wire.
func (f *fieldState) of(site *facility.Site, logs *fieldLogs, sharers *sharing) {
	f.sharers = sharers
	f.revision.Store(&site.Revision)
	f.most, f.points = logs.most, len(site.Points)
}

// rooms takes the newest picture of the fire rooms. The rules' loop calls it, so it waits for nothing:
// what a status asks of the logs may hang with their disk, and is asked by another goroutine.
func (f *fieldState) rooms(views []facility.FireRoomView) {
	f.views.Store(&views)
	select {
	case f.news <- struct{}{}:
	default:
	}
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
		case <-f.news:
		}
		f.tell()
	}
}

// proveDisk writes and syncs a small file beside the journal. Its goroutine may hang with the disk;
// then the proof grows old, which is what it is for.
func (f *fieldState) proveDisk(ctx context.Context) {
	tick := time.NewTicker(probeEvery)
	defer tick.Stop()
	for {
		if err := writeSynced(f.probe, time.Now().UTC().Format(time.RFC3339Nano)); err == nil {
			f.probed.Store(time.Now().UnixNano())
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
	now := time.Now()
	var views []facility.FireRoomView
	if v := f.views.Load(); v != nil {
		views = *v
	}
	st := facility.FieldStatus{
		Time: now.UTC(), Node: f.node, Started: f.started, Revision: *f.revision.Load(), JournalSeq: f.book.LastSeq(),
		JournalOK:  !has && f.book.Healthy() && now.Sub(time.Unix(0, f.probed.Load())) < probeWithin,
		JournalGap: gap, SpoolOK: !f.filler.failing.Load() && f.spool.Err() == nil, Evicted: f.filler.lost(),
		SpoolBytes: f.spool.Bytes(), SpoolMost: f.most, Build: version, Points: f.points,
		Collecting: now.Sub(time.Unix(0, f.filler.lastGood.Load())) < collectWithin,
		Links:      f.wire.Status(), Rooms: views,
	}
	f.sharers.tell(&st)
	return st
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
