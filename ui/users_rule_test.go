package ui

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// past is what one history says of accounts.
type past map[string]sharedRecord

func (p past) file() usersFile {
	var f usersFile
	for _, user := range slices.Sorted(maps.Keys(p)) {
		f.take(p[user])
	}
	return f
}

func (p past) text(t *testing.T) string {
	t.Helper()
	var out bytes.Buffer
	for _, user := range slices.Sorted(maps.Keys(p)) {
		text, err := shareable(p[user])
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "%s\n", text)
	}
	return out.String()
}

// with settles two histories, account by account.
func (p past) with(t *testing.T, other past) past {
	t.Helper()
	out := maps.Clone(p)
	for user, mine := range other {
		theirs, ok := out[user]
		if !ok {
			out[user] = mine
			continue
		}
		_, holds, _, err := settle(theirs, mine)
		if err != nil {
			t.Fatal(err)
		}
		holds.Version = 1
		out[user] = holds
	}
	return out
}

// act changes one account as a desk of that history would, and says whether that was allowed.
func (p past) act(u *Users, e edit) bool {
	list, _ := p.file().governed(u.mayLogIn)
	had, has := recordOf(list, e.user)
	if s, ok := p[e.user]; ok && s.Removed {
		had.Edits, had.Ruled = s.Edits, s.Ruled
	}
	r, keep, _, err := e.on(list, had, has, u.administers)
	if err != nil {
		return false
	}
	r.Version = 1
	p[e.user] = sharedRecord{record: r, Removed: !keep}
	return true
}

// anyAct is something that a person may do with accounts.
func anyAct(r *rand.Rand, hash string) edit {
	user := []string{"kim", "lee", "park", "choi"}[r.IntN(4)]
	role := []string{adminRole, "operator"}[r.IntN(2)]
	change := func(do func(*record)) edit {
		return edit{user: user, do: present(user, func(r *record) error { do(r); return nil })}
	}
	switch r.IntN(6) {
	case 0, 1:
		return edit{user: user, do: func(_ *record, has bool) (bool, error) {
			if !has {
				return false, missing(user)
			}
			return false, nil
		}}
	case 2:
		return edit{user: user, do: func(r *record, has bool) (bool, error) {
			if has {
				return true, ErrUser
			}
			*r = record{User: user, Roles: []string{role}, Password: hash, Edits: r.Edits}
			return true, nil
		}}
	case 3:
		return change(func(r *record) { r.Roles = []string{role} })
	case 4:
		return change(func(r *record) { r.Disabled = !r.Disabled })
	default:
		return change(func(r *record) { r.Name.EN += "x" })
	}
}

// Whatever histories sites bring, settling gives one result in whatever order and however often it is done, and never
// leaves nobody who may change accounts: also where each history has taken away the other's only administrator, and
// where they have no beginning in common.
func TestSettlingLeavesAnAdministrator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := emptyUsers(t)
		kept := 0
		for round := range 500 {
			r := rand.New(rand.NewPCG(uint64(round), 46))
			begin := func() past {
				p := past{}
				for _, user := range []string{"kim", "lee", "park"} {
					role := []string{adminRole, "operator"}[r.IntN(2)]
					if user == "kim" || r.IntN(3) > 0 {
						p[user] = sharedRecord{record: record{User: user, Roles: []string{role}, Password: u.fake, Edits: 1, Version: 1}}
					}
				}
				one := []string{"kim", "lee"}[r.IntN(2)]
				p[one] = sharedRecord{record: record{User: one, Roles: []string{adminRole}, Password: u.fake, Edits: 1, Version: 1}}
				return p
			}
			common := begin()
			var all [3]past
			for i := range all {
				if all[i] = maps.Clone(common); r.IntN(8) == 0 {
					all[i] = begin()
				}
				for range r.IntN(8) {
					time.Sleep(time.Duration(r.IntN(3)) * time.Millisecond)
					all[i].act(u, anyAct(r, u.fake))
				}
			}
			x, y, z := all[0], all[1], all[2]
			want := x.with(t, y).with(t, z)
			for how, got := range map[string]past{
				"another order": z.with(t, x).with(t, y), "another pair first": x.with(t, y.with(t, z)), "twice": want.with(t, want).with(t, x),
			} {
				if a, b := want.text(t), got.text(t); a != b {
					t.Fatalf("round %d, %s:\n%s\nand\n%s", round, how, a, b)
				}
			}
			if a, b := x.text(t), x.with(t, x).text(t); a != b {
				t.Fatalf("round %d: settled with itself\n%sis\n%s", round, a, b)
			}
			for _, p := range []past{x, y, z, x.with(t, y), want} {
				list, who := p.file().governed(u.mayLogIn)
				if !slices.ContainsFunc(list, u.administers) {
					t.Fatalf("round %d: nobody is left who may change accounts:\n%s", round, p.text(t))
				}
				if who != "" {
					kept++
				}
			}
		}
		if kept < 20 {
			t.Errorf("only %d histories would have left nobody: that is no test", kept)
		}
	})
}

