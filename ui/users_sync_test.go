package ui

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// copyOf is an account as one desk or all sites have it.
type copyOf struct {
	version, edits int64
	edited         int // minutes
	password       string
	removed        bool
}

func (c copyOf) record() sharedRecord {
	at := time.Date(2026, 1, 1, 0, c.edited, 0, 0, time.UTC)
	r := record{User: "kim", Roles: []string{"lead"}, Password: c.password, Version: c.version, Edits: max(1, c.edits), Edited: at}
	return sharedRecord{record: r, Removed: c.removed, uncounted: c.edits == 0}
}

func TestWhichOfTwoCopiesHolds(t *testing.T) {
	for name, c := range map[string]struct {
		theirs, mine copyOf
		want         verdict
		says         string
	}{
		"the same":                                          {copyOf{5, 2, 0, "a", false}, copyOf{5, 2, 0, "a", false}, agreed, ""},
		"the same in a store that is new":                   {copyOf{3, 2, 0, "a", false}, copyOf{57, 2, 0, "a", false}, takeOver, ""},
		"changed elsewhere":                                 {copyOf{9, 3, 1, "b", false}, copyOf{5, 2, 0, "a", false}, takeOver, ""},
		"removed elsewhere":                                 {copyOf{9, 3, 1, "", true}, copyOf{5, 2, 0, "a", false}, takeOver, ""},
		"never shared from here":                            {copyOf{5, 1, 0, "a", false}, copyOf{0, 7, 9, "b", false}, takeOver, ""},
		"written by a program that does not count":          {copyOf{9, 0, 0, "b", false}, copyOf{5, 4, 0, "a", false}, takeOver, ""},
		"an old copy came first into a new store":           {copyOf{3, 1, 0, "old", false}, copyOf{57, 4, 8, "new", false}, putInPlace, "changed 4 times, all sites' 1 times"},
		"a removed account came first into a new store":     {copyOf{3, 1, 0, "old", false}, copyOf{57, 2, 8, "", true}, putInPlace, "changed 2 times"},
		"one number, another content, changed later here":   {copyOf{5, 2, 0, "a", false}, copyOf{5, 2, 1, "b", false}, putInPlace, "changed later"},
		"one number, another content, changed later there":  {copyOf{5, 2, 1, "a", false}, copyOf{5, 2, 0, "b", false}, giveWay, "changed later"},
		"one number, one time, removed here":                {copyOf{5, 2, 0, "a", false}, copyOf{5, 2, 0, "", true}, putInPlace, "the removal"},
		"one number, one time, removed there":               {copyOf{5, 2, 0, "", true}, copyOf{5, 2, 0, "a", false}, giveWay, "the removal"},
		"another number that is greater says nothing":       {copyOf{900, 1, 0, "old", false}, copyOf{57, 2, 0, "new", false}, putInPlace, "changed 2 times"},
		"nothing but the content tells them apart":          {copyOf{5, 2, 0, "a", false}, copyOf{5, 2, 0, "b", false}, putInPlace, "content"},
		"nothing but the content tells them apart, reverse": {copyOf{5, 2, 0, "b", false}, copyOf{5, 2, 0, "a", false}, giveWay, "content"},
	} {
		t.Run(name, func(t *testing.T) {
			got, _, why, err := settle(c.theirs.record(), c.mine.record())
			if err != nil || got != c.want || !strings.Contains(why, c.says) || (why == "") != (c.says == "") {
				t.Errorf("%v %q %v, want %v with %q", got, why, err, c.want, c.says)
			}
		})
	}
}

