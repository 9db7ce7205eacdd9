package notify

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"bongsu/bcp"
)

var t0 = time.Date(2022, 10, 15, 6, 19, 0, 0, time.UTC)

// counter is a desk with the channels sms, mail and call.
type counter struct {
	*desk
	t   testing.TB
	now time.Time
	up  map[string]*item
}

func newCounter(t testing.TB, lane bcp.Lane, change func(*Channel)) *counter {
	c := &counter{desk: newDesk(lane), t: t, now: t0, up: map[string]*item{}}
	for _, name := range []string{"sms", "mail", "call"} {
		cfg := Channel{Domain: name}.filled(name)
		if change != nil {
			change(&cfg)
		}
		c.queues = append(c.queues, &queue{name: name, cfg: cfg})
	}
	return c
}

func (c *counter) queue(name string) *queue {
	for _, q := range c.queues {
		if q.name == name {
			return q
		}
	}
	return nil
}

// add puts messages like "kim:sms kim:mail", in turn for one person and act.
func (c *counter) add(urgency int, anyOne bool, ways string) {
	c.t.Helper()
	turns := map[string]int{}
	for way := range strings.FieldsSeq(ways) {
		person, channel, _ := strings.Cut(way, ":")
		m := Message{Ref: fmt.Sprint("act", urgency), Person: person, Channel: channel, Domain: channel, Urgency: urgency, Any: anyOne, Turn: turns[person]}
		turns[person]++
		if taken, _ := c.put(c.queue(channel), m); !taken {
			c.t.Fatalf("%s is not taken", way)
		}
	}
}

// over lets time pass and lists what begins meanwhile.
func (c *counter) over(d time.Duration) string {
	var out []string
	for end := c.now.Add(d); c.now.Before(end); c.now = c.now.Add(10 * time.Millisecond) {
		begun, _ := c.start(c.now)
		for _, it := range begun {
			way := it.Person + ":" + it.Channel
			c.up[way] = it
			out = append(out, way)
		}
	}
	return strings.Join(out, " ")
}

func (c *counter) ends(way string, err error) []*item { return c.done(c.now, c.up[way], err) }

func (c *counter) want(got, want string) {
	c.t.Helper()
	if got != want {
		c.t.Errorf("at %s began %q, want %q", c.now.Sub(t0), got, want)
	}
}

var (
	errRefused = &fault{err: errors.New("refused"), certain: true, later: true}
	errBounce  = &fault{err: errors.New("no such mailbox"), certain: true, personal: true}
	errSilence = &fault{err: errors.New("silence")}
)

// A full lane reaches everybody once before it reaches anybody twice, and pages before words to all; it keeps
// an even pace.
func TestEverybodyFirst(t *testing.T) {
	c := newCounter(t, bcp.Lane{PerSecond: 3}, nil)
	c.add(UrgencyStatus, false, "board:mail")
	c.add(UrgencyTell, true, "choi:mail")
	c.add(UrgencyPage, false, "kim:sms kim:mail lee:sms lee:mail park:mail")
	c.want(c.over(300*time.Millisecond), "kim:sms")
	c.want(c.over(700*time.Millisecond), "lee:sms park:mail")
	c.want(c.over(time.Second), "kim:mail lee:mail choi:mail")
	c.want(c.over(time.Second), "board:mail")
	if _, again := c.start(c.now); !again.IsZero() {
		t.Errorf("nothing waits, yet it looks again at %s", again)
	}
}

// The lane never lets more through in any second than it may, also after a pause.
func TestTheLaneIsKept(t *testing.T) {
	c := newCounter(t, bcp.Lane{PerSecond: 50}, nil)
	for i := range 300 {
		c.add(UrgencyPage, false, fmt.Sprintf("p%d:sms", i))
		c.queue("sms").cfg.Parallel = 1000
	}
	var starts []time.Time
	for end := c.now.Add(5 * time.Second); c.now.Before(end); c.now = c.now.Add(7 * time.Millisecond) {
		if late := c.now.Sub(t0); late > 2*time.Second && late < 3*time.Second {
			continue // the desk was held up
		}
		begun, _ := c.start(c.now)
		for range begun {
			starts = append(starts, c.now)
		}
		within := 0
		for _, at := range starts {
			if c.now.Sub(at) < time.Second {
				within++
			}
		}
		if within > 50 {
			t.Fatalf("%d within the second before %s", within, c.now.Sub(t0))
		}
	}
	if len(starts) < 195 {
		t.Errorf("%d in four seconds of 50", len(starts))
	}
}

// Each limit holds by itself and holds up nobody else: slots, pace, and the domain's share of the lane.
func TestAFullChannelHoldsUpNobodyElse(t *testing.T) {
	lane := bcp.Lane{PerSecond: 1000, Domains: map[string]int{"call": 1}}
	c := newCounter(t, lane, func(ch *Channel) {
		switch ch.Kind {
		case "sms":
			ch.Parallel = 1
		case "mail":
			ch.PerSecond = 2
		}
	})
	c.add(UrgencyPage, false, "a:sms b:sms a2:mail b2:mail c2:mail a3:call b3:call d:sms")
	c.want(c.over(500*time.Millisecond), "a:sms a2:mail b2:mail a3:call")
	c.ends("a:sms", nil)
	c.want(c.over(400*time.Millisecond), "b:sms")
	c.want(c.over(time.Second), "c2:mail b3:call")
}

