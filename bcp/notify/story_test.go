package notify_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"bongsu/bcp"
	"bongsu/bcp/notify"
	"bongsu/facility"
	"bongsu/simulators"
	"bongsu/simulators/berth"
)

// console is the route that people's answers come back to, with the journal as a list.
type console struct {
	answers *notify.Callbacks
	url     string

	mu      sync.Mutex
	events  []notify.Event
	results []notify.Result
	refused []error
}

func startConsole(t *testing.T) *console {
	t.Helper()
	c := &console{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		e, err := c.answers.Answer(time.Now(), strings.TrimPrefix(r.URL.Path, "/answers/"), body)
		c.mu.Lock()
		defer c.mu.Unlock()
		if err != nil {
			c.refused = append(c.refused, err)
			w.WriteHeader(http.StatusForbidden)
			return
		}
		c.events = append(c.events, e)
		c.answers.Keep(e)
	}))
	t.Cleanup(server.Close)
	c.url = server.URL + "/answers"
	return c
}

func (c *console) report(r notify.Result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.results = append(c.results, r)
}

// has says that a person did something about an act.
func (c *console) has(key, person, kind, value string) func() bool {
	return func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return slices.ContainsFunc(c.events, func(e notify.Event) bool {
			return e.Key == key && e.Person == person && e.Kind == kind && e.Value == value
		})
	}
}

// ended gives the last state of one message.
func (c *console) ended(key, person, channel string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	last := ""
	for _, r := range c.results {
		if r.Key == key && r.Person == person && r.Channel == channel {
			last = r.State
		}
	}
	return last
}

// startTown plays the demo's people, quick ones, with their mail, phones and boards.
func startTown(t *testing.T) (*simulators.Plant, *facility.Messenger) {
	t.Helper()
	site, faults := facility.Load("../../sites/demo/site.yaml")
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	town := site.Sim.Messenger
	town.Users, town.Rate = 0, 0
	for i := range town.People {
		p := &town.People[i]
		p.Deliver, p.Ack, p.Join = 20*time.Millisecond, 50*time.Millisecond, 50*time.Millisecond
	}
	ctx, cancel := context.WithCancel(context.Background())
	plant, err := simulators.Start(ctx, site, simulators.Options{AnyPort: true})
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		if err := plant.Wait(); err != nil {
			t.Error(err)
		}
	})
	return plant, town
}

func townRoster(town *facility.Messenger) *bcp.Roster {
	r := &bcp.Roster{Timezone: "Asia/Seoul", Place: bcp.Place{Bridge: "https://bridge.example/5", Room: "상황실"}}
	for _, p := range town.People {
		r.People = append(r.People, bcp.Person{ID: p.ID, Channels: []bcp.Channel{
			{ID: "talk", Kind: notify.KindMessenger, Domain: "own", Protected: true, Address: p.ID},
			{ID: "sms", Kind: notify.KindSMS, Domain: "telco-a", Address: p.Phone},
			{ID: "call", Kind: notify.KindVoice, Domain: "telco-b", Address: p.Phone},
			{ID: "mail", Kind: notify.KindEmail, Domain: "mail", Receipt: true, Address: p.Mail}}})
	}
	return r
}

// house is a console with its post, in a town that is played.
type house struct {
	*console
	t      *testing.T
	post   *notify.Post
	roster *bcp.Roster
}

