package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/bcp"
)

// wire is a gateway that a test plays: how long it takes and what comes of it.
type wire struct {
	takes time.Duration // negative: until the sender gives up
	err   error

	mu    sync.Mutex
	tries int
}

func (w *wire) close() {}

func (w *wire) carry(ctx context.Context, m Message) (string, error) {
	w.mu.Lock()
	w.tries++
	w.mu.Unlock()
	if w.takes < 0 {
		<-ctx.Done()
		return "", &fault{err: ctx.Err()}
	}
	if !pause(ctx, w.takes) {
		return "", &fault{err: errors.New("cut off")}
	}
	return "id-" + m.Person, w.err
}

// diary is what a caller would have journalled.
type diary struct {
	mu   sync.Mutex
	all  []Result
	hold chan struct{} // a report waits for it, when there is one
}

func (d *diary) report(r Result) {
	d.mu.Lock()
	d.all = append(d.all, r)
	d.mu.Unlock()
	if d.hold != nil {
		<-d.hold
	}
}

// of lists the states of one message.
func (d *diary) of(person, channel string) (states []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, r := range d.all {
		if r.Person == person && r.Channel == channel {
			states = append(states, r.State)
		}
	}
	return states
}

func play(t testing.TB, wires map[string]*wire, lane bcp.Lane, change func(*Channel)) *Sender {
	t.Helper()
	cfg := Config{Callback: "http://c.example", Channels: map[string]Channel{}, Lane: lane}
	for name := range wires {
		c := Channel{Domain: name, URL: "http://x.example", SMTP: "x:25", From: "a@b.example"}
		if change != nil {
			change(&c)
		}
		cfg.Channels[name] = c
	}
	s, err := New(cfg, Options{Secret: make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	for name, w := range wires {
		s.lines[name].carrier = w
	}
	return s
}

// run has a post at work for the length of a test.
func run(t *testing.T, s *Sender, d *diary) *Post {
	p := NewPost(s, PostOptions{Report: d.report})
	var running sync.WaitGroup
	running.Go(func() {
		if err := p.Run(t.Context()); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { p.Close(); running.Wait() })
	return p
}

func letters(ref string, ways ...string) (out []Message) {
	for i, kind := range ways {
		out = append(out, Message{Ref: ref, Person: "kim", Channel: kind, Kind: kind, Domain: kind, Turn: i})
	}
	return out
}

// Fifteen hundred people, three channels each, one of the three swallows everything. All are tried within a
// minute and reached by a channel that lives; the first within three seconds.
func TestFifteenHundredPeople(t *testing.T) {
	for _, dead := range []*wire{{takes: -1}, {err: &fault{err: errors.New("refused"), certain: true, later: true}}, {err: &fault{err: errors.New("503")}}} {
		synctest.Test(t, func(t *testing.T) {
			s := play(t, map[string]*wire{"sms": {takes: 300 * time.Millisecond}, "voice": dead, "email": {takes: 200 * time.Millisecond}}, bcp.Lane{}, nil)
			d := &diary{}
			p := run(t, s, d)
			kinds := []string{"sms", "voice", "email"}
			began := time.Now()
			for i := range 1500 {
				roster := &bcp.Roster{}
				person := bcp.Person{ID: fmt.Sprint(i)}
				for j := range kinds {
					k := kinds[(i+j)%3]
					person.Channels = append(person.Channels, bcp.Channel{ID: k, Kind: k, Domain: k, Address: "x"})
				}
				roster.People = []bcp.Person{person}
				effect := bcp.Effect{Key: fmt.Sprintf("incident/i/%d/0", i), Kind: bcp.EffectPage, To: person.ID}
				if refused := p.Put(Plan(effect, roster, began)); len(refused) > 0 {
					t.Fatalf("refused: %+v", refused[0])
				}
			}
			time.Sleep(60 * time.Second)
			synctest.Wait()
			tried, reached := map[string]bool{}, map[string]bool{}
			var first time.Duration = -1
			d.mu.Lock()
			for _, r := range d.all {
				if at := r.At.Sub(began); first < 0 || at < first {
					first = at
				}
				tried[r.Person] = true
				reached[r.Person] = reached[r.Person] || r.State == StateSent
			}
			d.mu.Unlock()
			lost := 0
			for _, ok := range reached {
				if !ok {
					lost++
				}
			}
			if len(tried) != 1500 || lost > 0 || first > 3*time.Second {
				t.Errorf("%+v: %d tried, %d not reached, the first after %s; %+v", dead, len(tried), lost, first, p.Status())
			}
		})
	}
}

// The telephone company is gone; the mail goes out in the same second.
func TestADeadGatewayDelaysNoMail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := play(t, map[string]*wire{"sms": {takes: -1}, "email": {takes: time.Millisecond}}, bcp.Lane{PerSecond: 1000}, func(c *Channel) { c.Parallel = 4 })
		d := &diary{}
		p := run(t, s, d)
		for i := range 100 {
			p.Put(letters(fmt.Sprint("act", i), "sms"))
		}
		time.Sleep(time.Second)
		p.Put(letters("late", "email"))
		time.Sleep(10 * time.Millisecond)
		synctest.Wait()
		if got := d.of("kim", "email"); !slices.Equal(got, []string{StateSending, StateSent}) {
			t.Errorf("the mail is %v", got)
		}
		st := p.Status()
		if st[0].Name != "email" || st[0].Sent != 1 || st[1].UnderWay != 4 || st[1].Waiting != 96 || st[1].Tried != 4 {
			t.Errorf("status %+v", st)
		}
	})
}

