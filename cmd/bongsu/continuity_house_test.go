package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"time"

	"bongsu/bcp"
)

// served is what the world itself says about the messenger.
type served struct {
	Sites []struct {
		ID                      string
		Serving, Primary, Power bool
	}
	DNS                                      []struct{ Leads string }
	Acked, Delivered, Lost, Duplicated, Late int
}

func (h *house) messenger() (s served) {
	h.t.Helper()
	resp, err := http.Get(h.sim + "/sim/v1/messenger")
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&s); err != nil {
		h.t.Fatal(err)
	}
	return s
}

// servedBy names the site that the public is led to and that takes its messages.
func (s served) servedBy() string {
	for _, site := range s.Sites {
		if site.Serving {
			return site.ID
		}
	}
	return ""
}

func (h *house) scenario(name string) {
	h.t.Helper()
	resp, err := http.Post(h.sim+"/sim/v1/scenarios/"+name, "application/json", nil)
	if err != nil || resp.StatusCode/100 != 2 {
		h.t.Fatalf("scenario %s: %v %v", name, resp, err)
	}
	resp.Body.Close()
}

// picture is the situation as the console has it. A session that was begun just before its desk was killed
// may be gone; people log in again.
func (h *house) picture() (p bcp.Picture, ok bool) {
	if h.get("bcp", &p) {
		return p, true
	}
	if h.status("/api/v1/session") == http.StatusUnauthorized { // the desk may go once more before it is answered
		if resp, err := h.client.Post(h.base+"/api/v1/session", "application/json", strings.NewReader(`{"user":"operator","password":"bongsu-demo"}`)); err == nil {
			resp.Body.Close()
		}
	}
	return p, false
}

// run is the run of the messenger's group.
func (h *house) run() bcp.Run {
	p, ok := h.picture()
	if !ok || len(p.Groups) == 0 || p.Groups[0].Run == nil {
		return bcp.Run{}
	}
	return *p.Groups[0].Run
}

// explain logs where the run stands when a test has failed.
func (h *house) explain() {
	h.t.Cleanup(func() {
		if !h.t.Failed() {
			return
		}
		if p, ok := h.picture(); ok && len(p.Groups) > 0 {
			raw, _ := json.MarshalIndent(map[string]any{"group": p.Groups[0], "org": p.Org, "sites": p.Sites, "names": p.Names, "control": p.Control}, "", " ")
			h.t.Logf("the picture at the end:\n%s", raw)
		}
	})
}

// ready waits until continuity leads, has proven its permissions and the users write.
func (h *house) ready() {
	h.t.Helper()
	h.explain()
	h.eventually(2*time.Minute, "continuity is ready", func() bool {
		p, ok := h.picture()
		return ok && p.Control.Leads && p.Control.Readiness == bcp.Yes && h.messenger().Acked > 40
	})
}

// as is the same house seen from another person's browser.
func (h *house) as(user string) *house {
	h.t.Helper()
	other := *h
	jar, _ := cookiejar.New(nil)
	other.client = &http.Client{Jar: jar, Timeout: 30 * time.Second}
	other.login(user)
	return &other
}

// commons reads the whole shared journal.
func (h *house) commons() []entry {
	h.t.Helper()
	var all []entry
	after := uint64(0)
	for {
		var page struct{ Items []entry }
		h.eventually(30*time.Second, "the shared journal is read", func() bool {
			return h.get(fmt.Sprintf("journal?scope=shared&after=%d&limit=200", after), &page)
		})
		if len(page.Items) == 0 {
			return all
		}
		after = page.Items[len(page.Items)-1].Seq
		all = append(all, page.Items...)
	}
}

// story holds the shared journal to an order of moves: machine, id and where it moved to. Each step of the
// story stands there, or comes soon, after the one before.
func (h *house) story(steps ...string) {
	h.t.Helper()
	at, seen := 0, []string(nil)
	defer func() {
		if at < len(steps) {
			h.t.Logf("the journal does not tell %q in its place; it tells\n%s", steps[at], strings.Join(seen, "\n"))
		}
	}()
	h.eventually(time.Minute, "the journal tells the story", func() bool {
		seen = h.moves()
		at = 0
		for _, line := range seen {
			if at < len(steps) && line == steps[at] {
				at++
			}
		}
		return at == len(steps)
	})
}

