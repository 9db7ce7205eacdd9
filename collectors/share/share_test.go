package share

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/collectors"
	"bongsu/facility"
)

// plant is a site's devices as they see it: who asked them, and when.
type plant struct {
	mu    sync.Mutex
	asked map[string][]visit // by link
	stuck map[string]bool    // commands that get no answer
	done  []string           // commands carried out
}

// stick leaves a command without an answer from here on.
func (p *plant) stick(command string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stuck[command] = true
}

type visit struct {
	by string
	at time.Time
}

// fakeWire polls the links it has each 100 ms, as long as it may.
type fakeWire struct {
	name string
	p    *plant
	site *facility.Site
	bus  *facility.Bus
	opts collectors.Options

	mu   sync.Mutex
	has  map[string]context.CancelFunc
	ends map[string]chan struct{}
	ctx  context.Context
	over bool
}

func newFakeWire(name string, p *plant, site *facility.Site, bus *facility.Bus, opts collectors.Options) *fakeWire {
	return &fakeWire{name: name, p: p, site: site, bus: bus, opts: opts, has: map[string]context.CancelFunc{}, ends: map[string]chan struct{}{}, ctx: context.Background()}
}

func (w *fakeWire) Run(ctx context.Context) error {
	<-ctx.Done()
	w.mu.Lock()
	w.over = true
	ends := maps.Clone(w.ends)
	for _, cancel := range w.has {
		cancel()
	}
	w.mu.Unlock()
	for _, end := range ends {
		<-end
	}
	return nil
}

func (w *fakeWire) Take(link string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.has[link] != nil || w.over {
		return nil
	}
	ctx, cancel := context.WithCancel(w.ctx)
	end := make(chan struct{})
	w.has[link], w.ends[link] = cancel, end
	may := func() bool { return true }
	if w.opts.May != nil {
		may = w.opts.May(link)
	}
	go func() { defer close(end); w.poll(ctx, link, may) }()
	return nil
}

func (w *fakeWire) poll(ctx context.Context, link string, may func() bool) {
	for ctx.Err() == nil {
		if may() {
			now := time.Now()
			w.p.mu.Lock()
			w.p.asked[link] = append(w.p.asked[link], visit{w.name, now})
			n := len(w.p.asked[link])
			w.p.mu.Unlock()
			for _, dev := range w.site.Devices {
				if dev.Link == link {
					w.bus.Publish([]facility.Sample{{Point: dev.Refs[0], Quality: facility.Good, Value: float64(n), At: now, Seen: now}})
				}
			}
		}
		sleep(ctx, 100*time.Millisecond)
	}
	time.Sleep(20 * time.Millisecond) // the request under way
}

func (w *fakeWire) Drop(link string) {
	w.mu.Lock()
	cancel, end := w.has[link], w.ends[link]
	delete(w.has, link)
	delete(w.ends, link)
	w.mu.Unlock()
	if cancel != nil {
		cancel()
		<-end
	}
}

func (w *fakeWire) Execute(ctx context.Context, cmd facility.Command, value ...int) (collectors.Receipt, error) {
	w.mu.Lock()
	has := w.has[w.site.Device(cmd.Device).Link] != nil
	w.mu.Unlock()
	if !has {
		return collectors.Receipt{}, collectors.ErrElsewhere
	}
	w.p.mu.Lock()
	defer w.p.mu.Unlock()
	if w.p.stuck[string(cmd.ID)] {
		w.p.mu.Unlock()
		<-ctx.Done()
		w.p.mu.Lock()
		return collectors.Receipt{}, collectors.ErrNoAnswer
	}
	if len(value) == 0 {
		value = []int{cmd.Def.Value}
	}
	w.p.done = append(w.p.done, fmt.Sprint(w.name, " ", cmd.ID, "=", value[0]))
	return collectors.Receipt{Sent: time.Now(), Accepted: time.Now(), ReadBack: value[0], ReadBackOK: true, Detail: "done"}, nil
}

