package share

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// holder is a collector as the ledger's counterpart: it may serve a link while its lease runs on its own clock.
type holder struct {
	name, instance string
	linked         bool
	frozen         time.Duration // until
	until          map[Held]time.Duration
	inbox          []note
	cut            time.Duration // the connection is cut until
}

// note is a message on its way; a connection keeps their order.
type note struct {
	at   time.Duration
	kind string
	held Held
	sent time.Duration // of the beat it is about
}

// world plays collectors and their network against a ledger, in steps of 10 ms.
type world struct {
	t     *testing.T
	rng   *rand.Rand
	now   time.Duration
	led   *Ledger
	lim   Limits
	links []Want
	all   []*holder
	up    [][]note       // to the field, by collector
	beat  []note         // the newest beat that came, by collector
	field map[string]int // links the field serves: 1, and 2 while it lets go
	last  map[string]time.Duration
	moves int
}

func (w *world) delay() time.Duration { return time.Duration(w.rng.IntN(80)) * ms }

func (w *world) post(i int, n note) {
	n.at = w.now + w.delay()
	if k := len(w.up[i]); k > 0 {
		n.at = max(n.at, w.up[i][k-1].at)
	}
	w.up[i] = append(w.up[i], n)
}

func (w *world) tell(h *holder, n note) {
	if !h.linked {
		return
	}
	n.at = w.now + w.delay()
	if k := len(h.inbox); k > 0 {
		n.at = max(n.at, h.inbox[k-1].at)
	}
	h.inbox = append(h.inbox, n)
}

// hurt has something happen to a collector.
func (w *world) hurt(i int) {
	h := w.all[i]
	switch w.rng.IntN(4) {
	case 0: // killed and started anew
		w.unlink(i)
		h.instance, h.until = fmt.Sprint(h.name, w.now), map[Held]time.Duration{}
		h.cut = w.now + time.Duration(w.rng.IntN(9000))*ms
	case 1:
		h.frozen = w.now + time.Duration(w.rng.IntN(8000))*ms
	case 2:
		w.unlink(i)
		h.cut = w.now + time.Duration(w.rng.IntN(6000))*ms
	case 3: // it leaves one of its links by itself
		if all := inOrder(h.until); len(all) > 0 {
			delete(h.until, all[0])
			w.post(i, note{kind: "left", held: all[0]})
		}
	}
}

func (w *world) unlink(i int) {
	h := w.all[i]
	if h.linked {
		w.led.Depart(w.now, h.name, h.instance)
	}
	h.linked, h.inbox, w.up[i] = false, nil, nil
}

// inOrder lists what is held always the same: a seed is one story, whichever day it is told.
func inOrder(until map[Held]time.Duration) []Held {
	return slices.SortedFunc(maps.Keys(until), func(a, b Held) int {
		return cmp.Or(strings.Compare(a.Link, b.Link), cmp.Compare(a.Term, b.Term))
	})
}

// live is one step of a collector that is not frozen.
func (w *world) live(i int) {
	h := w.all[i]
	for _, held := range inOrder(h.until) {
		if w.now >= h.until[held] {
			delete(h.until, held)
			if h.linked {
				w.post(i, note{kind: "left", held: held})
			}
		}
	}
	if !h.linked && w.now >= h.cut {
		kept, ok := w.led.Arrive(w.now, h.name, h.instance, inOrder(h.until))
		if !ok {
			h.cut = w.now + 200*ms
			return
		}
		h.linked, w.beat[i] = true, note{sent: w.now}
		next := map[Held]time.Duration{}
		for _, x := range kept {
			next[x] = w.now + w.lim.Life
		}
		h.until = next
	}
	if h.linked && w.now%w.lim.Beat == 0 {
		w.post(i, note{kind: "beat", sent: w.now})
	}
	for len(h.inbox) > 0 && h.inbox[0].at <= w.now {
		n := h.inbox[0]
		h.inbox = h.inbox[1:]
		switch n.kind {
		case "ack":
			for held := range h.until {
				h.until[held] = max(h.until[held], n.sent+w.lim.Life)
			}
		case "grant":
			if until := n.sent + w.lim.Life; until > w.now {
				h.until[n.held] = until
			} else {
				w.post(i, note{kind: "left", held: n.held})
			}
		case "withdraw":
			delete(h.until, n.held)
			w.post(i, note{kind: "left", held: n.held})
		}
	}
}

