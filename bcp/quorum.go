package bcp

import "slices"

// Seat is one right to vote, fixed when a motion opens. A person with several roles has one seat.
type Seat struct {
	Person   string `json:"person"`
	Chair    int    `json:"chair"` // place in the chair line from 1, 0 for none
	Recovery bool   `json:"recovery,omitempty"`
}

// Seats lists the committee: the chair line, then recovery leads, then support leads.
func (r *Roster) Seats() []Seat {
	var seats []Seat
	sit := func(person string, chair int, recovery bool) {
		i := slices.IndexFunc(seats, func(s Seat) bool { return s.Person == person })
		if i < 0 {
			seats = append(seats, Seat{Person: person, Chair: chair, Recovery: recovery})
			return
		}
		seats[i].Recovery = seats[i].Recovery || recovery
	}
	for i, p := range r.Chair {
		sit(p, i+1, false)
	}
	for _, t := range r.Teams {
		if t.Kind == TeamRecovery {
			sit(t.Lead, 0, true)
		}
	}
	for _, t := range r.Teams {
		if t.Kind == TeamSupport {
			sit(t.Lead, 0, false)
		}
	}
	return seats
}

// The choices of a vote.
const (
	VoteYes     = "yes"
	VoteNo      = "no"
	VoteAbstain = "abstain"
)

// Ballot is one person in the room, with the vote cast if there is one. For lists whom the person sat
// for when it was cast or the roll was called.
type Ballot struct {
	Person string   `json:"person"`
	For    []string `json:"for,omitempty"`
	Choice string   `json:"choice,omitempty"`
}

// Tally is a count: the quorum and the votes, as shown and stored with each vote.
type Tally struct {
	Seats    int    `json:"seats"`
	Needed   int    `json:"needed"` // half of the seats, rounded up
	Present  int    `json:"present"`
	Chair    bool   `json:"chair"`    // the chair or a deputy is there
	Recovery bool   `json:"recovery"` // and a recovery lead beside
	Quorum   bool   `json:"quorum"`
	Yes      int    `json:"yes"`
	No       int    `json:"no"`
	Abstain  int    `json:"abstain"`
	Tie      string `json:"tie,omitempty"`    // what the chair says to a tie
	Result   string `json:"result,omitempty"` // yes or no by the votes cast so far, "" without a quorum or a majority
	Settled  bool   `json:"settled"`          // no vote still to come can matter, or all present have voted
}

// Count counts ballots. One person is one vote and fills one seat, whatever was delegated to him; a seat
// is filled by its holder before any delegate; acting is the place in the chair line that presides.
func Count(seats []Seat, ballots []Ballot, acting int) Tally {
	t := count(seats, fill(seats, ballots, false), acting)
	if !t.Chair || !t.Recovery {
		// A delegate of both a chair and a lead may be needed in the other seat.
		if other := count(seats, fill(seats, ballots, true), acting); other.Chair && other.Recovery {
			return other
		}
	}
	return t
}

func count(seats []Seat, filled map[int]Ballot, acting int) Tally {
	t := Tally{Seats: len(seats), Needed: (len(seats) + 1) / 2}
	var chairs, leads []int
	silent, chair, rank := false, "", len(seats)+1
	for i, s := range seats {
		b, ok := filled[i]
		if !ok {
			continue
		}
		t.Present++
		if s.Chair > 0 {
			chairs = append(chairs, i)
		}
		if s.Recovery {
			leads = append(leads, i)
		}
		switch b.Choice {
		case VoteYes:
			t.Yes++
		case VoteNo:
			t.No++
		case VoteAbstain:
			t.Abstain++
		default:
			silent = true
		}
		if r := presides(s, acting, len(seats)); s.Chair > 0 && r < rank && (b.Choice == VoteYes || b.Choice == VoteNo) {
			chair, rank = b.Choice, r
		}
	}
	t.Chair = len(chairs) > 0
	// The lead has to be somebody else than the chair: two people decide, not one with two hats.
	t.Recovery = len(leads) > 1 || len(leads) == 1 && slices.ContainsFunc(chairs, func(c int) bool { return c != leads[0] })
	t.Quorum = t.Present >= t.Needed && t.Chair && t.Recovery
	if t.Yes == t.No {
		t.Tie = chair
	}
	if !t.Quorum {
		return t
	}
	switch {
	case t.Yes > t.No:
		t.Result = VoteYes
	case t.No > t.Yes:
		t.Result = VoteNo
	default:
		t.Result = t.Tie
	}
	left := t.Seats - t.Yes - t.No - t.Abstain
	lead := max(t.Yes-t.No, t.No-t.Yes)
	t.Settled = t.Result != "" && (!silent || lead > left)
	return t
}

// presides ranks the chair line from the acting chair on; those passed over come last.
func presides(s Seat, acting, n int) int {
	if s.Chair >= acting {
		return s.Chair - acting
	}
	return n + s.Chair
}

// fill gives each seat to at most one ballot and each ballot at most one seat: as many seats as can be,
// the ones the quorum needs first.
func fill(seats []Seat, ballots []Ballot, leadsFirst bool) map[int]Ballot {
	filled := map[int]Ballot{}
	var delegates []Ballot
	chairThere := leadsFirst
	for _, b := range ballots {
		i := slices.IndexFunc(seats, func(s Seat) bool { return s.Person == b.Person })
		if i < 0 {
			delegates = append(delegates, b)
			continue
		}
		filled[i] = b
		chairThere = chairThere || seats[i].Chair > 0
	}
	order := make([]int, 0, len(seats))
	for i := range seats {
		if _, taken := filled[i]; !taken {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return need(seats[a], chairThere) - need(seats[b], chairThere) })
	by := map[int]int{} // delegate to seat
	for _, seat := range order {
		assign(seats, delegates, seat, by, map[int]bool{})
	}
	for d, seat := range by {
		filled[seat] = delegates[d]
	}
	return filled
}

func need(s Seat, chairThere bool) int {
	switch {
	case s.Chair > 0 && !chairThere:
		return 0
	case s.Recovery:
		return 1
	case s.Chair > 0:
		return 2
	}
	return 3
}

// assign finds a delegate for a seat, moving others to another seat of theirs where that helps.
func assign(seats []Seat, delegates []Ballot, seat int, by map[int]int, tried map[int]bool) bool {
	for d, b := range delegates {
		if tried[d] || !slices.Contains(b.For, seats[seat].Person) {
			continue
		}
		tried[d] = true
		if held, busy := by[d]; !busy || assign(seats, delegates, held, by, tried) {
			by[d] = seat
			return true
		}
	}
	return false
}
