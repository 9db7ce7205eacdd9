package rules

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/facility"
	"bongsu/journal"
	"bongsu/rules/fire"
)

// house is the demo site with a wire that obeys, a journal that can hang, and a hand on every sensor.
// It lives in virtual time.
type house struct {
	t      *testing.T
	site   *facility.Site
	bus    *facility.Bus
	live   *facility.Live
	book   *paper
	wire   *obedient
	engine *Engine
	watch  *fire.Watch
	stop   context.CancelFunc
	done   chan error

	mu     sync.Mutex
	values map[facility.PointID]float64
	bad    map[facility.PointID]bool
	rooms  []facility.FireRoomView

	tape *tape // nil: nobody records
}

// paper is a journal in memory. While it hangs, every append waits its limit and reports a gap.
type paper struct {
	mu      sync.Mutex
	entries []journal.Entry
	hangs   bool
	gap     bool
	each    time.Duration // what an entry takes
}

func (p *paper) AppendWithin(limit time.Duration, drafts ...journal.Draft) ([]journal.Entry, error) {
	time.Sleep(min(limit, p.each*time.Duration(len(drafts)))) // virtual, as below
	p.mu.Lock()
	var out []journal.Entry
	for _, d := range drafts {
		data, err := json.Marshal(d.Data)
		if err != nil {
			panic(err)
		}
		e := journal.Entry{Seq: uint64(len(p.entries) + 1), Time: time.Now(), Kind: d.Kind, Actor: d.Actor, Subject: d.Subject, Data: data}
		p.entries = append(p.entries, e)
		out = append(out, e)
	}
	hangs := p.hangs
	p.gap = p.gap || hangs
	p.mu.Unlock()
	if hangs {
		time.Sleep(limit) // virtual: the bubble's clock, not the wall's
		return nil, journal.ErrGap
	}
	return out, nil
}

func (p *paper) all() []journal.Entry {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.entries)
}

// obedient executes every command and lets its feedback follow, unless it is stuck.
type obedient struct {
	h     *house
	mu    sync.Mutex
	sent  []sentCommand
	stuck map[facility.CommandID]bool
	taken time.Time // what is given before then waits for the line
}

type sentCommand struct {
	id      facility.CommandID
	at      time.Time
	written int // journal entries at that moment
}

func (o *obedient) Execute(ctx context.Context, cmd facility.Command) (Receipt, error) {
	o.mu.Lock()
	taken := o.taken
	o.mu.Unlock()
	select {
	case <-time.After(time.Until(taken)):
	case <-ctx.Done():
		return Receipt{}, errors.New("given up before it was sent")
	}
	o.mu.Lock()
	o.sent = append(o.sent, sentCommand{cmd.ID, time.Now(), len(o.h.book.all())})
	stuck := o.stuck[cmd.ID]
	o.mu.Unlock()
	if !stuck {
		o.h.set(o.h.site.Points[cmd.Feedback].ID, cmd.Def.Equals)
	}
	return Receipt{Sent: time.Now(), Accepted: time.Now(), Detail: "echoed"}, nil
}

func (o *obedient) times(id facility.CommandID) (out []sentCommand) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range o.sent {
		if s.id == id {
			out = append(out, s)
		}
	}
	return out
}

func demoSite(t *testing.T) *facility.Site {
	t.Helper()
	site, faults := facility.Load("../sites/demo/site.yaml")
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	return site
}

// newHouse starts the engine and a scan of every point each second.
func newHouse(t *testing.T, book *paper) *house {
	t.Helper()
	return newHouseWith(t, book, func(*house) {})
}

func newHouseWith(t *testing.T, book *paper, furnish func(*house)) *house {
	t.Helper()
	h := &house{t: t, site: demoSite(t), bus: facility.NewBus(), book: book, done: make(chan error, 1),
		values: map[facility.PointID]float64{}, bad: map[facility.PointID]bool{}}
	h.live = facility.NewLive(h.site.Points)
	h.wire = &obedient{h: h, stuck: map[facility.CommandID]bool{}}
	for _, p := range h.site.Points {
		h.values[p.ID] = calm(p)
	}
	furnish(h)
	ctx, cancel := context.WithCancel(t.Context())
	h.stop = cancel
	h.start(ctx)
	go h.scan(ctx)
	return h
}

func calm(p facility.Point) float64 {
	switch name := string(p.ID[strings.LastIndex(string(p.ID), "/")+1:]); {
	case name == "partner-ok", name == "closed-52a":
		return 1
	case p.Unit == "degC":
		return 25
	case p.Kind == "analog" && p.Min > 0:
		return (p.Min + p.Max) / 2
	}
	return 0
}