// A gateway that fails three times in a row comes last, but for one message a second; who waits behind it is
// reached by the next channel at once. One success makes it well.
func TestADeadGatewayComesLast(t *testing.T) {
	c := newCounter(t, bcp.Lane{PerSecond: 4}, nil)
	c.add(UrgencyPage, false, "a:sms a:mail b:sms b:mail c:sms c:mail d:sms d:mail e:sms e:mail")
	c.want(c.over(time.Second), "a:sms b:sms c:sms d:sms")
	for _, who := range []string{"a", "b", "c"} {
		c.ends(who+":sms", errRefused)
	}
	if !c.queue("sms").sick(c.now) {
		t.Fatal("three refusals and it counts as well")
	}
	c.want(c.over(time.Second), "a:mail b:mail c:mail d:mail")
	c.want(c.over(time.Second), "e:sms e:mail")
	c.ends("d:sms", errSilence)
	c.ends("e:sms", nil)
	if c.queue("sms").sick(c.now) {
		t.Error("it has taken a message and counts as sick")
	}
}

// A probe a second goes to a sick channel even when others wait; the rest of its messages go when nothing
// else does. None is lost.
func TestASickChannelIsStillTried(t *testing.T) {
	c := newCounter(t, bcp.Lane{PerSecond: 2}, nil)
	c.queue("sms").failures = sickAfter
	c.add(UrgencyPage, false, "a:sms b:sms c:sms d:sms x:mail y:mail")
	c.want(c.over(time.Second), "a:sms x:mail")
	c.want(c.over(time.Second), "b:sms y:mail")
	c.want(c.over(time.Second), "c:sms d:sms")
}

// A gateway that takes calls and says nothing is found after two seconds, not after its timeout.
func TestASilentGatewayIsFoundEarly(t *testing.T) {
	c := newCounter(t, bcp.Lane{PerSecond: 2}, nil)
	c.queue("sms").cfg.Parallel = 1
	c.add(UrgencyPage, false, "a:sms b:sms b:mail a:mail")
	c.want(c.over(500*time.Millisecond), "a:sms")
	// The second messages of people go out while nothing better can.
	c.want(c.over(time.Second), "b:mail a:mail")
	if c.queue("sms").sick(t0.Add(stallAfter - time.Millisecond)) {
		t.Error("sick too early")
	}
	if !c.queue("sms").sick(t0.Add(stallAfter)) {
		t.Error("silent, and well")
	}
	c.now = t0.Add(stallAfter)
	c.ends("a:sms", nil)
	if c.queue("sms").sick(c.now) {
		t.Error("it has answered")
	}
}

// A bounce says nothing about the gateway.
func TestABounceIsNotTheGateways(t *testing.T) {
	c := newCounter(t, bcp.Lane{PerSecond: 100}, nil)
	for i := range 10 {
		who := fmt.Sprintf("p%d", i)
		c.add(UrgencyPage, false, who+":mail")
		c.over(20 * time.Millisecond)
		c.ends(who+":mail", errBounce)
	}
	if q := c.queue("mail"); q.sick(c.now) || q.counts.failed != 10 {
		t.Errorf("%+v", q.counts)
	}
}

// A word to all goes on to the next channel when the first fails or is in doubt, and not when it got out.
func TestAWordNeedsOneChannel(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		next string
	}{"taken": {nil, ""}, "refused": {errRefused, "kim:mail"}, "in doubt": {errSilence, "kim:mail"}} {
		d := newCounter(t, bcp.Lane{PerSecond: 100}, nil)
		d.add(UrgencyTell, true, "kim:sms kim:mail kim:call")
		d.want(d.over(time.Second), "kim:sms")
		spared := d.ends("kim:sms", c.err)
		if (len(spared) == 2) != (c.err == nil) {
			t.Errorf("%s: %d spared", name, len(spared))
		}
		d.want(d.over(time.Second), c.next)
		if c.next == "" && len(d.open) != 0 {
			t.Errorf("%s: the act is not forgotten", name)
		}
	}
}

// A queue is bounded, and takes no message twice.
func TestAQueueIsBounded(t *testing.T) {
	c := newCounter(t, bcp.Lane{PerSecond: 1}, func(ch *Channel) { ch.Queue = 2 })
	m := func(person string) Message { return Message{Ref: "r", Person: person, Channel: "sms", Domain: "sms"} }
	q := c.queue("sms")
	for i, x := range []struct {
		person        string
		taken, double bool
	}{{"a", true, false}, {"a", false, true}, {"b", true, false}, {"c", false, false}} {
		if taken, double := c.put(q, m(x.person)); taken != x.taken || double != x.double {
			t.Errorf("%d: taken %v, double %v", i, taken, double)
		}
	}
	if q.counts.refused != 1 {
		t.Errorf("%d refused", q.counts.refused)
	}
	if left := c.clear(); len(left) != 2 || len(c.open) != 0 || len(q.waiting) != 0 {
		t.Errorf("%d left, %d acts open", len(left), len(c.open))
	}
}
