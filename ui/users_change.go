package ui

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/alexedwards/argon2id"

	"bongsu/facility"
)

// ErrLastAdmin says that a change would leave nobody who may change accounts.
var ErrLastAdmin = errors.New("this is the last administrator: give another account the role admin first")

// ErrStale says that an account was changed since it was looked at.
var ErrStale = errors.New("the account was changed meanwhile: look at it again, then decide")

// errDone says that this very change was made before: its answer was lost.
var errDone = errors.New("done already")

const adminRole = "admin"

// Hand is somebody who changes accounts.
type Hand struct {
	u       *Users
	by, key string
}

// By names who makes the changes, for the journal; "" is whoever runs the program's own commands.
func (u *Users) By(by string) Hand { return Hand{u: u, by: by} }

// Keyed is the same person with a key for one change: asked for again with the key of the account's newest change, it is
// that one, at whichever desk.
func (h Hand) Keyed(key string) Hand {
	h.key = key
	return h
}

// edit is one change of one account. do changes the record, which is new where has is false, and says whether it stays;
// it may be called more than once.
type edit struct {
	what, user, by string
	why, act       string
	do             func(r *record, has bool) (keep bool, err error)
}

func (h Hand) edit(what, user string, do func(*record, bool) (bool, error)) error {
	e := edit{what: what, user: user, by: h.by, do: do}
	if h.key != "" {
		e.act = actID(h.by, "account "+what+" "+user, h.key)
	}
	return h.u.edit(e)
}

func (h Hand) change(what, user string, do func(*record) error) error {
	return h.edit(what, user, present(user, do))
}

// Add creates an account with a password of 8 to 256 characters.
func (h Hand) Add(user string, name facility.Text, roles []string, password string) error {
	return h.add(Profile{Name: name, Roles: roles}, user, password)
}

func (h Hand) add(p Profile, user, password string) error {
	hash, err := hashPassword(password)
	if err != nil {
		return err
	}
	return h.edit("add", user, func(r *record, has bool) (bool, error) {
		if has {
			return true, fmt.Errorf("%w %q exists already: remove it first or choose another name", ErrUser, user)
		}
		*r = record{User: user, Name: p.Name, Roles: p.Roles, Contact: p.Contact, Password: hash, Edits: r.Edits}
		return true, nil
	})
}

// Profile is what an administrator changes of an account.
type Profile struct {
	Name    facility.Text
	Roles   []string
	Contact Contact
}

// SetProfile gives an account another name, other roles or another contact. since is when the one who decided saw it
// changed last: a change meanwhile is ErrStale; the zero time goes without.
func (h Hand) SetProfile(user string, p Profile, since time.Time) error {
	return h.change("profile", user, func(r *record) error {
		if !since.IsZero() && !r.Edited.Equal(since) {
			return fmt.Errorf("%w %q: %w", ErrUser, user, ErrStale)
		}
		r.Name, r.Roles, r.Contact = p.Name, slices.Clone(p.Roles), p.Contact
		return nil
	})
}

// Remove deletes an account; its sessions and tokens end within a second.
func (h Hand) Remove(user string) error {
	return h.edit("remove", user, func(_ *record, has bool) (bool, error) {
		if !has {
			return false, missing(user)
		}
		return false, nil
	})
}

// SetDisabled keeps an account from logging in, or lets it again. Its tokens rest with it.
func (h Hand) SetDisabled(user string, disabled bool) error {
	what := "enable"
	if disabled {
		what = "disable"
	}
	return h.change(what, user, func(r *record) error {
		r.Disabled = disabled
		return nil
	})
}

// SetPassword gives an account a new password and ends its sessions.
func (h Hand) SetPassword(user, password string) error {
	hash, err := hashPassword(password)
	if err != nil {
		return err
	}
	return h.change("password", user, func(r *record) error {
		r.Password, r.Demo = hash, false
		return nil
	})
}

