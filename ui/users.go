package ui

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/alexedwards/argon2id"

	"bongsu/facility"
)

// ErrUser marks an account that cannot be added, changed or found; the text says why.
var ErrUser = errors.New("user")

const (
	passwordLeast = 8
	passwordMost  = 256
	tokenPrefix   = "bongsu_"
	mostPlaces    = 16
)

// hashing follows the OWASP minimum for Argon2id: 19 MiB, two passes, one lane.
var hashing = argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// Account is a person who can log in, without what proves it.
type Account struct {
	User      string
	Name      facility.Text
	Roles     []string
	Contact   Contact
	Demo      bool // has the published password; cannot log in unless the site allows it
	Disabled  bool // cannot log in, and keeps its name and history
	Factor    bool // logs in with a second factor
	Recovery  int  // recovery codes left
	LastLogin *time.Time
	Edited    time.Time // zero for one that was last changed by an older program
	Tokens    []string  // labels of the API tokens
}

// Contact is how a person is reached about the account itself. Whom an incident calls stands in the roster.
type Contact struct {
	Phone string `json:"phone,omitempty" maxLength:"32"`
	Mail  string `json:"mail,omitempty" maxLength:"254"`
}

// Users is the file of accounts, this node's own or its copy of those that all sites share. It is safe for concurrent use, also by several processes.
type Users struct {
	file string
	demo bool
	busy chan struct{} // bounds how many passwords are hashed at once: each takes 19 MiB
	fake string        // hash of nothing, compared for users that do not exist

	shared Identity                                   // nil: the accounts are this node's own
	told   func(context.Context, AccountChange) error // journals a change of those, nil: nobody

	mu      sync.RWMutex
	raw     usersFile // as it stands in the file
	list    []record  // as it holds
	kept    string    // who is in the list for nobody else could change accounts
	seen    os.FileInfo
	away    error             // why all sites' accounts cannot be changed from here now
	settled []Settled         // the newest last
	unread  map[string]string // accounts of all sites that this program cannot read, and why
	steps   map[string]int64  // of the newest code that a person has used here
	spent   map[string]bool   // recovery codes used here, by hash: a full disk must not give them back
}

// OpenUsers reads the accounts in a file, or begins an empty one. With demo the demo accounts are added
// where they are missing; without it they cannot log in even if the file has them.
func OpenUsers(file string, demo bool) (*Users, error) {
	u := newUsers(file, demo)
	noise := make([]byte, 24)
	_, _ = rand.Read(noise) // never fails
	fake, err := argon2id.CreateHash(string(noise), &hashing)
	if err != nil {
		return nil, fmt.Errorf("prepare password check: %w", err)
	}
	u.fake = fake
	if err := u.update(func(f *usersFile) (err error) {
		if demo {
			f.Users, err = withDemo(f.Users, f.Removed)
		}
		return err
	}); err != nil {
		return nil, err
	}
	return u, nil
}

func newUsers(file string, demo bool) *Users {
	return &Users{file: file, demo: demo, busy: make(chan struct{}, 2), steps: map[string]int64{}, spent: map[string]bool{}}
}

// List returns every account, in the order of the file.
func (u *Users) List() []Account {
	u.mu.RLock()
	defer u.mu.RUnlock()
	out := make([]Account, 0, len(u.list))
	for _, r := range u.list {
		out = append(out, r.account())
	}
	return out
}

// identity is who makes a request.
type identity struct {
	user    string
	name    facility.Text
	roles   []string
	proof   string // changes with the password: a session is bound to the password it began with
	token   bool   // came with an API token, not from a person at a console
	station string // the browser or the token it came from
	factor  bool   // has a second factor
	limited bool   // must enrol one before anything else
}

// check verifies a password. It takes as long for a user who does not exist as for one who does.
func (u *Users) check(user, password string) (identity, bool) {
	r, ok := u.active(user)
	hash := u.fake
	if ok {
		hash = r.Password
	}
	if len(password) > passwordMost {
		password, ok = "", false
	}
	u.busy <- struct{}{}
	match, err := argon2id.ComparePasswordAndHash(password, hash)
	<-u.busy
	if err != nil || !match || !ok {
		return identity{}, false
	}
	return r.identity(), true
}

// get finds the person of a session.
func (u *Users) get(user string) (identity, bool) {
	r, ok := u.active(user)
	return r.identity(), ok
}

// byToken finds the account an API token belongs to.
func (u *Users) byToken(token string) (identity, bool) {
	if !strings.HasPrefix(token, tokenPrefix) {
		return identity{}, false
	}
	hash := tokenHash(token)
	u.mu.RLock()
	defer u.mu.RUnlock()
	for _, r := range u.list {
		for _, t := range r.Tokens {
			if subtle.ConstantTimeCompare([]byte(t.Hash), []byte(hash)) == 1 && u.mayLogIn(r) {
				id := r.identity()
				id.token, id.station = true, "token:"+t.Label
				return id, true
			}
		}
	}
	return identity{}, false
}

// loggedIn notes a login and returns the one before, nil for the first. It is this desk's matter alone: nobody is kept out
// because other sites cannot be told.
func (u *Users) loggedIn(user, place string, now time.Time) (before *time.Time, err error) {
	err = u.note(user, func(r *record) {
		before = r.LastLogin
		t := now.UTC().Truncate(time.Millisecond)
		r.LastLogin = &t
		if place != "" && !slices.Contains(r.Places, place) {
			r.Places = append(r.Places, place)
			r.Places = r.Places[max(0, len(r.Places)-mostPlaces):]
		}
	})
	return before, err
}

// knows says whether somebody has logged in from a place.
func (u *Users) knows(place string) bool {
	u.mu.RLock()
	defer u.mu.RUnlock()
	return slices.ContainsFunc(u.raw.Users, func(r record) bool { return slices.Contains(r.Places, place) })
}

func (u *Users) active(user string) (record, bool) {
	u.mu.RLock()
	defer u.mu.RUnlock()
	i := find(u.list, user)
	if i < 0 || !u.mayLogIn(u.list[i]) {
		return record{}, false
	}
	return u.list[i], true
}

func (u *Users) mayLogIn(r record) bool { return !r.Disabled && (u.demo || !r.Demo) }

func find(list []record, user string) int {
	return slices.IndexFunc(list, func(r record) bool { return r.User == user })
}

// tokenHash needs no salt and no slowness: a token is 256 random bits.
func tokenHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