func (h *house) start(ctx context.Context) {
	h.t.Helper()
	var err error
	var turns TurnLog
	if h.tape != nil {
		turns = h.tape
		go h.tape.keep(ctx, h.bus.Subscribe("spool", facility.KeepOrder, 100_000))
	}
	h.engine, err = NewEngine(EngineConfig{
		Site: h.site, Live: h.live, Reader: h.bus.Subscribe("rules", facility.KeepOrder, 100_000), Journal: h.book,
		Gap: func() bool { h.book.mu.Lock(); defer h.book.mu.Unlock(); return h.book.gap }, Commander: h.wire,
		Report: func(r []facility.FireRoomView) { h.mu.Lock(); h.rooms = r; h.mu.Unlock() },
		Turns:  turns, Node: "n1", Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		h.t.Fatal(err)
	}
	err = h.engine.Restore(func(fn func(journal.Entry) error) error {
		for _, e := range h.book.all() {
			if err := fn(e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	if h.watch, err = h.engine.WatchFire(); err != nil {
		h.t.Fatal(err)
	}
	go func() { h.done <- h.engine.Run(ctx) }()
}

func (h *house) scan(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		h.publish()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (h *house) publish() { h.publishOnly(nil) }

// publishOnly has some of the points read, all of them when none is named.
func (h *house) publishOnly(some []facility.PointID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	batch := make([]facility.Sample, 0, len(h.site.Points))
	for i, p := range h.site.Points {
		if some != nil && !slices.Contains(some, p.ID) {
			continue
		}
		s := facility.Sample{Point: facility.Ref(i), Quality: facility.Good, Value: h.values[p.ID], At: now, Seen: now}
		if h.bad[p.ID] {
			s.Quality, s.Reason = facility.Bad, facility.CommsLost
		}
		batch = append(batch, s)
	}
	h.bus.Publish(batch)
}

func (h *house) set(id facility.PointID, v float64) {
	if _, ok := h.site.Ref(id); !ok {
		panic("no point " + id)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.values[id] = v
}

func (h *house) lose(ids ...facility.PointID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, id := range ids {
		h.bad[id] = true
	}
}

// heat sets the rack sensor and the BMS of rack R3.
func (h *house) heat(degC float64) {
	h.set("demo/b1/r3/io/rt", degC)
	h.set("demo/b1/r3/bms/t-max", degC)
}

func (h *house) rack(id string) facility.FireRackView {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, room := range h.rooms {
		for _, r := range room.Racks {
			if r.ID == id {
				return r
			}
		}
	}
	h.t.Fatalf("no rack %s in the picture", id)
	return facility.FireRackView{}
}

// ends stops the loop and waits for it: nothing may be left running in the bubble.
func (h *house) ends() {
	h.stop()
	if err := <-h.done; err != nil {
		h.t.Errorf("the engine ended with %v", err)
	}
	for _, b := range h.watch.Breaches() {
		h.t.Errorf("the fire response broke an invariant: %v", b)
	}
	synctest.Wait()
}

// story runs one in virtual time.
func story(t *testing.T, tell func(t *testing.T, h *house)) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, &paper{})
		time.Sleep(5 * time.Second) // virtual
		tell(t, h)
		h.ends()
	})
}

func commandsIn(entries []journal.Entry, name string) (states []facility.CommandState, seqs []uint64) {
	for _, e := range entries {
		if e.Kind == KindCommand && e.Subject == name {
			var r facility.CommandRecord
			if err := json.Unmarshal(e.Data, &r); err != nil {
				panic(err)
			}
			states, seqs = append(states, r.State), append(seqs, e.Seq)
		}
	}
	return states, seqs
}

// do does an act as people do it: what takes two is asked by the first and signed by the second, at another station.
func (h *house) do(act facility.Act) facility.ActResult {
	h.t.Helper()
	if len(act.By) < 2 {
		return h.engine.Do(h.t.Context(), act)
	}
	first := act
	first.By, first.Station = act.By[:1], "browser:one"
	res := h.engine.Do(h.t.Context(), first)
	if res.Code != http.StatusAccepted {
		return res
	}
	return h.engine.Do(h.t.Context(), facility.Act{ID: act.ID + "-sign", Kind: ActSign, Subject: act.ID, By: act.By[1:], Station: "browser:two"})
}