// AddToken makes an API token for an account and returns it. Only its hash is kept: it cannot be shown again.
func (h Hand) AddToken(user, label string) (string, error) {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails
	token := tokenPrefix + base64.RawURLEncoding.EncodeToString(secret)
	err := h.change("token", user, func(r *record) error {
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
func (h Hand) RemoveToken(user, label string) error {
	return h.change("token-removed", user, func(r *record) error {
		n := len(r.Tokens)
		r.Tokens = slices.DeleteFunc(r.Tokens, func(t tokenRecord) bool { return t.Label == label })
		if len(r.Tokens) == n {
			return fmt.Errorf("%w %q has no token %q", ErrUser, user, label)
		}
		return nil
	})
}

// AccountChange is what the journal keeps of a change. Nothing secret is in it, and no phone number: a journal is kept
// for ever.
type AccountChange struct {
	// What is one of add, remove, profile, disable, enable, password, token, token-removed, factor, factor-removed,
	// recovery-used, recovery-new, settled and kept.
	What     string        `json:"what"`
	User     string        `json:"user"`
	By       string        `json:"by,omitempty"` // the account that did it, "" for a command at a node
	Name     facility.Text `json:"name"`
	Roles    []string      `json:"roles"`
	Disabled bool          `json:"disabled,omitempty"`
	Factor   bool          `json:"factor,omitempty"`
	Tokens   []string      `json:"tokens,omitempty"` // labels, after the change
	Why      string        `json:"why,omitempty"`    // of one that was settled: which copy holds; of one that was kept: for what
	Version  int64         `json:"version"`          // of the account before the change, 0 where it is not shared
}

// Journal has every change of accounts that are this node's own written into its journal first. It is called before
// the accounts are used.
func (u *Users) Journal(tell func(context.Context, AccountChange) error) { u.told = tell }

func (e edit) journal(r record, version int64) AccountChange {
	c := AccountChange{What: e.what, User: e.user, By: e.by, Name: r.Name, Roles: r.Roles, Disabled: r.Disabled, Factor: r.Factor != nil, Why: e.why, Version: version}
	for _, t := range r.Tokens {
		c.Tokens = append(c.Tokens, t.Label)
	}
	return c
}

// on makes the change on a record; list is all accounts, whose last administrator stays. It says whether the change
// took an administrator away.
func (e edit) on(list []record, had record, has bool, counts func(record) bool) (r record, keep, fewer bool, err error) {
	r = had.clone()
	if has && e.act != "" && had.Act == e.act {
		return r, true, false, errDone
	}
	if keep, err = e.do(&r, has); err != nil {
		return r, keep, false, err
	}
	r.Edits, r.Edited = had.Edits+1, time.Now().UTC().Truncate(time.Millisecond)
	r.Act = e.act
	r.pass(had, keep)
	if err := (usersFile{Users: []record{r}}).Validate(); keep && err != nil {
		return r, keep, false, fmt.Errorf("%w: %w", ErrUser, err)
	}
	fewer = has && counts(had) && !(keep && counts(r))
	others := func(o record) bool { return o.User != e.user && counts(o) }
	if fewer && !slices.ContainsFunc(list, others) {
		return r, keep, fewer, fmt.Errorf("%w %q: %w", ErrUser, e.user, ErrLastAdmin)
	}
	return r, keep, fewer, nil
}

// administers says whether an account can change accounts.
func (u *Users) administers(r record) bool {
	return u.mayLogIn(r) && slices.Contains(r.Roles, adminRole)
}

// editHere changes an account in this desk's own file.
func (u *Users) editHere(ctx context.Context, e edit) error {
	if u.told != nil {
		u.mu.RLock()
		list := slices.Clone(u.list)
		u.mu.RUnlock()
		had, has := recordOf(list, e.user)
		r, _, _, err := e.on(list, had, has, u.administers)
		if err != nil {
			return err
		}
		if err := u.told(ctx, e.journal(r, 0)); err != nil {
			return fmt.Errorf("write the change of account %s into the journal: %w", e.user, err)
		}
	}
	return u.update(func(f *usersFile) error {
		list, _ := f.governed(u.mayLogIn)
		had, has := recordOf(list, e.user)
		r, keep, _, err := e.on(list, had, has, u.administers)
		if err == nil {
			f.Users = placed(f.Users, r, keep)
		}
		return err
	})
}

// note changes what is this desk's own of an account: nobody is asked, and nothing is told.
func (u *Users) note(user string, do func(*record)) error {
	return u.update(func(f *usersFile) error {
		i := find(f.Users, user)
		if i < 0 {
			return missing(user)
		}
		do(&f.Users[i])
		return nil
	})
}

func recordOf(list []record, user string) (record, bool) {
	if i := find(list, user); i >= 0 {
		return list[i].clone(), true
	}
	return record{User: user}, false
}

func missing(user string) error { return fmt.Errorf("%w %q does not exist", ErrUser, user) }

// present is a change of an account that must be there.
func present(user string, do func(*record) error) func(*record, bool) (bool, error) {
	return func(r *record, has bool) (bool, error) {
		if !has {
			return true, missing(user)
		}
		return true, do(r)
	}
}

func hashPassword(password string) (string, error) {
	if n := len(password); n < passwordLeast || n > passwordMost || strings.TrimSpace(password) == "" {
		return "", fmt.Errorf("%w: a password has %d to %d characters", ErrUser, passwordLeast, passwordMost)
	}
	hash, err := argon2id.CreateHash(password, &hashing)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return hash, nil
}
