package bcp

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// byHand counts the plain way, for a committee of holders and one delegate, as a clerk would.
func byHand(seats []Seat, votes map[string]string, sitsFor string) (quorum bool, yes, no int, tie string) {
	present := map[string]string{}
	for _, s := range seats {
		if v, ok := votes[s.Person]; ok {
			present[s.Person] = v
		}
	}
	// The delegate fills the seat of the one he sits for, unless that one came.
	if v, ok := votes["guest"]; ok && sitsFor != "" {
		if _, came := present[sitsFor]; !came {
			present[sitsFor] = v
		}
	}
	chair, leads, both := false, 0, 0
	for _, s := range seats {
		v, ok := present[s.Person]
		if !ok {
			continue
		}
		switch v {
		case VoteYes:
			yes++
		case VoteNo:
			no++
		}
		if s.Chair > 0 {
			chair = true
			if tie == "" && (v == VoteYes || v == VoteNo) {
				tie = v
			}
		}
		if s.Recovery {
			leads++
		}
		if s.Chair > 0 && s.Recovery {
			both++
		}
	}
	return len(present)*2 >= len(seats) && chair && leads > both, yes, no, tie
}

// Every way a small committee with one delegate can vote.
func TestEveryVoteOfASmallCommittee(t *testing.T) {
	seats := []Seat{{Person: "chair", Chair: 1}, {Person: "dep", Chair: 2}, {Person: "lead", Recovery: true}, {Person: "law"}, {Person: "press"}}
	people := []string{"chair", "dep", "lead", "law", "press", "guest"}
	choices := []string{"", VoteYes, VoteNo, VoteAbstain}
	for _, sitsFor := range []string{"", "chair", "lead", "law"} {
		for n := range 1 << (2 * len(people)) {
			votes := map[string]string{}
			var ballots []Ballot
			for i, p := range people {
				if c := choices[n>>(2*i)&3]; c != "" {
					votes[p] = c
					b := Ballot{Person: p, Choice: c}
					if p == "guest" && sitsFor != "" {
						b.For = []string{sitsFor}
					}
					ballots = append(ballots, b)
				}
			}
			quorum, yes, no, tie := byHand(seats, votes, sitsFor)
			result := ""
			switch {
			case !quorum:
			case yes > no:
				result = VoteYes
			case no > yes:
				result = VoteNo
			default:
				result = tie
			}
			got := Count(seats, ballots, 1)
			if got.Quorum != quorum || got.Yes != yes || got.No != no || got.Result != result || got.Settled != (result != "") {
				t.Fatalf("%v for %q: %+v, want %v %d:%d %q", votes, sitsFor, got, quorum, yes, no, result)
			}
		}
	}
}

func TestOnePersonIsOneVote(t *testing.T) {
	seats := []Seat{{Person: "chair", Chair: 1}, {Person: "dep", Chair: 2}, {Person: "lead", Recovery: true}, {Person: "law"}}
	for _, tc := range []struct {
		name                 string
		ballots              []Ballot
		present, yes         int
		chair, lead, quorate bool
	}{
		{"two delegations, one vote", []Ballot{{"guest", []string{"chair", "law"}, VoteYes}}, 1, 1, true, false, false},
		{"a member's delegation adds nothing", []Ballot{{"dep", []string{"chair", "lead"}, VoteYes}}, 1, 1, true, false, false},
		{"the holder came, the delegate is a guest", []Ballot{{"law", nil, VoteNo}, {"guest", []string{"law"}, VoteYes}}, 1, 0, false, false, false},
		{"a delegate takes the seat that is needed", []Ballot{{"dep", nil, VoteYes}, {"guest", []string{"chair", "lead"}, VoteYes}}, 2, 2, true, true, true},
		{"two delegates arrange themselves", []Ballot{{"guest", []string{"chair", "lead"}, VoteYes}, {"clerk", []string{"dep"}, VoteYes}}, 2, 2, true, true, true},
		{"a stranger counts for nothing", []Ballot{{"clerk", nil, VoteYes}}, 0, 0, false, false, false},
	} {
		if got := Count(seats, tc.ballots, 1); got.Present != tc.present || got.Yes != tc.yes || got.Chair != tc.chair || got.Recovery != tc.lead || got.Quorum != tc.quorate {
			t.Errorf("%s: %+v", tc.name, got)
		}
	}
	// One person who chairs and leads is not two people.
	if got := Count([]Seat{{Person: "a", Chair: 1, Recovery: true}, {Person: "b"}}, []Ballot{{Person: "a", Choice: VoteYes}}, 1); got.Quorum {
		t.Errorf("%+v", got)
	}
}

func TestCountingNeverDependsOnTheOrderOfVotes(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	seats := []Seat{{Person: "p0", Chair: 1}, {Person: "p1", Chair: 2}, {Person: "p2", Recovery: true}, {Person: "p3", Recovery: true}, {Person: "p4"}, {Person: "p5"}}
	for range 3000 {
		var ballots []Ballot
		for p := range 9 {
			if rnd.IntN(2) == 0 {
				b := Ballot{Person: fmt.Sprint("p", p), Choice: []string{VoteYes, VoteNo, VoteAbstain, ""}[rnd.IntN(4)]}
				for s := range 6 {
					if p > 5 && rnd.IntN(3) == 0 {
						b.For = append(b.For, fmt.Sprint("p", s))
					}
				}
				ballots = append(ballots, b)
			}
		}
		a := Count(seats, ballots, 1)
		if a.Yes+a.No+a.Abstain > a.Present || a.Present > len(seats) || a.Present > len(ballots) {
			t.Fatalf("%+v of %v", a, ballots)
		}
		rnd.Shuffle(len(ballots), func(i, j int) { ballots[i], ballots[j] = ballots[j], ballots[i] })
		if b := Count(seats, ballots, 1); a.Present != b.Present || a.Quorum != b.Quorum {
			t.Fatalf("%+v, shuffled %+v: %v", a, b, ballots)
		}
	}
}
