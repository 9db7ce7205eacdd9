package ui

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
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
)

// hashing follows the OWASP minimum for Argon2id: 19 MiB, two passes, one lane.
var hashing = argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// Account is a person who can log in, without what proves it.
type Account struct {
	User      string
	Name      facility.Text
	Roles     []string
	Demo      bool // has the published password; cannot log in unless the site allows it
	LastLogin *time.Time
	Tokens    []string // labels of the API tokens
}

// Users is the file of accounts, this node's own or its copy of those that all sites share. It is safe for concurrent use, also by several processes.
type Users struct {
	file string
	demo bool
	busy chan struct{} // bounds how many passwords are hashed at once: each takes 19 MiB
	fake string        // hash of nothing, compared for users that do not exist

	shared Identity // nil: the accounts are this node's own

	mu   sync.RWMutex
	list []record
	seen os.FileInfo
}

// OpenUsers reads the accounts in a file, or begins an empty one. With demo the demo accounts are added
// where they are missing; without it they cannot log in even if the file has them.
func OpenUsers(file string, demo bool) (*Users, error) {
	u := &Users{file: file, demo: demo, busy: make(chan struct{}, 2)}
	noise := make([]byte, 24)
	_, _ = rand.Read(noise) // never fails
	fake, err := argon2id.CreateHash(string(noise), &hashing)
	if err != nil {
		return nil, fmt.Errorf("prepare password check: %w", err)
	}
	u.fake = fake
	if err := u.update(func(list []record) ([]record, error) {
		if !demo {
			return list, nil
		}
		return withDemo(list)
	}); err != nil {
		return nil, err
	}
	return u, nil
}

// Add creates an account with a password of 8 to 256 characters.
func (u *Users) Add(user string, name facility.Text, roles []string, password string) error {
	hash, err := hashPassword(password)
	if err != nil {
		return err
	}
	return u.edit("add", user, func(r *record, has bool) (bool, error) {
		if has {
			return true, fmt.Errorf("%w %q exists already: remove it first or choose another name", ErrUser, user)
		}
		*r = record{User: user, Name: name, Roles: roles, Password: hash}
		return true, nil
	})
}

// Remove deletes an account; its sessions and tokens end within a second.
func (u *Users) Remove(user string) error {
	return u.edit("remove", user, func(_ *record, has bool) (bool, error) {
		if !has {
			return false, fmt.Errorf("%w %q does not exist", ErrUser, user)
		}
		return false, nil
	})
}

// SetPassword gives an account a new password and ends its sessions.
func (u *Users) SetPassword(user, password string) error {
	hash, err := hashPassword(password)
	if err != nil {
		return err
	}
	return u.change("password", user, func(r *record) error {
		r.Password, r.Demo = hash, false
		return nil
	})
}

// AddToken makes an API token for an account and returns it. Only its hash is kept: it cannot be shown again.
func (u *Users) AddToken(user, label string) (string, error) {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails
	token := tokenPrefix + base64.RawURLEncoding.EncodeToString(secret)
	err := u.change("token", user, func(r *record) error {
		if label == "" || slices.ContainsFunc(r.Tokens, func(t tokenRecord) bool { return t.Label == label }) {
			return fmt.Errorf("%w %q: a token needs a label that none of its other tokens has", ErrUser, user)
		}
		r.Tokens = append(r.Tokens, tokenRecord{Label: label, Hash: tokenHash(token), Created: time.Now().UTC()})
		return nil
	})
	if err != nil {
		return "", err
	}
	return token, nil
}

// RemoveToken withdraws an API token.
func (u *Users) RemoveToken(user, label string) error {
	return u.change("token-removed", user, func(r *record) error {
		n := len(r.Tokens)
		r.Tokens = slices.DeleteFunc(r.Tokens, func(t tokenRecord) bool { return t.Label == label })
		if len(r.Tokens) == n {
			return fmt.Errorf("%w %q has no token %q", ErrUser, user, label)
		}
		return nil
	})
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
			if subtle.ConstantTimeCompare([]byte(t.Hash), []byte(hash)) == 1 && (u.demo || !r.Demo) {
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
func (u *Users) loggedIn(user string, now time.Time) (before *time.Time, err error) {
	err = u.editHere(user, present(user, func(r *record) error {
		before = r.LastLogin
		t := now.UTC().Truncate(time.Millisecond)
		r.LastLogin = &t
		return nil
	}))
	return before, err
}

func (u *Users) active(user string) (record, bool) {
	u.mu.RLock()
	defer u.mu.RUnlock()
	i := find(u.list, user)
	if i < 0 || (u.list[i].Demo && !u.demo) {
		return record{}, false
	}
	return u.list[i], true
}

func (u *Users) change(what, user string, do func(*record) error) error {
	return u.edit(what, user, present(user, do))
}

// present is a change of an account that must be there.
func present(user string, do func(*record) error) func(*record, bool) (bool, error) {
	return func(r *record, has bool) (bool, error) {
		if !has {
			return true, fmt.Errorf("%w %q does not exist", ErrUser, user)
		}
		return true, do(r)
	}
}

func find(list []record, user string) int {
	return slices.IndexFunc(list, func(r record) bool { return r.User == user })
}

func hashPassword(password string) (string, error) {
	if n := len(password); n < passwordLeast || n > passwordMost {
		return "", fmt.Errorf("%w: a password has %d to %d characters", ErrUser, passwordLeast, passwordMost)
	}
	hash, err := argon2id.CreateHash(password, &hashing)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return hash, nil
}

// tokenHash needs no salt and no slowness: a token is 256 random bits.
func tokenHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
