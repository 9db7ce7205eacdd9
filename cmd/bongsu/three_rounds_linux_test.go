package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bongsu/bcp"
)

// voyage is three nodes that live through all rounds, each on its island, with a disk of its own where that can be had.
type voyage struct {
	*trio
	seed    int
	rounds  int // to be played
	played  int
	sea     *strait
	disks   [3]*ownDisk
	crowd   *crowd
	sparing bool           // the first building's own watch is spared
	alight  time.Time      // since when it burns
	struck  [3]atomic.Bool // nobody looks at a node whose processes suffer
	held    [3][]string    // the shared journal, as each node tells it
	end     func()         // tells what the three believed when they were last looked at
}

// Rounds on three nodes that run all the while: in each the organisation does something, and at some moment of it one
// thing goes wrong and is mended. Then all three hold one journal and believe the same, and another round begins.
// BONGSU_ROUNDS says how many are played (make test: 20, BONGSU_LONG=1: 100), BONGSU_SEED where to begin.
//
// With root each node stands in a network and on a disk of its own. Without, or with BONGSU_ONE_SHORE, all stand in one
// network, whatever goes between them passes the test, and nothing happens to their disks.
func TestScenarioThreeNodesRounds(t *testing.T) {
	if os.Getenv("BONGSU_LONG") == "" && os.Getenv("BONGSU_ROUNDS") == "" {
		t.Skip("minutes: make test-rounds plays 20 rounds, BONGSU_LONG=1 a hundred")
	}
	rounds, first := 100, 0
	_, _ = fmt.Sscan(os.Getenv("BONGSU_ROUNDS"), &rounds)
	_, _ = fmt.Sscan(os.Getenv("BONGSU_SEED"), &first)
	began := time.Now()
	v := newVoyage(t, first, rounds)
	v.declared()
	t.Logf("three nodes stand and have a leader after %.1f s", time.Since(began).Seconds())
	for n := range rounds {
		if n == max(0, rounds-beside) {
			v.ignites()
		}
		v.round(first + n)
	}
	until := "S3"
	if rounds >= 100 {
		until = "S4"
	}
	v.burns(first+rounds, until)
	v.arrive()
	t.Logf("%d rounds in %.0f s", v.played, time.Since(began).Seconds())
}

// beside is how many of the rounds go on beside the fire, about as many as it takes to its third stage.
const beside = 14