// Every message gets one last result, and none before its beginning was told.
func TestEveryMessageEndsOnce(t *testing.T) {
	// A gateway takes a moment: one that answers in no time may have done so between two calls of this test.
	const moment = time.Millisecond
	refused := &fault{err: errors.New("refused"), certain: true}
	for name, c := range map[string]struct {
		sms   *wire
		any   bool
		want  map[string][]string
		state string
	}{
		"page, all well":            {&wire{takes: moment}, false, map[string][]string{"sms": {"sending", "sent"}, "email": {"sending", "sent"}}, bcp.ActDone},
		"word, the first is enough": {&wire{takes: moment}, true, map[string][]string{"sms": {"sending", "sent"}, "email": {"spared"}}, bcp.ActDone},
		"word, the first bounces":   {&wire{takes: moment, err: refused}, true, map[string][]string{"sms": {"sending", "failed"}, "email": {"sending", "sent"}}, bcp.ActDone},
		"word, the first in doubt":  {&wire{takes: -1}, true, map[string][]string{"sms": {"sending", "unknown"}, "email": {"sending", "sent"}}, bcp.ActDone},
	} {
		synctest.Test(t, func(t *testing.T) {
			email := &wire{takes: moment}
			s := play(t, map[string]*wire{"sms": c.sms, "email": email}, bcp.Lane{}, nil)
			d := &diary{}
			p := run(t, s, d)
			messages := letters("act", "sms", "email")
			for i := range messages {
				messages[i].Any = c.any
			}
			if early := append(p.Put(messages), p.Put(messages)...); len(early) > 0 {
				t.Errorf("%s: %+v before anything was tried", name, early)
			}
			time.Sleep(time.Minute)
			synctest.Wait()
			for channel, want := range c.want {
				if got := d.of("kim", channel); !slices.Equal(got, want) {
					t.Errorf("%s: %s went %v, want %v", name, channel, got, want)
				}
			}
			// Once more, as after a doubt in the same process: nobody is called twice by the same way.
			tries, mails := c.sms.tries, email.tries
			again := p.Put(messages)
			time.Sleep(time.Minute)
			synctest.Wait()
			if c.sms.err == nil && c.sms.tries != tries || email.tries != mails {
				t.Errorf("%s: sent anew", name)
			}
			if state, _ := Settle(again); len(again) > 0 && state != c.state {
				t.Errorf("%s: %s at the second call: %+v", name, state, again)
			}
		})
	}
}

// The house closes: what is under way may end, what waits is told to have failed, and a gateway that hangs
// is cut off after the drain time.
func TestTheHouseCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := play(t, map[string]*wire{"sms": {takes: -1}, "email": {takes: 2 * time.Second}}, bcp.Lane{PerSecond: 1000}, func(c *Channel) { c.Timeout, c.Parallel = time.Hour, 1 })
		d := &diary{}
		p := run(t, s, d)
		p.Put(letters("act", "sms", "email"))
		p.Put(letters("later", "email"))
		time.Sleep(10 * time.Millisecond)
		began := time.Now()
		p.Close()
		if took := time.Since(began); took != defaultDrain {
			t.Errorf("closing took %s", took)
		}
		if got := d.of("kim", "sms"); !slices.Equal(got, []string{StateSending, StateUnknown}) {
			t.Errorf("the hanging one is %v", got)
		}
		if got := d.of("kim", "email"); !slices.Equal(got, []string{StateSending, StateFailed, StateSent}) {
			t.Errorf("the mails are %v", got)
		}
		if r := p.Put(letters("too late", "email")); len(r) != 1 || r[0].State != StateFailed {
			t.Errorf("after the end: %+v", r)
		}
		if err := p.Run(t.Context()); err == nil {
			t.Error("it runs twice")
		}
	})
}

