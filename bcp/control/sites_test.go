package control

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/bcp"
)

// board is where the nodes of a story hang up their words.
type board struct {
	mu    sync.Mutex
	words map[string]bcp.SiteWord
	away  bool // no majority answers
}

// speaker is a node that says its word once a second until it is stopped.
func (b *board) speaker(t *testing.T, site, node string) (say func(...bcp.RoomWord), stop context.CancelFunc) {
	ctx, stop := context.WithCancel(t.Context())
	var mu sync.Mutex
	var rooms []bcp.RoomWord
	go func() {
		for seq := uint64(1); ; seq++ {
			mu.Lock()
			word := bcp.SiteWord{Site: site, Node: node, Boot: "b", Seq: seq, At: time.Now(), Rooms: rooms}
			mu.Unlock()
			b.mu.Lock()
			b.words[site+"/"+node] = word
			b.mu.Unlock()
			if !pauseFor(ctx, time.Second) {
				return
			}
		}
	}()
	return func(r ...bcp.RoomWord) {
		mu.Lock()
		defer mu.Unlock()
		rooms = r
	}, stop
}

// listen is what a desk does once a second.
func (b *board) listen(ctx context.Context, w *SiteWatch) {
	for pauseFor(ctx, time.Second) {
		b.mu.Lock()
		var words []bcp.SiteWord
		for _, word := range b.words {
			words = append(words, word)
		}
		away := b.away
		b.mu.Unlock()
		if away {
			w.Cut()
			continue
		}
		w.Hear(time.Now(), words)
	}
}

// silentHouse is the leader in the third data center, which listens to the first (the facility demo) and serves nothing.
func silentHouse(t *testing.T) (*house, *board, func(...bcp.RoomWord), context.CancelFunc) {
	h, b := newHouse(t), &board{words: map[string]bcp.SiteWord{}}
	watch := NewSiteWatch("three", map[string]string{"demo": "dc1", "two": "dc2", "three": "dc3"}, bcp.DefaultSiteTimes())
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	go b.listen(ctx, watch)
	h.silence = watch.Verdicts
	_, end := b.speaker(t, "two", "n2")
	t.Cleanup(end)
	say, die := b.speaker(t, "demo", "n1")
	t.Cleanup(die)
	h.start()
	time.Sleep(15 * time.Second)
	if p := h.picture(); len(p.Incidents) != 0 || h.run() != bcp.RunArmed {
		t.Fatalf("%d incidents and %s while every site speaks", len(p.Incidents), h.run())
	}
	return h, b, say, die
}

// A building burns; its third stage never reaches the shared journal, only the last heartbeat tells of it. Its silence then
// moves the messenger under the standing order, and nobody is waited for.
func TestABurningSiteThatFallsSilentIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, _, say, die := silentHouse(t)
		say(bcp.RoomWord{Room: "demo/b1", Stage: "S3", Votes: 2})
		time.Sleep(2 * time.Second)
		if h.run() != bcp.RunArmed {
			t.Fatalf("a heartbeat alone began %s", h.run())
		}
		die()
		began := time.Now()
		for h.picture().Groups[0].Served.IsZero() && time.Since(began) < 90*time.Second {
			time.Sleep(100 * time.Millisecond)
		}
		if took := time.Since(began); took > 30*time.Second {
			t.Errorf("served %v after the last word, in %s: %s", took, h.run(), h.picture().Groups[0].Guard)
		}
		p := h.picture()
		if len(p.Incidents) != 1 || p.Incidents[0].Grade != 1 || !strings.Contains(p.Incidents[0].Evidence[0].What, "demo/b1 at S3 with 2 votes") {
			t.Errorf("%+v", p.Incidents)
		}
		time.Sleep(2 * time.Minute)
		h.w.mu.Lock()
		defer h.w.mu.Unlock()
		for _, act := range []string{"fence", "promote account", "promote api", "promote messaging", "shift", "drain"} {
			if h.w.did[act] != 1 {
				t.Errorf("%s was done %d times", act, h.w.did[act])
			}
		}
	})
}

