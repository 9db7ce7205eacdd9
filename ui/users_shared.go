package ui

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"bongsu/facility"
)

// Why a change of an account that all sites share was not made.
var (
	ErrReadOnly  = errors.New("no quorum: read only; accounts can be changed where a majority of the sites is reached")
	ErrElsewhere = errors.New("the account was changed at another site at the same time")
)

// Identity is where all sites keep their accounts. Every desk has a full copy on its own disk, and logs people in from
// that: being cut off keeps nobody out. Errors wrap ErrReadOnly or ErrElsewhere where they are that.
type Identity interface {
	// Get reads one account as a majority knows it; version 0 for one that never was.
	Get(ctx context.Context, user string) (SharedAccount, error)
	// All reads every account as a majority knows it, the removed ones included.
	All(ctx context.Context) ([]SharedAccount, error)
	// Put replaces an account that still has a version (0: never was) and gives the new one.
	Put(ctx context.Context, a SharedAccount) (int64, error)
	// Note writes into the journal of all sites what is about to be changed; nothing secret is in it.
	Note(ctx context.Context, c AccountChange) error
}

// SharedAccount is one account as all sites keep it. Record holds hashes of the password and of the tokens: it belongs into
// no log.
type SharedAccount struct {
	User    string
	Record  []byte
	Version int64
}

// AccountChange is what the journal keeps of a change.
type AccountChange struct {
	What    string        `json:"what"` // add, remove, password, token, token-removed
	User    string        `json:"user"`
	Name    facility.Text `json:"name"`
	Roles   []string      `json:"roles"`
	Tokens  []string      `json:"tokens,omitempty"` // labels, after the change
	Version int64         `json:"version"`          // of the account before the change
}

// sharedRecord is an account on its way: what differs from site to site stays at home.
type sharedRecord struct {
	record
	Removed bool `json:"removed,omitempty"`
}

const (
	shareWithin = 5 * time.Second // for one change
	shareTries  = 3               // when another site is quicker
)

// Share has every change go through all sites from now on. It is called before the accounts are used.
func (u *Users) Share(identity Identity) { u.shared = identity }

// edit makes a change of one account. do changes the record, which is new where has is false, and says whether it stays.
func (u *Users) edit(what, user string, do func(r *record, has bool) (keep bool, err error)) error {
	if u.shared == nil {
		return u.editHere(user, do)
	}
	ctx, cancel := context.WithTimeout(context.Background(), shareWithin)
	defer cancel()
	var err error
	for range shareTries {
		if err = u.editShared(ctx, what, user, do); !errors.Is(err, ErrElsewhere) {
			break
		}
	}
	return err
}

func (u *Users) editHere(user string, do func(*record, bool) (bool, error)) error {
	return u.update(func(list []record) ([]record, error) {
		i := find(list, user)
		r := record{User: user}
		if i >= 0 {
			r = list[i]
			r.Tokens = slices.Clone(r.Tokens)
		}
		keep, err := do(&r, i >= 0)
		if err != nil {
			return nil, err
		}
		return placed(list, r, keep), nil
	})
}

// placed puts a record in place of the one of the same user, or takes that one out.
func placed(list []record, r record, keep bool) []record {
	i := find(list, r.User)
	switch {
	case i >= 0 && keep:
		list[i] = r
	case i >= 0:
		list = slices.Delete(list, i, i+1)
	case keep:
		list = append(list, r)
	}
	return list
}

func (u *Users) editShared(ctx context.Context, what, user string, do func(*record, bool) (bool, error)) error {
	a, err := u.shared.Get(ctx, user)
	if err != nil {
		return fmt.Errorf("change account %s: %w", user, err)
	}
	r, has, err := u.sharedState(a)
	if err != nil {
		return err
	}
	keep, err := do(&r, has)
	if err != nil {
		return err
	}
	if err := (usersFile{Users: []record{r}}).Validate(); keep && err != nil {
		return fmt.Errorf("%w: %w", ErrUser, err)
	}
	change := AccountChange{What: what, User: user, Name: r.Name, Roles: r.Roles, Version: a.Version}
	for _, t := range r.Tokens {
		change.Tokens = append(change.Tokens, t.Label)
	}
	if err := u.shared.Note(ctx, change); err != nil {
		return fmt.Errorf("write the change of account %s into the journal: %w", user, err)
	}
	a.User = user
	if a.Record, err = shareable(r, !keep); err != nil {
		return err
	}
	if r.Version, err = u.shared.Put(ctx, a); err != nil {
		return fmt.Errorf("change account %s: %w", user, err)
	}
	return u.update(func(list []record) ([]record, error) { return placed(list, r, keep), nil })
}