func (w *fakeWire) Status() (out []facility.LinkStatus) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.site.Links {
		out = append(out, facility.LinkStatus{ID: l.ID, Protocol: l.Protocol, Connected: w.has[l.ID] != nil})
	}
	return out
}

func (w *fakeWire) Devices() []facility.DeviceStatus { return nil }

// town is a field and its collectors in virtual time, over pipes.
type town struct {
	t      *testing.T
	plant  *plant
	site   *facility.Site
	keeper *Keeper
	bus    *facility.Bus
	reader *facility.Reader
	served net.Listener
	ctx    context.Context
	all    sync.WaitGroup
	stop   func() // of the field

	mu    sync.Mutex
	cut   map[string]bool
	lines map[string][]net.Conn
}

const townFile = `
id: x
assets: [{id: x, kind: site}]
links:
  - {id: a, protocol: modbus, address: "127.0.0.1:501"}
  - {id: b, protocol: modbus, address: "127.0.0.1:502"}
  - {id: far, protocol: modbus, address: "127.0.0.1:503"}
  - {id: own, protocol: modbus, address: "127.0.0.1:504"}
devices:
  - {id: x/a, asset: x, link: a, unit: 1, points: [{name: v, unit: V, range: [0, 100000], scan: 1s, fn: 3, address: 0, type: uint16}]}
  - {id: x/b, asset: x, link: b, unit: 1, points: [{name: v, unit: V, range: [0, 100000], scan: 1s, fn: 3, address: 0, type: uint16}]}
  - {id: x/far, asset: x, link: far, unit: 1, points: [{name: v, unit: V, range: [0, 100000], scan: 1s, fn: 3, address: 0, type: uint16}]}
  - {id: x/own, asset: x, link: own, unit: 1, points: [{name: v, unit: V, range: [0, 100000], scan: 1s, fn: 3, address: 0, type: uint16}]}
collectors:
  - {name: c1, links: [a, far], second: [b], out_of_reach: false}
  - {name: c2, links: [b], second: [a]}
`

func townSite(t *testing.T, text string) *facility.Site {
	t.Helper()
	site, faults := facility.LoadFrom(facility.Files{Staged: map[string][]byte{"x/site.yaml": []byte(text)}, Alone: true}, "x/site.yaml")
	if site == nil {
		t.Fatal(faults)
	}
	site.Commands = map[facility.CommandID]facility.Command{}
	for _, l := range site.Links {
		dev := facility.DeviceID("x/" + l.ID)
		id := facility.CommandID(dev + "/go")
		site.Commands[id] = facility.Command{ID: id, Device: dev, Def: facility.CommandDef{Value: 7}}
	}
	return site
}

// pipes is a listener whose connections are pipes, so that a server runs in virtual time.
type pipes struct {
	conns chan net.Conn
	ended chan struct{}
	once  sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.ended:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { p.once.Do(func() { close(p.ended) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "field", Net: "unix"} }

// inTown runs a story in a bubble, with the field up.
func inTown(t *testing.T, text string, story func(v *town)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		v := &town{t: t, plant: &plant{asked: map[string][]visit{}, stuck: map[string]bool{}}, site: townSite(t, text), ctx: ctx, cut: map[string]bool{}, lines: map[string][]net.Conn{}}
		v.stop = v.field()
		story(v)
		cancel()
		v.all.Wait()
		v.stop()
	})
}

// field starts the field process's part.
func (v *town) field() (stop func()) {
	began := time.Now().Add(-time.Hour)
	clock := func() time.Duration { return time.Since(began) }
	v.bus = facility.NewBus()
	v.reader = v.bus.Subscribe("test", facility.KeepOrder, 1_000_000)
	wire := newFakeWire("field", v.plant, v.site, v.bus, collectors.Options{})
	v.keeper = NewKeeper(KeeperConfig{Site: v.site, Wire: wire, Bus: v.bus, Clock: clock, Log: slog.New(slog.DiscardHandler)})
	ln := &pipes{conns: make(chan net.Conn), ended: make(chan struct{})}
	v.mu.Lock()
	v.served = ln
	v.mu.Unlock()
	mux := http.NewServeMux()
	mux.Handle("POST "+Path, v.keeper)
	server := &http.Server{Handler: mux}
	ctx, cancel := context.WithCancel(context.Background())
	var parts sync.WaitGroup
	parts.Go(func() { _ = wire.Run(ctx) })
	parts.Go(func() { _ = v.keeper.Run(ctx) })
	parts.Go(func() { _ = server.Serve(ln) })
	return func() { cancel(); _ = server.Close(); parts.Wait() }
}