func newVoyage(t *testing.T, first, rounds int) *voyage {
	v := &voyage{seed: first, rounds: rounds, sea: newStrait(t)}
	books := []string{"../playbooks/battery-room-fire.yaml"}
	for n := range rounds {
		books = append(books, fmt.Sprintf("../playbooks/round-%d.yaml", first+n))
	}
	var apart func(map[string]int)
	if one := v.sea.one; one != nil {
		apart = func(ports map[string]int) { one.own = ports }
	}
	v.trio = raise(t, trioOptions{apart: apart, places: []func(func()){v.sea.at[1].in, v.sea.at[2].in, v.sea.at[3].in},
		change: map[string]func(string) string{"continuity.yaml": func(s string) string {
			s = brief["continuity.yaml"](s)
			return strings.Replace(s, "playbooks: [../playbooks/battery-room-fire.yaml]", "playbooks: ["+strings.Join(books, ", ")+"]", 1)
		}},
		between: func(dir string, ports map[string]int, nodes []*seat) {
			for n := range rounds {
				file := filepath.Join(dir, "sites", "playbooks", fmt.Sprintf("round-%d.yaml", first+n))
				if err := os.WriteFile(file, fmt.Appendf(nil, roundBook, first+n), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if v.sea.one != nil {
				v.sea.chartOne(ports, nodes)
				return
			}
			v.sea.chart(ports)
			for i, s := range nodes {
				v.disks[i] = newOwnDisk(t, s.data)
			}
		}})
	v.crowd = newCrowd(v.trio)
	v.end = func() {}
	t.Cleanup(func() {
		if t.Failed() {
			v.end()
		}
	})
	v.ready()
	return v
}

// declared brings the organisation to where playbooks may be started: a disaster at a center that serves nothing.
func (v *voyage) declared() {
	v.t.Helper()
	rnd := rand.New(rand.NewPCG(uint64(v.seed), 1))
	err := v.says(rnd, "operator", "incidents", fmt.Sprint(v.seed, "report"), map[string]any{"site": "dc3", "kind": "report", "what": "rounds begin", "grade": 1})
	if err != nil {
		v.t.Fatal(err)
	}
	var motion string
	err = v.sees(time.Minute, "the committee is asked", func(p bcp.Picture) bool {
		if len(p.Motions) == 0 || p.Motions[0].State == bcp.MotionDraft {
			return false
		}
		motion = p.Motions[0].ID
		return true
	})
	if err != nil {
		v.t.Fatal(err)
	}
	v.votes(motion, rnd)
	if err := v.sees(time.Minute, "the disaster is declared", func(p bcp.Picture) bool { return p.Org.State == bcp.OrgDeclared }); err != nil {
		v.t.Fatal(err)
	}
}

// look is the situation as a node has it; nobody asks one that cannot answer now.
func (v *voyage) look(s *seat) (p bcp.Picture, ok bool) {
	if v.struck[slices.Index(v.nodes, s)].Load() {
		return p, false
	}
	return p, v.crowd.at(s, "facilities").get("bcp", &p)
}

// round is one act, one fault, and the judgement.
func (v *voyage) round(n int) {
	v.t.Helper()
	rnd, other := rand.New(rand.NewPCG(uint64(n), 5)), rand.New(rand.NewPCG(uint64(n), 6))
	began := time.Now()
	name := v.choose(rnd)
	stop, people, ended := make(chan struct{}), sync.WaitGroup{}, make(chan error, 1)
	v.crowd.chat(stop, &people)
	go func() { ended <- acts[name](v, n, other) }()
	time.Sleep(time.Duration(rnd.IntN(most(name))) * time.Millisecond)
	at := time.Since(began)
	what := v.suffer(rnd, n)
	lasts := time.Since(began) - at
	err := <-ended
	close(stop)
	people.Wait()
	acted := time.Since(began)
	v.played++
	told := fmt.Sprintf("round %d of %d (number %d): %s; after %.1f s for %.1f s %s; the act took %.1f s", v.played, v.rounds, n, name, at.Seconds(), lasts.Seconds(), what, acted.Seconds())
	if err == nil {
		v.settle(told)
		told += fmt.Sprintf(", all of one mind %.1f s later", (time.Since(began) - acted).Seconds())
	}
	v.t.Log(told)
	if err != nil {
		v.t.Errorf("%s: %v", name, err)
	}
	if v.t.Failed() {
		v.t.Fatalf("play it again with BONGSU_SEED=%d", n)
	}
}

// most is how many milliseconds of an act a fault may come at.
func most(name string) int {
	if name == "move" {
		return 15_000
	}
	return 2500
}

// ignites sets fire to the first building. While the response goes through its stages rounds go on, in which whatever goes
// wrong between the sites, to the desks and to the members must not move them from their clock.
func (v *voyage) ignites() {
	v.t.Helper()
	v.sparing, v.alight = true, time.Now()
	v.nodes[0].scenario("battery-fire")
}

// burns plays on until the fire has come to a stage, and holds the building to its clock.
func (v *voyage) burns(from int, until string) {
	v.t.Helper()
	home := v.nodes[0]
	for n := from; !v.t.Failed(); n++ {
		var r room
		if v.crowd.at(home, "facilities").get("fire/rooms/B1", &r) && slices.Index(stageOrder, r.Stage) >= slices.Index(stageOrder, until) {
			break
		}
		if time.Since(v.alight) > 8*time.Minute {
			v.t.Fatalf("the fire is at stage %q after %v", r.Stage, time.Since(v.alight))
		}
		v.round(n)
	}
	v.t.Logf("stage %s was seen %.0f s after the fire began", until, time.Since(v.alight).Seconds())
	home.login("operator")
	told := home.journal()
	v.prompt(told)
	if until == "S4" {
		inTime(v.t, told)
	}
}

// prompt holds the building's field to its stages: each came when its fire made it come, and what it orders was on the wire
// at once.
func (v *voyage) prompt(told []entry) {
	v.t.Helper()
	stage, sent := map[string]time.Time{}, map[string]time.Time{}
	for _, e := range told {
		var x struct {
			Rack, To, Name string
			Sent           *time.Time
		}
		_ = json.Unmarshal(e.Data, &x)
		switch {
		case e.Kind == "stage" && x.Rack != "" && stage[x.To].IsZero():
			stage[x.To] = e.Time
		case e.Kind == "command" && x.Sent != nil:
			if name := x.Name[strings.LastIndex(x.Name, ".")+1:]; sent[name].IsZero() {
				sent[name] = *x.Sent
			}
		}
	}
	for _, want := range []struct {
		stage, order string
		after        time.Duration // it takes the fire to that stage
	}{{"S1", "ISOLATE", 44 * time.Second}, {"S2", "FD_CALL", 56 * time.Second}, {"S3", "NOZZLE", 77 * time.Second}} {
		at, done := stage[want.stage], sent[want.order]
		if late := at.Sub(v.alight) - want.after; at.IsZero() || late > 20*time.Second {
			v.t.Errorf("stage %s came %v later than the fire makes it come", want.stage, late)
		}
		if d := done.Sub(at); done.IsZero() || d > 3*time.Second {
			v.t.Errorf("%s was sent %v after stage %s", want.order, d, want.stage)
		}
		v.t.Logf("stage %s %.1f s after the fire began, %s sent %d ms later", want.stage, at.Sub(v.alight).Seconds(), want.order, done.Sub(at).Milliseconds())
	}
}

// choose says what the next round is about: a move where one can begin.
func (v *voyage) choose(rnd *rand.Rand) string {
	if v.played >= v.rounds {
		return "vote" // the fire is not there yet, and there are no more playbooks
	}
	if v.sparing { // the messenger may have to move for the fire's sake
		return []string{"play", "vote"}[rnd.IntN(2)]
	}
	for _, s := range v.nodes {
		if p, ok := v.look(s); ok && p.Control.Leads && (p.Groups[0].State == bcp.RunArmed || p.Groups[0].State == bcp.RunComplete) {
			return []string{"move", "move", "deny"}[rnd.IntN(3)]
		}
	}
	return []string{"play", "vote"}[rnd.IntN(2)]
}

// suffer lets one thing go wrong for a while, at every third time another at another node before it is mended, and in one
// round of ten all three at once.
func (v *voyage) suffer(rnd *rand.Rand, n int) string {
	if !v.sparing && n%10 == 1 {
		all := []func() fault{v.allDie, v.allFreeze, v.allApart}[n/10%3]()
		all.strike()
		time.Sleep(time.Duration(500+rnd.IntN(4500)) * time.Millisecond)
		all.heal()
		return all.name
	}
	i := rnd.IntN(3)
	one, other := v.fault(rnd, n, i), v.fault(rnd, n+1+rnd.IntN(16), (i+1+rnd.IntN(2))%3)
	lasts := func() time.Duration { return time.Duration(500+rnd.IntN(4500)) * time.Millisecond }
	one.strike()
	time.Sleep(lasts())
	if rnd.IntN(3) > 0 {
		one.heal()
		return one.name
	}
	other.strike()
	time.Sleep(lasts() / 2)
	one.heal()
	time.Sleep(lasts() / 2)
	other.heal()
	return one.name + ", and then " + other.name
}

// settle waits until all three have come to one mind, and holds what was written meanwhile to the promises.
func (v *voyage) settle(told string) {
	v.t.Helper()
	over := false
	defer func() {
		if !over {
			v.t.Log(told + "; and then:")
		}
	}()
	for _, s := range v.nodes {
		v.patiently(s.name+" serves", func() bool { return s.status("/readyz") == http.StatusOK })
	}
	v.agree()
	var open []string
	eventually(v.t, 60*time.Second, "every act has its outcome", func() bool {
		for i, s := range v.nodes {
			var ok bool
			if v.held[i], ok = later(v.crowd.at(s, "facilities").get, v.held[i]); !ok {
				return false
			}
		}
		open = v.judgeActs(v.held[0])
		return len(open) == 0
	})
	for i := range v.nodes[1:] {
		for k := range min(len(v.held[0]), len(v.held[i+1])) {
			if v.held[0][k] != v.held[i+1][k] {
				v.t.Fatalf("entry %d at n1 is\n%s\nand at n%d\n%s", k+1, v.held[0][k], i+2, v.held[i+1][k])
			}
		}
	}
	v.crowd.mu.Lock()
	taken := slices.Clone(v.crowd.taken)
	v.crowd.mu.Unlock()
	v.judgeEntries(v.held[0], taken)
	if m := v.nodes[0].messenger(); m.Lost != 0 || m.Duplicated != 0 {
		v.t.Errorf("%+v", m)
	}
	over = true
}

// agree waits until all three have been seen at one entry and believed the same there. The journal may go on meanwhile, and
// whoever leads believes what it has written a moment before it has read it.
func (v *voyage) agree() {
	v.t.Helper()
	var minds [3]map[uint64][]string
	var last [3]uint64
	for i := range minds {
		minds[i] = map[uint64][]string{}
	}
	v.end = func() {
		for i, s := range v.nodes {
			v.t.Logf("at entry %d %s believes:\n%s", last[i], s.name, strings.Join(minds[i][last[i]], "\n"))
		}
	}
	v.patiently("the three have read the same and believe the same", func() bool {
		leads := 0
		for i, s := range v.nodes {
			p, ok := v.look(s)
			if !ok || !p.Control.Quorum {
				return false
			}
			if p.Control.Leads {
				leads++
			}
			last[i] = p.Control.Seq
			minds[i][last[i]] = mind(p)
		}
		if leads != 1 {
			return false
		}
		for seq, m := range minds[0] {
			if minds[1][seq] != nil && slices.Equal(m, minds[1][seq]) && minds[2][seq] != nil && slices.Equal(m, minds[2][seq]) {
				return true
			}
		}
		return false
	})
}

// patiently waits for what has to come by itself.
func (v *voyage) patiently(what string, ok func() bool) {
	v.t.Helper()
	eventually(v.t, 90*time.Second, what, ok)
}

// arrive is the end: all is still, and each node finds that the two others have its history and its state.
func (v *voyage) arrive() {
	v.t.Helper()
	v.patiently("no run is under way", func() bool {
		p, ok := v.look(v.nodes[0])
		return ok && !p.Groups[0].Run.Under()
	})
	var seen [3][]string
	v.end = func() {
		held, _ := later(v.crowd.at(v.nodes[0], "facilities").get, v.held[0])
		v.t.Logf("%q\nand the newest entries are\n%s", seen, strings.Join(held[max(0, len(held)-20):], "\n"))
	}
	v.patiently("the three agree", func() bool {
		agree := 0
		for i, s := range v.nodes {
			seen[i] = nil
			for line := range strings.Lines(s.page("/metrics")) {
				if strings.HasPrefix(line, "bongsu_shared_state_") {
					seen[i] = append(seen[i], strings.TrimSpace(line))
				}
				if strings.HasPrefix(line, "bongsu_shared_node_agrees{") && strings.HasSuffix(line, " 1\n") {
					agree++
				}
			}
		}
		return agree == 9 && len(seen[0]) == 2 && slices.Equal(seen[0], seen[1]) && slices.Equal(seen[1], seen[2])
	})
	v.t.Logf("all three: %s", seen[0])
}

// judgeActs holds each run and each playbook to acts that were done once, and gives those without an outcome.
func (v *voyage) judgeActs(journal []string) (open []string) {
	v.t.Helper()
	type doing struct{ name, of string }
	acts, states, done := map[string]doing{}, map[string]string{}, map[doing]int{}
	runs := 0
	for _, line := range journal {
		var e struct {
			Kind string
			Data json.RawMessage
		}
		_ = json.Unmarshal([]byte(line), &e)
		switch e.Kind {
		case bcp.KindMove:
			var m bcp.Transition
			_ = json.Unmarshal(e.Data, &m)
			if m.Machine == bcp.MachineFailover && m.From == bcp.RunArmed && m.From != m.To {
				runs++
			}
			for _, f := range m.Effects {
				if f.Repeatable() {
					continue
				}
				d := doing{fmt.Sprintf("%s %s %s %s", f.Kind, f.To, f.Args["percent"], f.Args["step"]), fmt.Sprint(m.Machine, m.ID)}
				if m.Machine == bcp.MachineFailover {
					d.of = fmt.Sprint("run ", runs)
				}
				acts[f.Key] = d
			}
		case bcp.KindOutcome:
			var o bcp.Outcome
			_ = json.Unmarshal(e.Data, &o)
			states[o.Key] = o.State
		}
	}
	for key, d := range acts {
		switch states[key] {
		case bcp.ActDone:
			done[d]++
		case bcp.ActNotDone:
		default:
			open = append(open, d.name+" of "+d.of+": "+states[key])
		}
	}
	for d, n := range done {
		// What a person resumes may ask for its act anew; nothing else may.
		if n > 1+v.resumed {
			v.t.Errorf("%s of %s was done %d times", d.name, d.of, n)
		}
	}
	return open
}

// page is what a node answers to anybody.
func (s *seat) page(path string) string {
	resp, err := http.Get(s.base + path)
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	return string(text)
}