func startHouse(t *testing.T, town *facility.Messenger, channels map[string]notify.Channel) *house {
	t.Helper()
	h := &house{console: startConsole(t), t: t, roster: townRoster(town)}
	s, err := notify.New(notify.Config{Callback: h.url, Lane: bcp.Lane{PerSecond: 200}, Channels: channels}, notify.Options{Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	h.answers = s.Callbacks()
	h.post = notify.NewPost(s, notify.PostOptions{Report: h.report})
	var running sync.WaitGroup
	running.Go(func() {
		if err := h.post.Run(t.Context()); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		h.post.Close()
		running.Wait()
		s.Close()
	})
	return h
}

// call performs an effect; refused are the channels this house does not have.
func (h *house) call(e bcp.Effect, refused ...string) {
	h.t.Helper()
	for _, r := range h.post.Put(notify.Plan(e, h.roster, time.Now())) {
		if !slices.Contains(refused, r.Channel) {
			h.t.Errorf("%s: refused %+v", e.Key, r)
		}
	}
}

// summon performs one summons by the n-th channel of a person.
func (h *house) summon(key, person string, n int) {
	h.t.Helper()
	ch := h.roster.Person(person).Channels[n]
	h.call(bcp.Effect{Key: key, Kind: bcp.EffectSend, To: person, Args: map[string]string{"channel": ch.ID, "kind": ch.Kind, "address": ch.Address,
		"call": "c1", "bridge": h.roster.Place.Bridge, "room": h.roster.Place.Room}})
}

// The fire takes the protected messenger down, and the SMS provider takes every text and delivers none.
// People are still called, answer, come and vote, through real sockets and their own links.
func TestPeopleAreReachedAllTheSame(t *testing.T) {
	plant, town := startTown(t)
	state, _ := plant.Messenger()
	gateway := "http://" + state.Inbox.Gateway
	h := startHouse(t, town, map[string]notify.Channel{
		"email":     {Domain: "mail", SMTP: state.Inbox.SMTP, From: "bongsu@demo"},
		"sms":       {Domain: "telco-a", URL: gateway + "/sms", From: "1588", Secret: "hush"},
		"voice":     {Domain: "telco-b", URL: gateway + "/phone"},
		"messenger": {Domain: "own", URL: "http://" + berth.Refusing(t), Retries: new(0)},
		"board":     {Domain: "office", URL: gateway + "/webhook/board"},
	})
	if _, err := plant.Inject(simulators.Fault{Kind: simulators.ChannelDead, Target: "sms", Params: simulators.FaultParams{Mode: "silent"}}); err != nil {
		t.Fatal(err)
	}
	const page, first, second, motion = "incident/i1/2/0", "summon/c1/chair/2/0", "summon/c1/chair/3/0", "motion/m1/2/0"
	h.call(bcp.Effect{Key: page, Kind: bcp.EffectPage, To: "lead", Args: map[string]string{"incident": "i1"}})
	eventually(t, "the lead acknowledges", h.has(page, "lead", notify.EventAcked, ""))
	for channel, want := range map[string]string{"talk": notify.StateFailed, "sms": notify.StateSent, "call": notify.StateSent, "mail": notify.StateSent} {
		eventually(t, channel+" is "+want, func() bool { return h.ended(page, "lead", channel) == want })
	}

	// Sent is not delivered: the summons by SMS stays without a receipt, the next channel brings the person.
	h.summon(first, "chair", 1)
	eventually(t, "the text is taken", func() bool { return h.ended(first, "chair", "sms") == notify.StateSent })
	h.summon(second, "chair", 3)
	eventually(t, "the chair comes", h.has(second, "chair", notify.EventJoined, ""))
	if h.has(first, "chair", notify.EventDelivered, "")() {
		t.Error("the swallowed text was delivered")
	}

	h.call(bcp.Effect{Key: motion, Kind: bcp.EffectPage, To: "member", Args: map[string]string{"motion": "m1"}})
	eventually(t, "the member votes", h.has(motion, "member", notify.EventVoted, bcp.VoteYes))

	h.call(bcp.Effect{Key: "incident/i1/3/0", Kind: bcp.EffectStatus, Args: map[string]string{"state": "draft"}}, "")
	eventually(t, "the board shows it", func() bool { return h.ended("incident/i1/3/0", "", "board") == notify.StateSent })
	inbox, _ := plant.Inbox()
	for _, want := range []struct{ ref, channel, sign, text string }{
		{"incident/i1/3/0", "webhook/board", "", "복구하고 있습니다"},
		{first, "sms", "sha256=", h.roster.Place.Bridge},
	} {
		i := slices.IndexFunc(inbox.Items, func(m simulators.InboxMessage) bool { return m.Channel == want.channel && m.Ref == want.ref })
		if i < 0 {
			t.Errorf("%s is not in the inbox", want.ref)
		} else if m := inbox.Items[i]; !strings.HasPrefix(m.Signature, want.sign) || !strings.Contains(m.Text, want.text) {
			t.Errorf("%s is %+v", want.ref, m)
		}
	}
	h.onlyReplays()
}

// onlyReplays holds what the console refused to one reason: the ways of one page share a token, so the later
// of two equal answers is no news.
func (h *house) onlyReplays() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, err := range h.refused {
		if !errors.Is(err, notify.ErrReplayed) {
			h.t.Errorf("refused: %v", err)
		}
	}
}

// The same town on the day the SMS provider refuses: a word to all still reaches everybody.
func TestAWordToAllSurvivesADeadProvider(t *testing.T) {
	plant, town := startTown(t)
	state, _ := plant.Messenger()
	h := startHouse(t, town, map[string]notify.Channel{
		"sms":   {Domain: "telco-a", URL: "http://" + state.Inbox.Gateway + "/sms"},
		"email": {Domain: "mail", SMTP: state.Inbox.SMTP, From: "bongsu@demo"},
	})
	if _, err := plant.Inject(simulators.Fault{Kind: simulators.ChannelDead, Target: "sms"}); err != nil {
		t.Fatal(err)
	}
	const word = "bcp/org/4/0"
	h.call(bcp.Effect{Key: word, Kind: bcp.EffectTell, Args: map[string]string{"room": "situation"}}, "call") // there is no telephone
	for _, p := range town.People {
		eventually(t, p.ID+" reads it", h.has(word, p.ID, notify.EventDelivered, ""))
		eventually(t, "the text to "+p.ID+" is in doubt", func() bool { return h.ended(word, p.ID, "sms") == notify.StateUnknown })
	}
	h.onlyReplays()
}