// judge is one step of the field.
func (w *world) judge() {
	for i, h := range w.all {
		for len(w.up[i]) > 0 && w.up[i][0].at <= w.now {
			n := w.up[i][0]
			w.up[i] = w.up[i][1:]
			if n.kind == "left" {
				w.led.Left(w.now, h.name, h.instance, n.held)
				continue
			}
			w.led.Beat(w.now, h.name, h.instance)
			w.beat[i] = n
			w.tell(h, note{kind: "ack", sent: n.sent})
		}
	}
	for _, link := range slices.Sorted(maps.Keys(w.field)) {
		if w.field[link] == 2 && w.rng.IntN(20) == 0 {
			delete(w.field, link)
			w.led.Freed(w.now, link)
		}
	}
	for _, m := range w.led.Decide(w.now) {
		w.moves++
		switch m.Act {
		case Take:
			w.field[m.Link] = 1
		case Drop:
			w.field[m.Link] = 2
		case Grant, Withdraw:
			for i, h := range w.all {
				if h.name == m.Name {
					w.tell(h, note{kind: map[Act]string{Grant: "grant", Withdraw: "withdraw"}[m.Act], held: Held{m.Link, m.Term}, sent: w.beat[i].sent})
				}
			}
		}
	}
}

// check holds the world to the one promise, and to the other: nobody waits for ever.
func (w *world) check() {
	serving := map[string]string{}
	claim := func(link, name string) {
		if other := serving[link]; other != "" {
			w.t.Fatalf("%v: %s is served by %s and by %s", w.now, link, other, name)
		}
		serving[link] = name
		w.last[link] = w.now
	}
	for link := range w.field {
		claim(link, "field")
	}
	for _, h := range w.all {
		for held, until := range h.until {
			if w.now < until { // a frozen one begins again where it stood: it must find its lease over
				claim(held.Link, h.name)
			}
		}
	}
	for _, want := range w.links {
		if want.Field && w.now-w.last[want.Link] > 12*time.Second { // several may die one after the other, each having just begun
			w.t.Fatalf("%v: %s was served by nobody for 12 s", w.now, want.Link)
		}
	}
}

// Whatever dies, freezes, is cut off or lags: no link is served by two, and each that the field can reach is served again.
func TestLedgerNeverGivesALinkToTwo(t *testing.T) {
	rounds, moved := 6, 0
	for seed := range uint64(rounds) {
		w := &world{t: t, rng: rand.New(rand.NewPCG(seed, 7)), lim: Usual(), field: map[string]int{}, last: map[string]time.Duration{}}
		w.links = []Want{wants("a", true, "c1", "c2", "c3"), wants("b", true, "c2", "c3"), wants("c", true, "c3"), wants("d", false, "c1", "c2"), wants("fire", true)}
		w.led = NewLedger(w.lim, 0, 0)
		w.led.Use(0, w.links, seed%2 == 0)
		for i := range 3 {
			w.all = append(w.all, &holder{name: fmt.Sprint("c", i+1), instance: fmt.Sprint("p", i), until: map[Held]time.Duration{}})
		}
		w.up, w.beat = make([][]note, 3), make([]note, 3)
		for w.now = 0; w.now < 2*time.Minute; w.now += 10 * ms {
			if w.rng.IntN(400) == 0 {
				w.hurt(w.rng.IntN(3))
			}
			for i, h := range w.all {
				if w.now >= h.frozen {
					w.live(i)
				}
			}
			w.judge()
			w.check()
		}
		moved += w.moves
	}
	t.Logf("%d moves in %d rounds", moved, rounds)
	if moved < rounds*10 {
		t.Errorf("only %d moves in %d rounds: the story is too quiet to prove anything", moved, rounds)
	}
}
