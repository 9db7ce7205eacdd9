package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"bongsu/bcp"
)

// moves is what a whole move of the messenger does to the world, each once.
var moves = []string{"fence dc1", "promote account", "promote api", "promote messaging", "shed dc2", "canary dc2 1", "canary dc2 10", "shift talk", "drain dc1"}

// brief shortens what the demo waits for.
var brief = map[string]func(string) string{"continuity.yaml": func(s string) string {
	return strings.Replace(s, "canary_hold: 10s", "canary_hold: 3s", 1)
}}

// A power cut is announced at a node that only follows. While the messenger moves, the node that leads is killed, all of
// it; another goes on, and the dead one comes back and has missed nothing. Then the leader stands still for a while,
// and then one is cut off: neither does anything, both come back by themselves.
//
// Nobody has to help: the run goes on by itself whoever leads. On two busy cores it takes a minute, which is why it is
// played with BONGSU_LONG=1.
func TestSystemThreeNodes(t *testing.T) {
	if os.Getenv("BONGSU_LONG") == "" {
		t.Skip("three nodes and three worlds as processes: set BONGSU_LONG=1")
	}
	t.Parallel()
	tr := newTrio(t, brief)
	asked := tr.ready()
	led := tr.leader(60*time.Second, asked.name)
	asked.notice()
	people := tr.write()
	asked.eventually(60*time.Second, "the run is under way", func() bool { return reached(asked.run().State, bcp.RunPromoting) })
	led.die()
	began := time.Now()
	next := tr.leader(60*time.Second, led.name)
	t.Logf("%s was killed in %s; %s leads %.1f s later", led.name, asked.run().State, next.name, time.Since(began).Seconds())
	led.boot()
	led.up()
	tr.freezes()
	tr.cuts()
	tr.moved(asked, bcp.RunVerifyPublic) // a minute of looking from outside is left, and nothing to do
	tr.judge(people.end(), moves...)
	if tr.resumed > 0 {
		t.Errorf("a person had to resume the run %d times", tr.resumed)
	}
}

// ready waits until the messenger can be moved and gives a node that only follows. Each desk begins with accounts of its
// own, and a session of those ends when it takes over those of all sites.
func (tr *trio) ready() *seat {
	tr.t.Helper()
	led := tr.leader(60*time.Second, "")
	led.eventually(60*time.Second, "the messenger is ready", func() bool {
		p, ok := led.picture()
		return ok && p.Control.Readiness == bcp.Yes && led.messenger().Acked > 40
	})
	for _, s := range tr.nodes {
		s.eventually(60*time.Second, s.name+" has the accounts of all sites", func() bool { return strings.Contains(s.nodeLog.String(), "the accounts are those of all sites") })
		s.login("operator")
	}
	return tr.others(led)[0]
}

// moved waits until the messenger has gone on elsewhere, the run has come to a state and every act has its outcome.
func (tr *trio) moved(s *seat, state string) {
	tr.t.Helper()
	s.eventually(2*time.Minute, "the messenger is served by dc2", func() bool { return s.messenger().servedBy() == "dc2" })
	asked := time.Now()
	s.eventually(4*time.Minute, state, func() bool {
		r := s.run()
		if r.State == bcp.RunHold && time.Since(asked) > 5*time.Second {
			asked = time.Now()
			tr.resumed++
			code, text := s.as("tower").post("failover/talk/resume", map[string]string{})
			tr.t.Logf("the run holds in %s: %s; the tower resumes it: %d %s", r.Hold.From, r.Hold.Why, code, text)
		}
		return reached(r.State, state)
	})
	s.eventually(60*time.Second, "every act has its outcome", func() bool {
		done, open := s.acts()
		return len(open) == 0 && done["drain dc1"] > 0
	})
}

// freezes lets the leader stand still until another leads. When it goes on its epoch is over.
func (tr *trio) freezes() {
	tr.t.Helper()
	led := tr.leader(60*time.Second, "")
	old, _ := led.picture()
	led.signal(syscall.SIGSTOP)
	began := time.Now()
	next := tr.leader(60*time.Second, led.name)
	tr.t.Logf("%s stood still; %s leads %.1f s later", led.name, next.name, time.Since(began).Seconds())
	led.signal(syscall.SIGCONT)
	led.eventually(60*time.Second, led.name+" follows", func() bool {
		p, ok := led.picture()
		return ok && !p.Control.Leads && p.Control.Quorum && p.Control.Leader != led.name
	})
	if p, ok := next.picture(); ok && p.Control.Epoch <= old.Control.Epoch {
		tr.t.Errorf("epoch %d after %d", p.Control.Epoch, old.Control.Epoch)
	}
}

