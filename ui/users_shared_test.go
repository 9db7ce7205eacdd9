package ui

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"bongsu/facility"
)

// commonAccounts is what all sites know, in memory; whoever is cut off from it is told so.
type commonAccounts struct {
	mu      sync.Mutex
	all     map[string]SharedAccount
	version int64
	notes   []AccountChange
	rival   func() // happens once between a look and a change
}

// seat is one site's way to it.
type seatAt struct {
	*commonAccounts
	cut bool
}

func (s *seatAt) reach() error {
	if s.cut {
		return fmt.Errorf("no answer: %w", ErrReadOnly)
	}
	return nil
}

func (s *seatAt) All(context.Context) (out []SharedAccount, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.all {
		out = append(out, a)
	}
	return out, s.reach()
}

func (s *seatAt) Put(_ context.Context, a SharedAccount, asOf int64) (int64, error) {
	if err := s.reach(); err != nil {
		return 0, err
	}
	s.mu.Lock()
	rival := s.rival
	s.rival = nil
	s.mu.Unlock()
	if rival != nil {
		rival()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all[a.User].Version != a.Version {
		return 0, fmt.Errorf("%s: %w", a.User, ErrElsewhere)
	}
	for _, other := range s.all {
		if asOf > 0 && other.Version > asOf {
			return 0, fmt.Errorf("%s: %w", a.User, ErrElsewhere)
		}
	}
	s.version++
	a.Version = s.version
	s.all[a.User] = a
	return a.Version, nil
}

func (s *seatAt) Note(_ context.Context, c AccountChange) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notes = append(s.notes, c)
	return s.reach()
}

// emptyUsers is a file without accounts. What a password of nobody is compared with is any hash: making one is slow by
// design.
func emptyUsers(t *testing.T) *Users {
	t.Helper()
	text, err := demoFile()
	if err != nil {
		t.Fatal(err)
	}
	var f usersFile
	if err := json.Unmarshal(text, &f); err != nil {
		t.Fatal(err)
	}
	u := newUsers(filepath.Join(t.TempDir(), "users.json"), false)
	u.fake = f.Users[0].Password
	return u
}

// desks are two sites with their own files.
func desks(t *testing.T) (*commonAccounts, [2]*seatAt, [2]*Users) {
	t.Helper()
	c := &commonAccounts{all: map[string]SharedAccount{}}
	var seats [2]*seatAt
	var users [2]*Users
	for i := range users {
		u := emptyUsers(t)
		seats[i] = &seatAt{commonAccounts: c}
		u.Share(seats[i])
		users[i] = u
	}
	return c, seats, users
}