// moves lists the stages and the moves of the machines as the shared journal tells them.
func (h *house) moves() (seen []string) {
	h.t.Helper()
	for _, e := range h.commons() {
		line := ""
		switch e.Kind {
		case "stage":
			var s struct{ To string }
			_ = json.Unmarshal(e.Data, &s)
			line = "stage " + s.To
		case bcp.KindMove:
			var m bcp.Transition
			if err := json.Unmarshal(e.Data, &m); err != nil {
				h.t.Fatal(err)
			}
			if m.From == m.To {
				continue
			}
			line = m.Machine + " " + m.ID + " " + m.To
		}
		if line != "" {
			seen = append(seen, line)
		}
	}
	return seen
}

// acts counts what was done to the world, by kind and to whom, and what is without an outcome.
func (h *house) acts() (done map[string]int, open []string) {
	h.t.Helper()
	effects, outcomes := map[string]bcp.Effect{}, map[string]string{}
	for _, e := range h.commons() {
		switch e.Kind {
		case bcp.KindMove:
			var m bcp.Transition
			_ = json.Unmarshal(e.Data, &m)
			for _, f := range m.Effects {
				effects[f.Key] = f
			}
		case bcp.KindOutcome:
			var o bcp.Outcome
			_ = json.Unmarshal(e.Data, &o)
			if effects[o.Key].Key == "" {
				h.t.Errorf("entry %d: an outcome of %s comes before its intent", e.Seq, o.Key)
			}
			outcomes[o.Key] = o.State
		}
	}
	done = map[string]int{}
	for key, f := range effects {
		switch {
		case f.Repeatable():
		case outcomes[key] == bcp.ActDone:
			name := f.Kind + " " + f.To
			if p := f.Args["percent"]; p != "" {
				name += " " + p
			}
			done[name]++
		case outcomes[key] != bcp.ActNotDone:
			open = append(open, f.Kind+" "+key)
		}
	}
	return done, open
}

// moved holds the world to a messenger that went on elsewhere, once and without a loss.
func (h *house) moved(began time.Time, within time.Duration) {
	h.t.Helper()
	h.eventually(within+60*time.Second, "the messenger is served by dc2", func() bool { return h.messenger().servedBy() == "dc2" })
	h.eventually(3*time.Minute, "client traffic was read back at dc2", func() bool { return !h.run().Served.IsZero() })
	r := h.run()
	took := r.Served.Sub(began)
	h.t.Logf("served by dc2 %v after the trigger", took.Round(10*time.Millisecond))
	if took > within {
		h.t.Errorf("served after %v, want at most %v", took, within)
	}
	before := h.messenger().Acked
	h.eventually(time.Minute, "users go on writing", func() bool { return h.messenger().Acked > before+40 })
	if s := h.messenger(); s.Lost != 0 || s.Duplicated != 0 {
		h.t.Errorf("%+v", s)
	}
}

// fault makes something in the world fail and gives the id to heal it by.
func (h *house) fault(kind, target string) string {
	h.t.Helper()
	var out struct{ ID string }
	body := fmt.Sprintf(`{"kind":%q,"target":%q}`, kind, target)
	resp, err := http.Post(h.sim+"/sim/v1/faults", "application/json", strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil || resp.StatusCode/100 != 2 {
		h.t.Fatalf("fault %s: %s %v", body, resp.Status, err)
	}
	return out.ID
}

func (h *house) heal(id string) {
	h.t.Helper()
	req, _ := http.NewRequest(http.MethodDelete, h.sim+"/sim/v1/faults/"+id, nil)
	resp, err := http.DefaultClient.Do(req)
	if err != nil || resp.StatusCode/100 != 2 {
		h.t.Fatalf("heal: %v %v", resp, err)
	}
	resp.Body.Close()
}

// notice reports that the power will be cut, which starts the run at once.
func (h *house) notice() time.Time {
	h.t.Helper()
	body := map[string]any{"site": "dc1", "kind": "power-cut", "what": "소방이 12분 뒤 전체 전원 차단을 통보", "deadline": time.Now().Add(12 * time.Minute).UTC().Format(time.RFC3339)}
	if code, text := h.post("incidents", body); code/100 != 2 {
		h.t.Fatalf("report: %d %s", code, text)
	}
	return time.Now()
}
