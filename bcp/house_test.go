package bcp

import (
	"context"
	"encoding/json"
	"os"
	"testing"
	"time"

	"bongsu/journal"
)

// house is the organisation with a journal in memory and hands to play the world.
type house struct {
	t       *testing.T
	org     *Organisation
	now     time.Time
	facts   Facts
	entries []journal.Entry
	effects []Effect
	did     map[string]int // acts on the world, by key and by what they are
}

// newOrg is a messenger in Pangyo that can go on from Ansan.
func newOrg(t testing.TB) *Organisation {
	t.Helper()
	c := DefaultConfig()
	c.Services = []Service{
		{ID: "account", Tier: 1, Owner: "infra"},
		{ID: "api", Tier: 3, Owner: "infra", DependsOn: []string{"account"}},
		{ID: "messaging", Tier: 1, Owner: "talk", DependsOn: []string{"api", "account"}, Assets: []string{"pangyo/h1"}},
		{ID: "photos", Tier: 2, Owner: "talk", DependsOn: []string{"account"}},
		{ID: "ads", Tier: 3, Owner: "pr", DependsOn: []string{"messaging"}},
		{ID: "search", Tier: 3, Owner: "pr"},
	}
	c.Groups = []Group{
		{ID: "talk", Source: "pangyo", Target: "ansan", Tier: 1, Services: []string{"account", "api", "messaging", "photos"}, TTL: 30 * time.Second},
		{ID: "ads", Source: "pangyo", Target: "ansan", Tier: 3, Services: []string{"ads"}, TTL: 30 * time.Second},
		{ID: "search", Source: "anyang", Target: "ansan", Tier: 3, Services: []string{"search"}, TTL: 30 * time.Second},
	}
	o, err := NewOrganisation(c)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, org: newOrg(t), now: t0, did: map[string]int{}}
	h.facts = Facts{Epoch: 1, Roster: loadRoster(t), Unreachable: map[string]bool{}, SiteLost: map[string]Tri{}, Core: map[string]Tri{}, Present: map[string]bool{}}
	return h
}

func loadRoster(t testing.TB) *Roster {
	t.Helper()
	text, err := os.ReadFile("testdata/roster.yaml")
	if err != nil {
		t.Fatal(err)
	}
	r, faults := LoadRoster("roster.yaml", text)
	if r == nil {
		t.Fatal(faults)
	}
	return r
}

func (h *house) record(_ context.Context, t Transition) error {
	return h.write(KindMove, t)
}

func (h *house) write(kind string, data any) error {
	raw, err := json.Marshal(data)
	h.entries = append(h.entries, journal.Entry{Seq: uint64(len(h.entries) + 1), Kind: kind, Data: raw})
	return err
}

// turn lets the organisation decide at the present instant.
func (h *house) turn() []Effect {
	h.t.Helper()
	effects, err := h.org.Turn(h.t.Context(), h.now, h.facts, h.record)
	if err != nil {
		h.t.Fatal(err)
	}
	h.effects = append(h.effects, effects...)
	return effects
}

// after lets time pass, second by second.
func (h *house) after(d time.Duration) []Effect {
	h.t.Helper()
	var effects []Effect
	for end := h.now.Add(d); h.now.Before(end); {
		h.now = h.now.Add(time.Second)
		effects = append(effects, h.turn()...)
	}
	return effects
}

// do makes what a person asked for.
func (h *house) do(d Decision, err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
	tr, err := h.org.Ledger.Fire(h.t.Context(), d, h.record)
	if err != nil {
		h.t.Fatal(err)
	}
	h.effects = append(h.effects, tr.Effects...)
	h.turn()
}

// is holds a machine to a state.
func (h *house) is(machine, id, want string) {
	h.t.Helper()
	if got := h.org.Ledger.State(machine, id); got != want {
		h.t.Fatalf("%s: %s %s is %s, want %s", h.now.Sub(t0), machine, id, got, want)
	}
}

// count counts effects of a kind that went to somebody ("" for anybody).
func count1(effects []Effect, kind, to string) int {
	n := 0
	for _, e := range effects {
		if e.Kind == kind && (to == "" || e.To == to) {
			n++
		}
	}
	return n
}

func who(person string) Who { return Who{Person: person, Station: "desk-" + person} }

// picture is everything that is folded, to compare two houses by.
func (o *Organisation) picture(t testing.TB) string {
	t.Helper()
	states := map[string]string{}
	for key, m := range o.Ledger.machines {
		states[key] = m.State()
	}
	raw, err := json.MarshalIndent(map[string]any{
		"states": states, "acts": o.Ledger.acts, "open": o.Ledger.Open(),
		"incidents": o.Incidents.All(), "motions": o.Motions.All(), "codes": o.Motions.codes, "org": o.Committee.Org(), "runs": o.Runs.all, "brake": o.Runs.Brake(), "summons": o.Summons.All(), "services": o.Services.all, "plays": o.Plays.All(),
	}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// restart folds the journal anew and holds the result to what the living house believes.
func (h *house) restart() {
	h.t.Helper()
	fresh := newOrg(h.t)
	for _, e := range h.entries {
		if err := fresh.Fold(e); err != nil {
			h.t.Fatal(err)
		}
	}
	if got, want := fresh.picture(h.t), h.org.picture(h.t); got != want {
		h.t.Fatalf("the journal tells another story:\n%s\nwant\n%s", got, want)
	}
	h.org = fresh
}