// withAccount is a desk that has an account by a password's hash that is made once: hashing is slow by design.
func withAccount(t *testing.T, u *Users, r record) {
	t.Helper()
	r.Password = u.fake
	if err := u.update(func(f *usersFile) error {
		f.Users = placed(f.Users, r, true)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// empty takes the shared store away and sets it up from nothing: its numbers begin anew.
func (c *commonAccounts) empty() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all, c.version = map[string]SharedAccount{}, 0
}

// A store that is set up from nothing is filled by whoever comes first, also by a desk that was away for long. What was
// removed stays removed and what was changed stays changed, whoever comes first.
func TestAStoreSetUpFromNothingBringsNothingBack(t *testing.T) {
	for _, first := range []int{0, 1} {
		t.Run(fmt.Sprintf("desk %d comes first", first), func(t *testing.T) {
			c, seats, users := desks(t)
			for _, name := range []string{"kim", "lee", "park"} {
				withAccount(t, users[0], record{User: name, Name: kim, Roles: []string{"operator"}})
			}
			synced(t, users[0], users[1], users[0])
			seats[1].cut = true
			if err := users[0].By("admin").Remove("kim"); err != nil {
				t.Fatal(err)
			}
			if err := users[0].By("admin").SetProfile("lee", Profile{Name: kim, Roles: []string{"lead"}}, time.Time{}); err != nil {
				t.Fatal(err)
			}
			seats[1].cut = false
			c.empty()
			synced(t, users[first], users[1-first], users[first], users[1-first])
			for i, u := range users {
				if got := names(u); !slices.Equal(got, []string{"lee", "park"}) {
					t.Errorf("desk %d has %v", i, got)
				}
				if id, ok := u.get("lee"); !ok || id.roles[0] != "lead" {
					t.Errorf("desk %d: lee is %+v", i, id)
				}
			}
			told := 0
			for _, n := range c.notes {
				if n.What == "settled" && n.Why != "" {
					told++
				}
			}
			if want := 2 * first; told != want { // only what came first and was older had to be settled
				t.Errorf("the journal tells of %d settled accounts, want %d: %+v", told, want, c.notes)
			}
			if n := len(users[0].Settled()); n != told {
				t.Errorf("the first desk remembers %d", n)
			}
		})
	}
}

// Whatever copies some desks bring to a new store and in whatever order they come, all end with the same, and it is the
// one that was changed most often.
func TestCopiesOfAnyHistorySettleTheSame(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 23))
	for round := range 15 {
		c := &commonAccounts{all: map[string]SharedAccount{}}
		var users []*Users
		var most int64
		for range 3 {
			u := emptyUsers(t)
			u.Share(&seatAt{commonAccounts: c})
			edits := 1 + r.Int64N(4)
			most = max(most, edits)
			at := time.Date(2026, 1, 1, 0, r.IntN(3), 0, 0, time.UTC)
			version := 1 + r.Int64N(9)
			if err := u.update(func(f *usersFile) error {
				if r.IntN(3) == 0 {
					f.Removed = []tombstone{{User: "kim", Edits: edits, Edited: at, Version: version}}
					return nil
				}
				f.Users = []record{{User: "kim", Roles: []string{roles[r.IntN(3)]}, Password: u.fake, Edits: edits, Edited: at, Version: version}}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			users = append(users, u)
		}
		order := []int{0, 1, 2}
		for range 4 {
			r.Shuffle(len(order), func(i, k int) { order[i], order[k] = order[k], order[i] })
			for _, i := range order {
				synced(t, users[i])
			}
		}
		want, err := shareable(users[0].copies()["kim"])
		if err != nil {
			t.Fatal(err)
		}
		for i, u := range users {
			m := u.copies()["kim"]
			got, err := shareable(m)
			if err != nil || string(got) != string(want) || m.Edits != most || m.Version != c.all["kim"].Version {
				t.Fatalf("round %d: desk %d has %s of %d changes, desk 0 %s, the most are %d, %v", round, i, got, m.Edits, want, most, err)
			}
		}
	}
}

// slowReader is a seat at which something happens between what all sites say and its being heard.
type slowReader struct {
	*seatAt
	meanwhile func()
}

func (s *slowReader) All(ctx context.Context) ([]SharedAccount, error) {
	all, err := s.seatAt.All(ctx)
	if then := s.meanwhile; then != nil {
		s.meanwhile = nil
		then()
	}
	return all, err
}

// A change that is made here just while all sites' accounts are read is no other history.
func TestAChangeWhileTheOthersAreReadIsNotSettled(t *testing.T) {
	c, seats, users := desks(t)
	withAccount(t, users[0], record{User: "kim", Roles: []string{"operator"}})
	synced(t, users[0], users[1])
	seat := &slowReader{seatAt: seats[0]}
	users[0].Share(seat)
	var changed error
	seat.meanwhile = func() {
		changed = users[0].By("admin").SetProfile("kim", Profile{Roles: []string{"lead"}}, time.Time{})
	}
	if err := users[0].Sync(t.Context()); err != nil || changed != nil {
		t.Fatalf("the look: %v, the change: %v", err, changed)
	}
	for _, n := range c.notes {
		if n.What == "settled" {
			t.Errorf("the journal tells of two histories: %+v", n)
		}
	}
	if id, _ := users[0].get("kim"); len(id.roles) != 1 || id.roles[0] != "lead" {
		t.Errorf("kim is %+v", id)
	}
}

// What is agreed writes nothing: neither the file nor the store.
func TestAgreedAccountsAreLeftAlone(t *testing.T) {
	c, _, users := desks(t)
	withAccount(t, users[0], record{User: "kim", Roles: []string{"operator"}})
	withAccount(t, users[0], record{User: "lee", Roles: []string{"operator"}})
	synced(t, users[0], users[1])
	if err := users[1].By("").Remove("lee"); err != nil {
		t.Fatal(err)
	}
	synced(t, users[0], users[1], users[0])
	before, version, seen := maps.Clone(c.all), c.version, users[0].seen
	synced(t, users[0], users[1])
	if c.version != version || len(c.all) != len(before) || users[0].seen != seen {
		t.Error("a look at agreed accounts writes")
	}
	if len(users[0].Settled())+len(users[1].Settled()) != 0 {
		t.Error("something was settled that one history tells")
	}
}

// Each of two sites takes the other administrator away at the same moment: one of them is refused.
func TestTheLastAdministratorStays(t *testing.T) {
	c, _, users := desks(t)
	for _, name := range []string{"one", "two"} {
		withAccount(t, users[0], record{User: name, Roles: []string{adminRole}})
	}
	withAccount(t, users[0], record{User: "asleep", Roles: []string{adminRole}, Disabled: true})
	synced(t, users[0], users[1], users[0])
	var rival error
	c.rival = func() { rival = users[1].By("two").Remove("one") }
	err := users[0].By("one").Remove("two")
	if rival != nil || !errors.Is(err, ErrLastAdmin) {
		t.Fatalf("the one who came first: %v; the other: %v", rival, err)
	}
	synced(t, users[0])
	for what, err := range map[string]error{
		"remove": users[0].By("two").Remove("two"), "disable": users[0].By("two").SetDisabled("two", true),
		"another role": users[0].By("two").SetProfile("two", Profile{Roles: []string{"lead"}}, time.Time{}),
	} {
		if !errors.Is(err, ErrLastAdmin) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := users[0].By("two").SetDisabled("asleep", false); err != nil {
		t.Fatal(err)
	}
	if err := users[0].By("asleep").Remove("two"); err != nil {
		t.Errorf("with another administrator: %v", err)
	}
}

// The one who decides has seen the account as it is: a change meanwhile is not undone without a word.
func TestAStaleDecisionIsRefused(t *testing.T) {
	_, _, users := desks(t)
	withAccount(t, users[0], record{User: "kim", Roles: []string{"operator"}, Edited: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)})
	synced(t, users[0], users[1])
	saw := users[0].List()[0].Edited
	if err := users[1].By("").SetProfile("kim", Profile{Roles: []string{"lead"}}, saw); err != nil {
		t.Fatal(err)
	}
	if err := users[0].By("").SetProfile("kim", Profile{Roles: []string{"chair"}}, saw); !errors.Is(err, ErrStale) {
		t.Errorf("an old look was enough: %v", err)
	}
}

// A site alone writes a change into its own journal before it makes it, and makes none that cannot be written.
func TestASiteAloneTellsItsJournal(t *testing.T) {
	u := emptyUsers(t)
	withAccount(t, u, record{User: "kim", Roles: []string{"operator"}})
	var told []AccountChange
	var away error
	u.Journal(func(_ context.Context, c AccountChange) error {
		told = append(told, c)
		return away
	})
	if err := u.By("admin").SetDisabled("kim", true); err != nil {
		t.Fatal(err)
	}
	if _, ok := u.get("kim"); ok {
		t.Error("a disabled account goes on")
	}
	away = errors.New("the field is away")
	if err := u.By("admin").Remove("kim"); !errors.Is(err, away) || len(u.List()) != 1 {
		t.Errorf("%v, %v", err, names(u))
	}
	if err := u.By("admin").Remove("kim"); err == nil || len(told) != 3 || told[0].What != "disable" || told[0].By != "admin" || !told[0].Disabled {
		t.Errorf("%v, %+v", err, told)
	}
}