// Nobody knows why a site is silent: the leader asks people and says what is known. When the site speaks again the question
// is taken back.
func TestASiteThatIsMerelySilentIsAQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, b, _, die := silentHouse(t)
		die()
		time.Sleep(12 * time.Second)
		if p := h.picture(); len(p.Incidents) != 1 || h.run() != bcp.RunSuspect {
			t.Fatalf("%d incidents, %s", len(p.Incidents), h.run())
		}
		time.Sleep(time.Minute)
		p := h.picture()
		if h.run() != bcp.RunHold || !strings.Contains(p.Groups[0].Guard, "dc1 is silent") {
			t.Fatalf("%s: %s", h.run(), p.Groups[0].Guard)
		}
		h.w.mu.Lock()
		acts := len(h.w.did)
		h.w.mu.Unlock()
		if acts != 0 {
			t.Errorf("%d kinds of acts were done on a question", acts)
		}
		_, end := b.speaker(t, "demo", "n1b")
		t.Cleanup(end)
		time.Sleep(10 * time.Second)
		if h.run() != bcp.RunArmed {
			t.Errorf("%s after the site was heard again", h.run())
		}
		if e := h.picture().Incidents[0].Evidence[0]; !e.Gone {
			t.Errorf("%+v", e)
		}
		h.close()
	})
}

// Whoever is cut off hears nobody and accuses nobody; back with the others it waits until it could have heard them.
func TestTheOneWhoIsCutOffAccusesNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, b, say, die := silentHouse(t)
		say(bcp.RoomWord{Room: "demo/b1", Stage: "S4", Votes: 3})
		time.Sleep(2 * time.Second)
		b.mu.Lock()
		b.away = true
		b.mu.Unlock()
		time.Sleep(time.Minute)
		if p := h.picture(); len(p.Incidents) != 0 || h.run() != bcp.RunArmed {
			t.Fatalf("%d incidents and %s by one who hears nobody", len(p.Incidents), h.run())
		}
		b.mu.Lock()
		b.away = false
		b.mu.Unlock()
		time.Sleep(15 * time.Second)
		if h.run() != bcp.RunArmed {
			t.Fatalf("%s though the site speaks", h.run())
		}
		die()
		time.Sleep(time.Minute)
		if h.run() == bcp.RunArmed {
			t.Error("a site that burned and is silent was not left")
		}
		h.close()
	})
}

// A process that stood still hears nobody for as long; it does not take its own sleep for the silence of others.
func TestAListenerThatSleptAccusesNobody(t *testing.T) {
	w := NewSiteWatch("three", map[string]string{"demo": "dc1"}, bcp.DefaultSiteTimes())
	now := time.Now()
	word := bcp.SiteWord{Site: "demo", Node: "n1", Boot: "b", Seq: 1, Rooms: []bcp.RoomWord{{Room: "demo/b1", Stage: "S3", Votes: 2}}}
	for range 20 {
		word.Seq++
		w.Hear(now, []bcp.SiteWord{word})
		now = now.Add(time.Second)
	}
	now = now.Add(time.Minute) // asleep
	if v := w.Verdicts(now)["dc1"]; v.Is != bcp.Unseen {
		t.Errorf("on waking: %+v", v)
	}
	for i := range 30 {
		w.Hear(now, []bcp.SiteWord{word}) // nothing new: it is silent, but since when?
		v := w.Verdicts(now)["dc1"]
		if want := bcp.TriOf(i >= 10); i >= 10 && v.Is != want || i < 10 && v.Is != bcp.Unseen {
			t.Errorf("%d s after waking: %+v", i, v)
		}
		now = now.Add(time.Second)
	}
	w.Spoke(now, "demo")
	if v := w.Verdicts(now)["dc1"]; v.Is != bcp.No {
		t.Errorf("its entries come: %+v", v)
	}
}
