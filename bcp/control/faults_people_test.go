package control

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/bcp"
	"bongsu/journal"
)

// A request over which the program fails is answered, and does not stop every leader after this one.
func TestARequestIsNoPoison(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.desk.most = 8 << 10
		h.start()
		time.Sleep(2 * time.Second)
		h.stage("S1", 2)
		time.Sleep(2 * time.Second)
		epoch := h.picture().Control.Epoch
		text := strings.Repeat("x", 5000)
		for _, tc := range []struct {
			id, kind string
			by       []bcp.Who
			args     map[string]string
			want     int
		}{
			// Its reply holds the request once more and its move holds its words twice.
			{"a", "play.start", []bcp.Who{{Person: "tower", Station: "a"}}, map[string]string{"reason": strings.Repeat("y", 8030)}, 413},
			{"b", "incident.note", []bcp.Who{{Person: "tower", Station: "a"}}, map[string]string{"text": text}, 200},
			{"c", "play.start", []bcp.Who{}, nil, 400},
			{"d", "org.start", []bcp.Who{{}, {}, {}}, nil, 400},
			{"e", strings.Repeat("k", 7900), []bcp.Who{{Person: "tower"}}, nil, 413},
		} {
			r := bcp.Request{ID: tc.id, Kind: tc.kind, Subject: "i1", By: tc.by, Args: tc.args, At: time.Now()}
			if _, err := h.desk.Append(t.Context(), bcp.RequestDraft(r), "request/"+tc.id); err != nil {
				t.Fatal(tc.id, err)
			}
			time.Sleep(3 * time.Second)
			if reply, ok := h.fold().Answered(tc.id); !ok || reply.Code != tc.want {
				t.Errorf("%s: %d %.80s, want %d", tc.id, reply.Code, reply.Detail, tc.want)
			}
		}
		if p := h.picture(); p.Control.Epoch != epoch || !p.Control.Leads {
			t.Errorf("epoch %d, was %d", p.Control.Epoch, epoch)
		}
		if r, err := h.request("f", "incident.note", "i1", "tower", map[string]string{"text": strings.Repeat("z", mostRequest)}); err != nil || r.Code != 413 {
			t.Errorf("%+v %v", r, err)
		}
		h.close()
	})
}

// What a site has called out by itself bears the key of a decision that was never made. Another call under the
// same key still goes out.
func TestACallOfTheLonelyHidesNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.start()
		h.leads(5 * time.Second)
		h.desk.mu.Lock()
		h.desk.away = true
		h.desk.mu.Unlock()
		h.desk.depose()
		h.mu.Lock()
		h.own = append(h.own, Entry{Entry: journal.Entry{Seq: 1, Time: time.Now().UTC(), Kind: KindStage, Data: json.RawMessage(`{"room":"demo/b1","rack":"demo/b1/r3","to":"S1","votes":2}`)}, Site: "demo"})
		h.mu.Unlock()
		time.Sleep(15 * time.Second)
		first := h.roster.OnRung(0, time.Now(), nil)
		changed := *h.roster
		changed.Ladder = changed.Ladder[1:]
		h.mu.Lock()
		h.roster = &changed
		h.mu.Unlock()
		second := changed.OnRung(0, time.Now(), nil)
		if len(first) == 0 || len(second) == 0 || first[0] == second[0] {
			t.Fatalf("the roster does not serve: %v %v", first, second)
		}
		h.change(func(w *world) {
			if w.said["page "+first[0]] == 0 {
				t.Errorf("%s was not called: %v", first[0], w.said)
			}
			w.said = map[string]int{}
		})
		h.desk.mu.Lock()
		h.desk.away = false
		h.desk.mu.Unlock()
		h.stage("S1", 2)
		time.Sleep(20 * time.Second)
		h.change(func(w *world) {
			if w.said["page "+second[0]] == 0 {
				t.Errorf("%s was not called: %v", second[0], w.said)
			}
		})
		for _, a := range h.fold().Ledger.Open() {
			if a.Pages() && time.Since(a.Intended) > 10*time.Second {
				t.Errorf("%s %s stands open", a.Kind, a.Key)
			}
		}
		h.close()
	})
}

// The asking desk's clock is late by minutes: its orders are not taken for old ones. One that is ahead does not
// make them last.
func TestClocksOfDesksMayDiffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.start()
		h.leads(5 * time.Second)
		for i, skew := range []time.Duration{-10 * time.Minute, 10 * time.Minute} {
			r := bcp.Request{ID: fmt.Sprint("r", i), Kind: "org.start", By: []bcp.Who{{Person: "tower", Station: "a"}}, At: time.Now().Add(skew), Args: map[string]string{"n": fmt.Sprint(i)}}
			if _, err := h.desk.Append(t.Context(), bcp.RequestDraft(r), "request/"+r.ID); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Second)
			reply, ok := h.fold().Answered(r.ID)
			if !ok || reply.Code != 202 || reply.Waiting.At.After(time.Now()) || time.Since(reply.Waiting.At) > 5*time.Second {
				t.Errorf("%s: %+v", skew, reply)
			}
		}
		h.close()
	})
}

// An answer by phone that comes while the desk is still reading is not lost: the provider is told to post again.
func TestAnAnswerBeforeTheJournalIsReadComesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.start()
		h.leads(5 * time.Second)
		h.stage("S1", 2)
		time.Sleep(5 * time.Second)
		key := ""
		h.close()
		for key = range h.loop.calls {
			if h.loop.calls[key].call != "" {
				break
			}
		}
		person := key[strings.Index(key, "/c1/")+4:]
		e := Event{Key: key, Person: person[:strings.IndexByte(person, '/')], Kind: "acked", At: time.Now()}
		fresh, err := New(h.config())
		if err != nil {
			t.Fatal(err)
		}
		if err := fresh.Heard(t.Context(), e); err == nil {
			t.Error("taken, and lost")
		}
		h.start()
		h.leads(10 * time.Second)
		if err := h.loop.Heard(t.Context(), e); err != nil {
			t.Error(err)
		}
		time.Sleep(3 * time.Second)
		if s := h.fold().Summons.Get("c1", e.Person); s == nil || s.State != bcp.SummonAcked {
			t.Errorf("%+v", s)
		}
		h.close()
	})
}