// Two sites that were cut from each other have each removed the other's only administrator. Whoever comes first to the
// store that is set up from nothing, the one who was removed last stays, the journal says so once, and all desks agree,
// also after the next change of accounts.
func TestTheAdministratorWhoWasRemovedLastStays(t *testing.T) {
	for _, first := range []int{0, 1} {
		t.Run(fmt.Sprintf("desk %d comes first", first), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, seats, users := desks(t)
				for _, name := range []string{"one", "two"} {
					withAccount(t, users[0], record{User: name, Roles: []string{adminRole}})
				}
				withAccount(t, users[0], record{User: "kim", Roles: []string{"operator"}})
				synced(t, users[0], users[1], users[0])
				cut := &commonAccounts{all: maps.Clone(c.all), version: c.version}
				users[1].Share(&seatAt{commonAccounts: cut})
				if err := users[0].By("one").Remove("two"); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				if err := users[1].By("two").SetDisabled("one", true); err != nil {
					t.Fatal(err)
				}
				users[1].Share(seats[1])
				c.empty()
				c.notes = nil
				for range 3 {
					synced(t, users[first], users[1-first])
				}
				for i, u := range users {
					if id, ok := u.get("one"); !ok || !slices.Contains(id.roles, adminRole) {
						t.Errorf("desk %d: one, whose end came last, is %+v", i, id)
					}
					if _, ok := u.get("two"); ok || u.keptNow() != "" {
						t.Errorf("desk %d: two, who was removed before, is back; %q is kept", i, u.keptNow())
					}
				}
				told := slices.DeleteFunc(slices.Clone(c.notes), func(n AccountChange) bool { return n.What != "kept" })
				if len(told) != 1 || told[0].User != "one" || told[0].Why == "" {
					t.Errorf("the journal tells %+v", c.notes)
				}
				if err := users[0].By("one").Remove("one"); !errors.Is(err, ErrLastAdmin) {
					t.Errorf("the one who was kept can be removed: %v", err)
				}
				if err := users[1].By("one").SetProfile("kim", Profile{Roles: []string{adminRole}}, time.Time{}); err != nil {
					t.Fatal(err)
				}
				synced(t, users[0], users[1])
				if err := users[0].By("kim").Remove("one"); err != nil {
					t.Errorf("with another administrator: %v", err)
				}
			})
		})
	}
}

// A removed administrator stays in sight of the desk's own file only as long as nobody else is left: the file of a desk
// that is cut off in the middle of settling opens the console all the same.
func TestAFileThatWouldLeaveNobodyKeepsOne(t *testing.T) {
	u := emptyUsers(t)
	gone := record{User: "gone", Roles: []string{adminRole}, Password: u.fake, Edits: 3}
	text, err := json.Marshal(usersFile{
		Users:   []record{{User: "kim", Roles: []string{"operator"}, Password: u.fake}},
		Removed: []tombstone{{User: "gone", Edits: 4, Ruled: &ruled{Until: time.Now(), Record: gone}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := writeFile(u.file, text); err != nil {
		t.Fatal(err)
	}
	if err := u.load(); err != nil {
		t.Fatal(err)
	}
	if id, ok := u.get("gone"); !ok || !slices.Equal(id.roles, []string{adminRole}) {
		t.Errorf("nobody may change accounts: %v", names(u))
	}
	if err := u.By("gone").SetProfile("kim", Profile{Roles: []string{adminRole}}, time.Time{}); err != nil {
		t.Fatal(err)
	}
	if got := names(u); !slices.Equal(got, []string{"kim"}) {
		t.Errorf("the removal does not hold though there is another administrator: %v", got)
	}
}

// One account that this program cannot read keeps no other from being followed, is named, and is mended by any change.
func TestAnUnreadableAccountIsNamedAndPassedOver(t *testing.T) {
	c, _, users := desks(t)
	for _, name := range []string{"kim", "lee"} {
		withAccount(t, users[0], record{User: name, Roles: []string{"operator"}})
	}
	synced(t, users[0], users[1])
	c.mu.Lock()
	bad := c.all["kim"]
	bad.Record = []byte(`{"user":"kim","roles":["astronaut"]}`)
	c.version++
	bad.Version = c.version
	c.all["kim"] = bad
	c.mu.Unlock()
	if err := users[1].By("").SetProfile("lee", Profile{Roles: []string{"lead"}}, time.Time{}); err != nil {
		t.Fatal(err)
	}
	synced(t, users[0])
	if id, ok := users[0].get("lee"); !ok || id.roles[0] != "lead" {
		t.Errorf("lee is %+v", id)
	}
	if id, ok := users[0].get("kim"); !ok || id.roles[0] != "operator" {
		t.Errorf("kim is %+v, not as this desk knew kim", id)
	}
	if got := users[0].Unread(); len(got) != 1 || got[0].User != "kim" || got[0].Why == "" {
		t.Errorf("unread: %+v", got)
	}
	if users[0].Away() != nil {
		t.Errorf("no account can be changed: %v", users[0].Away())
	}
	if err := users[0].By("").SetProfile("kim", Profile{Roles: []string{"chair"}}, time.Time{}); err != nil {
		t.Fatal(err)
	}
	synced(t, users[1], users[0])
	if id, _ := users[1].get("kim"); len(id.roles) != 1 || id.roles[0] != "chair" || len(users[1].Unread()) != 0 {
		t.Errorf("kim is %+v, unread: %+v", id, users[1].Unread())
	}
}