func synced(t *testing.T, users ...*Users) {
	t.Helper()
	for _, u := range users {
		if err := u.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func names(u *Users) (out []string) {
	for _, a := range u.List() {
		out = append(out, a.User)
	}
	slices.Sort(out)
	return out
}

var kim = facility.Text{KO: "김", EN: "Kim"}

// What is changed at one desk holds at all of them, and is on each one's own disk.
func TestAnAccountMadeAtOneSiteLogsInAtAll(t *testing.T) {
	c, seats, users := desks(t)
	if err := users[0].By("").Add("kim", kim, []string{"operator"}, "long enough"); err != nil {
		t.Fatal(err)
	}
	synced(t, users[1])
	if _, ok := users[1].check("kim", "long enough"); !ok {
		t.Fatal("kim is not known at the other site")
	}
	if err := users[1].By("").SetPassword("kim", "something else"); err != nil {
		t.Fatal(err)
	}
	synced(t, users[0])
	if _, ok := users[0].check("kim", "long enough"); ok {
		t.Error("the old password still opens the first site")
	}
	seats[0].cut = true
	again := emptyUsers(t)
	again.file = users[0].file
	if err := again.load(); err != nil {
		t.Fatal(err)
	}
	if _, ok := again.check("kim", "something else"); !ok {
		t.Error("a site that is cut off and starts anew keeps kim out")
	}
	if info, err := os.Stat(users[0].file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the copy is %v, %v", info.Mode(), err)
	}
	if len(c.notes) != 2 || c.notes[0].What != "add" || c.notes[1].What != "password" || c.notes[1].User != "kim" {
		t.Errorf("the journal tells %+v", c.notes)
	}
	if text := fmt.Sprintf("%+v", c.notes); strings.Contains(text, "argon2") {
		t.Errorf("the journal has a hash in it: %s", text)
	}
}

// A site that is cut off logs people in and changes nothing.
func TestACutOffSiteChangesNoAccount(t *testing.T) {
	_, seats, users := desks(t)
	if err := users[0].By("").Add("kim", kim, []string{"operator"}, "long enough"); err != nil {
		t.Fatal(err)
	}
	seats[0].cut = true
	for what, err := range map[string]error{
		"add": users[0].By("").Add("lee", kim, []string{"operator"}, "long enough"), "password": users[0].By("").SetPassword("kim", "something else"), "remove": users[0].By("").Remove("kim"),
	} {
		if !errors.Is(err, ErrReadOnly) || !strings.Contains(err.Error(), "no quorum: read only") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := users[0].Sync(t.Context()); !errors.Is(err, ErrReadOnly) {
		t.Errorf("sync: %v", err)
	}
	if _, ok := users[0].check("kim", "long enough"); !ok || len(names(users[0])) != 1 {
		t.Errorf("kim is kept out; accounts: %v", names(users[0]))
	}
	if _, err := users[0].loggedIn("kim", "192.0.2.7", users[0].seen.ModTime()); err != nil {
		t.Errorf("a login cannot be noted: %v", err)
	}
}

// A removed account stays removed, also for a site that was away and still has it.
func TestARemovedAccountDoesNotComeBack(t *testing.T) {
	_, seats, users := desks(t)
	if err := users[0].By("").Add("kim", kim, []string{"operator"}, "long enough"); err != nil {
		t.Fatal(err)
	}
	synced(t, users[1])
	seats[1].cut = true
	if err := users[0].By("").Remove("kim"); err != nil {
		t.Fatal(err)
	}
	seats[1].cut = false
	synced(t, users[1], users[0])
	if len(names(users[0])) != 0 || len(names(users[1])) != 0 {
		t.Errorf("%v, %v", names(users[0]), names(users[1]))
	}
	if err := users[1].By("").Add("kim", kim, []string{"lead"}, "another one"); err != nil {
		t.Fatalf("the name cannot be given again: %v", err)
	}
	synced(t, users[0])
	if id, ok := users[0].check("kim", "another one"); !ok || id.roles[0] != "lead" {
		t.Errorf("%+v, %v", id, ok)
	}
}

// Accounts from before the sites were joined are shared; of two with one name the first to come holds everywhere.
func TestAccountsFromBeforeAreShared(t *testing.T) {
	c := &commonAccounts{all: map[string]SharedAccount{}}
	var users [2]*Users
	for i := range users {
		u := emptyUsers(t)
		for _, name := range []string{"kim", fmt.Sprintf("own%d", i)} {
			if err := u.By("").Add(name, kim, []string{"operator"}, fmt.Sprintf("password of %d", i)); err != nil {
				t.Fatal(err)
			}
		}
		u.Share(&seatAt{commonAccounts: c})
		users[i] = u
	}
	synced(t, users[0], users[1], users[0], users[1])
	for i, u := range users {
		if got := names(u); !slices.Equal(got, []string{"kim", "own0", "own1"}) {
			t.Errorf("site %d has %v", i, got)
		}
		if _, ok := u.check("kim", "password of 0"); !ok {
			t.Errorf("site %d has another kim", i)
		}
	}
}

// Two sites change an account at once: the slower one looks again, and neither change is lost.
func TestTwoSitesChangeAnAccountAtOnce(t *testing.T) {
	c, _, users := desks(t)
	if err := users[0].By("").Add("kim", kim, []string{"operator"}, "long enough"); err != nil {
		t.Fatal(err)
	}
	c.rival = func() {
		if _, err := users[1].By("").AddToken("kim", "from two"); err != nil {
			t.Error(err)
		}
	}
	if _, err := users[0].By("").AddToken("kim", "from one"); err != nil {
		t.Fatal(err)
	}
	synced(t, users[1])
	for i, u := range users {
		labels := u.List()[0].Tokens
		slices.Sort(labels)
		if !slices.Equal(labels, []string{"from one", "from two"}) {
			t.Errorf("site %d has the tokens %v", i, labels)
		}
	}
}