// sharedState is an account as all sites know it; one that never was shared is as this desk knows it.
func (u *Users) sharedState(a SharedAccount) (r record, has bool, err error) {
	if a.Version > 0 {
		s, err := readShared(a)
		if err != nil {
			return record{}, false, err
		}
		if s.Removed {
			return record{User: a.User}, false, nil
		}
		u.mu.RLock()
		defer u.mu.RUnlock()
		if i := find(u.list, a.User); i >= 0 {
			s.LastLogin = u.list[i].LastLogin
		}
		return s.record, true, nil
	}
	u.mu.RLock()
	defer u.mu.RUnlock()
	if i := find(u.list, a.User); i >= 0 {
		r := u.list[i]
		r.Tokens = slices.Clone(r.Tokens)
		return r, true, nil
	}
	return record{User: a.User}, false, nil
}

func readShared(a SharedAccount) (sharedRecord, error) {
	var s sharedRecord
	if err := json.Unmarshal(a.Record, &s); err != nil {
		return s, fmt.Errorf("account %s as all sites know it: %w", a.User, err)
	}
	s.User, s.Version = a.User, a.Version
	return s, nil
}

func shareable(r record, removed bool) ([]byte, error) {
	r.LastLogin, r.Version = nil, 0
	if removed {
		r = record{User: r.User}
	}
	text, err := json.Marshal(sharedRecord{r, removed})
	if err != nil {
		return nil, fmt.Errorf("encode account %s: %w", r.User, err)
	}
	return text, nil
}

// Sync brings this desk's copy to what all sites know, and gives them the accounts that only this desk has: those from
// before they were shared. A removed account stays removed, whoever still has a copy of it.
func (u *Users) Sync(ctx context.Context) error {
	all, err := u.shared.All(ctx)
	if err != nil {
		return fmt.Errorf("read the accounts of all sites: %w", err)
	}
	known := map[string]sharedRecord{}
	for _, a := range all {
		s, err := readShared(a)
		if err != nil {
			return err
		}
		if err := (usersFile{Users: []record{s.record}}).Validate(); err != nil && !s.Removed {
			return fmt.Errorf("account %s as all sites know it: %w", a.User, err)
		}
		known[a.User] = s
	}
	if u.differs(known) {
		if err := u.update(func(list []record) ([]record, error) { return merged(list, known), nil }); err != nil {
			return err
		}
	}
	return u.offer(ctx, known)
}

// differs says whether the copy is not what all sites know. The file is written only then.
func (u *Users) differs(known map[string]sharedRecord) bool {
	u.mu.RLock()
	defer u.mu.RUnlock()
	for user, s := range known {
		i := find(u.list, user)
		if s.Removed != (i < 0) || i >= 0 && u.list[i].Version != s.Version {
			return true
		}
	}
	return false
}

func merged(list []record, known map[string]sharedRecord) []record {
	users := make([]string, 0, len(known))
	for user := range known {
		users = append(users, user)
	}
	slices.Sort(users)
	for _, user := range users {
		s := known[user]
		if i := find(list, user); i >= 0 {
			s.LastLogin = list[i].LastLogin
		}
		list = placed(list, s.record, !s.Removed)
	}
	return list
}

// offer shares the accounts that the others have never heard of.
func (u *Users) offer(ctx context.Context, known map[string]sharedRecord) error {
	u.mu.RLock()
	var mine []record
	for _, r := range u.list {
		if _, ok := known[r.User]; !ok {
			mine = append(mine, r)
		}
	}
	u.mu.RUnlock()
	for _, r := range mine {
		text, err := shareable(r, false)
		if err != nil {
			return err
		}
		_, err = u.shared.Put(ctx, SharedAccount{User: r.User, Record: text})
		if err != nil && !errors.Is(err, ErrElsewhere) { // the next look brings whose it is
			return fmt.Errorf("share account %s: %w", r.User, err)
		}
	}
	return nil
}