// start begins a collector; stop ends it as a signal would, and kill as kill -9.
func (v *town) start(name string) (stop func()) {
	began := time.Now().Add(-time.Minute)
	ctx, cancel := context.WithCancel(v.ctx)
	w := NewWorker(WorkerConfig{
		Name: name, Build: "test", Clock: func() time.Duration { return time.Since(began) }, Log: slog.New(slog.DiscardHandler),
		Dial: func(ctx context.Context) (net.Conn, error) { return v.dial(ctx, name) },
		Site: func(context.Context, string) (*facility.Site, error) {
			v.mu.Lock()
			defer v.mu.Unlock()
			return v.site, nil
		},
		open: func(site *facility.Site, bus *facility.Bus, opts collectors.Options) (Wire, error) {
			return newFakeWire(name, v.plant, site, bus, opts), nil
		},
	})
	done := make(chan struct{})
	v.all.Go(func() {
		defer close(done)
		if err := w.Run(ctx); err != nil {
			v.t.Error(err)
		}
	})
	return func() { cancel(); <-done }
}

func (v *town) dial(ctx context.Context, name string) (net.Conn, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.cut[name] {
		return nil, errors.New("no way to the field")
	}
	near, far := net.Pipe()
	v.lines[name] = append(v.lines[name], near, far)
	ln := v.served.(*pipes)
	select {
	case ln.conns <- far:
		return near, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-ln.ended:
		return nil, errors.New("connection refused")
	}
}

// separate cuts a collector from the field, or lets it through again. Its devices are reachable all the time.
func (v *town) separate(name string, cut bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.cut[name] = cut
	if cut {
		for _, c := range v.lines[name] {
			_ = c.Close()
		}
		v.lines[name] = nil
	}
}

// who lists who served a link since a moment, each once and in order; no two of them may overlap, and no gap be
// longer than 5 s.
func (v *town) who(link string, from time.Time) (names []string) {
	v.t.Helper()
	v.plant.mu.Lock()
	defer v.plant.mu.Unlock()
	last := from
	for _, x := range v.plant.asked[link] {
		if x.at.Before(from) {
			continue
		}
		if gap := x.at.Sub(last); gap > 5*time.Second {
			v.t.Errorf("link %s was asked by nobody for %v", link, gap)
		}
		last = x.at
		if len(names) == 0 || names[len(names)-1] != x.by {
			names = append(names, x.by)
		}
	}
	return names
}

func (v *town) want(link string, from time.Time, names ...string) {
	v.t.Helper()
	if got := v.who(link, from); !slices.Equal(got, names) {
		v.t.Errorf("link %s was served by %v, not %v", link, got, names)
	}
}

// samples takes what came to the field's bus of a link.
func (v *town) samples(link string) (out []facility.Sample) {
	ref := v.site.Device(facility.DeviceID("x/" + link)).Refs[0]
	batches, _ := v.reader.Take()
	for _, b := range batches {
		for _, s := range b {
			if s.Point == ref {
				out = append(out, s)
			}
		}
	}
	return out
}

func (v *town) collector(name string) facility.CollectorStatus {
	for _, c := range v.keeper.Collectors() {
		if c.Name == name {
			return c
		}
	}
	return facility.CollectorStatus{}
}

// term is the number of a link's lease.
func (v *town) term(link string) uint64 {
	v.keeper.mu.Lock()
	defer v.keeper.mu.Unlock()
	return v.keeper.ledger.by[link].term
}