// cuts takes the leader away from the others while all else stays within its reach.
func (tr *trio) cuts() {
	tr.t.Helper()
	led := tr.leader(60*time.Second, "")
	led.cutOff(true)
	began := time.Now()
	led.eventually(60*time.Second, led.name+" says that there is no quorum", func() bool {
		p, ok := led.picture()
		return ok && !p.Control.Quorum && !p.Control.Leads
	})
	tr.t.Logf("%s was cut off and says so %.1f s later", led.name, time.Since(began).Seconds())
	next := tr.leader(60*time.Second, led.name)
	lead := led.as("lead") // whose password is checked here and nowhere else
	if code, text := lead.post("incidents", map[string]any{"site": "dc1", "kind": "report", "what": "smell of smoke"}); code != http.StatusServiceUnavailable || !strings.Contains(text, "정족수 없음: 읽기 전용") {
		tr.t.Errorf("a report where there is no quorum: %d %s", code, text)
	}
	if led.status("/readyz") != http.StatusOK {
		tr.t.Error("the site's own watch suffers from a cut between the sites")
	}
	led.cutOff(false)
	led.eventually(60*time.Second, led.name+" follows "+next.name, func() bool {
		p, ok := led.picture()
		return ok && p.Control.Quorum && !p.Control.Leads && p.Control.Leader != ""
	})
}

// Rounds of a fire in the first building with one thing after the other going wrong at one node at a time, whichever
// leads: its processes are killed or stand still, all or one of them, or it is cut off. BONGSU_LONG=1 plays them,
// BONGSU_ROUNDS says how many, BONGSU_SEED where to begin.
func TestScenarioThreeNodes(t *testing.T) {
	if os.Getenv("BONGSU_LONG") == "" {
		t.Skip("minutes each: set BONGSU_LONG=1")
	}
	rounds, first := 2, 0
	_, _ = fmt.Sscan(os.Getenv("BONGSU_ROUNDS"), &rounds)
	_, _ = fmt.Sscan(os.Getenv("BONGSU_SEED"), &first)
	for seed := range rounds {
		t.Run(fmt.Sprint(first+seed), func(t *testing.T) { threeRound(t, uint64(first+seed)) })
	}
}

func threeRound(t *testing.T, seed uint64) {
	rnd := rand.New(rand.NewPCG(seed, 3))
	tr := newTrio(t, brief)
	home := tr.nodes[0]
	tr.ready()
	home.scenario("battery-fire")
	tr.nodes[1].eventually(3*time.Minute, "a case is open", func() bool { p, ok := tr.nodes[1].picture(); return ok && len(p.Incidents) > 0 })
	people := tr.write()
	spared := true // the burning building's own watch
	for range 6 {
		time.Sleep(time.Duration(rnd.IntN(12_000)) * time.Millisecond)
		s := tr.nodes[rnd.IntN(3)]
		what := []string{"die", "freeze", "cut", "desk", "member", "field"}[rnd.IntN(6)]
		t.Logf("%s: %s in %s", s.name, what, tr.others(s)[0].run().State)
		spared = spared && (s != home || what == "cut" || what == "desk" || what == "member")
		s.suffer(what, time.Duration(rnd.IntN(8_000))*time.Millisecond)
	}
	tr.moved(tr.nodes[1], bcp.RunComplete)
	tr.judge(people.end(), moves...)
	if spared {
		inTime(t, home.journal())
	}
}

// suffer lets one thing go wrong at a node for a while, and waits until the node follows again.
func (s *seat) suffer(what string, lasts time.Duration) {
	s.t.Helper()
	switch what {
	case "die":
		s.die()
		time.Sleep(lasts)
		s.boot()
	case "freeze":
		s.signal(syscall.SIGSTOP)
		time.Sleep(lasts)
		s.signal(syscall.SIGCONT)
	case "cut":
		s.cutOff(true)
		time.Sleep(lasts)
		s.cutOff(false)
	default:
		s.kill9(what)
	}
	s.up()
}

// inTime holds the burning building to its own clock: water follows the agent by a minute, whatever goes on between
// the sites.
func inTime(t testing.TB, entries []entry) {
	t.Helper()
	at := map[string]time.Time{}
	for _, e := range entries {
		var s struct{ Rack, To string }
		if e.Kind == "stage" && json.Unmarshal(e.Data, &s) == nil && s.Rack != "" && at[s.To].IsZero() {
			at[s.To] = e.Time
		}
	}
	if d := at["S4"].Sub(at["S3"]); at["S3"].IsZero() || at["S4"].IsZero() || d < 55*time.Second || d > 75*time.Second {
		t.Errorf("stage 4 came %v after stage 3: %v", d, at)
	}
}