// A caller whose journal hangs in a report does not keep the house from closing.
func TestAHangingReportDoesNotHoldTheHouse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := play(t, map[string]*wire{"sms": {}}, bcp.Lane{}, nil)
		d := &diary{hold: make(chan struct{})}
		p := NewPost(s, PostOptions{Report: d.report, Drain: time.Second})
		ran := make(chan error, 1)
		go func() { ran <- p.Run(t.Context()) }()
		p.Put(letters("act", "sms"))
		synctest.Wait()
		began := time.Now()
		p.Close()
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("closing took %s", took)
		}
		close(d.hold)
		if err := <-ran; err != nil {
			t.Error(err)
		}
	})
}

// What cannot be taken is told at once: no channel, a full queue.
func TestWhatIsNotTakenIsTold(t *testing.T) {
	s := play(t, map[string]*wire{"sms": {}, "board": {}, "webhook": {}}, bcp.Lane{}, func(c *Channel) { c.Queue = 1 })
	p := NewPost(s, PostOptions{})
	if r := p.Put(letters("act", "sms", "email")); len(r) != 1 || r[0].Channel != "email" || r[0].State != StateFailed {
		t.Errorf("no mail server: %+v", r)
	}
	if r := p.Put(letters("act2", "sms")); len(r) != 1 || r[0].State != StateFailed || r[0].Key != "act2" {
		t.Errorf("a full queue: %+v", r)
	}
	status := Plan(bcp.Effect{Key: "s", Kind: bcp.EffectStatus}, &bcp.Roster{}, t0)
	if r := p.Put(status); len(r) != 0 {
		t.Errorf("the public places: %+v", r)
	}
	st := p.Status()
	if st[0].Waiting != 1 || st[1].Waiting != 1 || st[1].Refused != 1 || st[2].Waiting != 1 {
		t.Errorf("status %+v", st)
	}
}

// Tries again come apart by chance, never later than the deadline.
func TestTriesComeApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{err: &fault{err: errors.New("busy"), certain: true, later: true}}
		s := play(t, map[string]*wire{"sms": w}, bcp.Lane{}, func(c *Channel) { c.Retries = new(100) })
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		began := time.Now()
		r, err := s.Send(ctx, letters("act", "sms")[0])
		// 0.25 s doubling to 5 s, half of each by chance: 20 s hold between 7 and 13 tries.
		if took := time.Since(began); !errors.Is(err, bcp.ErrNotDone) || took > 20*time.Second || took < 15*time.Second || r.Tries < 7 || r.Tries > 13 || r.Tries != w.tries {
			t.Errorf("%d tries in %s: %v", r.Tries, took, err)
		}
	})
	seen := map[time.Duration]bool{}
	for n := range 200 {
		d := backoff(n)
		seen[d] = true
		if d < backoffFirst/2 || d > backoffMost {
			t.Fatalf("try %d waits %s", n, d)
		}
	}
	if len(seen) < 100 {
		t.Errorf("only %d different waits", len(seen))
	}
}

// One message that got out is enough for an act; a doubt is more than a failure.
func TestWhatBecameOfAnAct(t *testing.T) {
	for want, states := range map[string][][]string{
		bcp.ActDone:    {{StateSent}, {StateFailed, StateSent, StateUnknown}, {StateSpared, StateSent}},
		bcp.ActUnknown: {{StateUnknown}, {StateFailed, StateUnknown}, {StateSending, StateFailed}},
		bcp.ActNotDone: {{StateFailed}, {StateFailed, StateFailed}, {}},
	} {
		for _, list := range states {
			var results []Result
			for _, st := range list {
				results = append(results, Result{Channel: "sms", State: st, Detail: "why"})
			}
			if got, _ := Settle(results); got != want {
				t.Errorf("%v: %s, want %s", list, got, want)
			}
		}
	}
}
