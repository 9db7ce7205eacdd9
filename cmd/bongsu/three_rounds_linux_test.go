package main

import (
	"fmt"
	"math/rand/v2"
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
