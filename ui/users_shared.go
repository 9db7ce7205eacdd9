package ui

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Why a change of an account that all sites share was not made.
var (
	ErrReadOnly  = errors.New("no quorum: read only; accounts can be changed where a majority of the sites is reached")
	ErrElsewhere = errors.New("the account was changed at another site at the same time")
)

// Identity is where all sites keep their accounts. Every desk has a full copy on its own disk, and logs people in from
// that: being cut off keeps nobody out. Errors wrap ErrReadOnly or ErrElsewhere where they are that.
type Identity interface {
	// All reads every account as a majority knows it, the removed ones included.
	All(ctx context.Context) ([]SharedAccount, error)
	// Put replaces an account that still has its version (0: never was) and gives the new one. With asOf not 0 it does
	// so only if no account at all is newer than that version.
	Put(ctx context.Context, a SharedAccount, asOf int64) (int64, error)
	// Note writes into the journal of all sites what is about to be changed; nothing secret is in it.
	Note(ctx context.Context, c AccountChange) error
}

// SharedAccount is one account as all sites keep it. Record holds hashes of the password and of the tokens and the
// secret of the second factor: it belongs into no log.
type SharedAccount struct {
	User    string
	Record  []byte
	Version int64
}

// sharedRecord is an account on its way: what differs from site to site stays at home.
type sharedRecord struct {
	record
	Removed bool `json:"removed,omitempty"`

	uncounted bool // written by a program that does not count changes: newer than any copy of it, as far as anybody knows
}

const (
	shareWithin = 5 * time.Second // for one change
	shareTries  = 3               // when another site is quicker
)

// Share has every change go through all sites from now on. It is called before the accounts are used.
func (u *Users) Share(identity Identity) {
	u.shared, u.away = identity, fmt.Errorf("the accounts of all sites were not read yet: %w", ErrReadOnly)
}

// Shared says whether the accounts are those of all sites.
func (u *Users) Shared() bool { return u.shared != nil }

// Away is why the accounts cannot be changed from here now, nil where they can.
func (u *Users) Away() error {
	u.mu.RLock()
	defer u.mu.RUnlock()
	return u.away
}

// edit makes a change of one account.
func (u *Users) edit(e edit) error { return u.editWithin(context.Background(), e) }

func (u *Users) editWithin(ctx context.Context, e edit) (err error) {
	ctx, cancel := context.WithTimeout(ctx, shareWithin)
	defer cancel()
	defer func() {
		if errors.Is(err, errDone) {
			err = nil
		}
	}()
	if u.shared == nil {
		return u.editHere(ctx, e)
	}
	for range shareTries {
		if err = u.editShared(ctx, e); !errors.Is(err, ErrElsewhere) {
			break
		}
	}
	return err
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

func (u *Users) editShared(ctx context.Context, e edit) error {
	known, err := u.look(ctx)
	if err != nil {
		return fmt.Errorf("change account %s: %w", e.user, err)
	}
	list := u.everybody(known.accounts)
	had, has := recordOf(list, e.user)
	if s, ok := known.accounts[e.user]; ok && s.Removed {
		had.Edits, had.Ruled = s.Edits, s.Ruled // an account of that name goes on counting, or a copy of the former would be the newer one
	}
	version, asOf := known.versions[e.user], known.newest // one that nobody can read is mended by any change
	r, keep, fewer, err := e.on(list, had, has, u.administers)
	if err != nil {
		return err
	}
	if err := u.shared.Note(ctx, e.journal(r, version)); err != nil {
		return fmt.Errorf("write the change of account %s into the journal: %w", e.user, err)
	}
	a := SharedAccount{User: e.user, Version: version}
	if a.Record, err = shareable(sharedRecord{record: r, Removed: !keep}); err != nil {
		return err
	}
	if !fewer {
		asOf = 0 // two sites may each take an administrator away, and leave none
	}
	if r.Version, err = u.shared.Put(ctx, a, asOf); err != nil {
		return fmt.Errorf("change account %s: %w", e.user, err)
	}
	return u.update(func(f *usersFile) error {
		f.take(sharedRecord{record: r, Removed: !keep})
		return nil
	})
}

// knownAccounts are the accounts as all sites know them.
type knownAccounts struct {
	accounts map[string]sharedRecord
	versions map[string]int64 // of all, those that cannot be read included
	newest   int64            // of those
}

// look reads every account as all sites know it. One that this program cannot read keeps nobody else's from being
// followed: it stays as this desk has it, and is named.
func (u *Users) look(ctx context.Context) (knownAccounts, error) {
	known := knownAccounts{accounts: map[string]sharedRecord{}, versions: map[string]int64{}}
	all, err := u.shared.All(ctx)
	if err != nil {
		return known, err
	}
	unread := map[string]string{}
	for _, a := range all {
		known.versions[a.User], known.newest = a.Version, max(known.newest, a.Version)
		s, err := readShared(a)
		if err != nil {
			unread[a.User] = err.Error()
			continue
		}
		known.accounts[a.User] = s
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.unread = unread
	return known, nil
}

// Unread is an account that all sites share and this program cannot read.
type Unread struct {
	User string
	Why  string
}

// Unread lists the accounts of all sites that this program could not read at its last look, by name. They are as this
// desk had them.
func (u *Users) Unread() []Unread {
	u.mu.RLock()
	defer u.mu.RUnlock()
	out := make([]Unread, 0, len(u.unread))
	for user, why := range u.unread {
		out = append(out, Unread{user, why})
	}
	slices.SortFunc(out, func(a, b Unread) int { return cmp.Compare(a.User, b.User) })
	return out
}

// everybody is all accounts as all sites know them; one that never was shared is as this desk knows it.
func (u *Users) everybody(known map[string]sharedRecord) []record {
	u.mu.RLock()
	defer u.mu.RUnlock()
	f := usersFile{Users: slices.Clone(u.raw.Users), Removed: slices.Clone(u.raw.Removed)}
	for _, s := range known {
		f.take(s)
	}
	list, _ := f.governed(u.mayLogIn)
	return list
}

// take puts an account as all sites know it in place of this desk's copy.
func (f *usersFile) take(s sharedRecord) {
	i := find(f.Users, s.User)
	if i >= 0 {
		s.record = s.kept(f.Users[i])
	}
	f.Users = placed(f.Users, s.record, !s.Removed)
	f.Removed = slices.DeleteFunc(slices.Clone(f.Removed), func(t tombstone) bool { return t.User == s.User })
	if s.Removed {
		f.Removed = append(f.Removed, tombstone{User: s.User, Edits: s.Edits, Edited: s.Edited, Version: s.Version, Ruled: s.Ruled})
	}
}

func readShared(a SharedAccount) (sharedRecord, error) {
	var s sharedRecord
	if err := json.Unmarshal(a.Record, &s); err != nil {
		return s, fmt.Errorf("account %s as all sites know it: %w", a.User, err)
	}
	s.User, s.Version, s.uncounted, s.Edits = a.User, a.Version, s.Edits == 0, max(1, s.Edits)
	if err := (usersFile{Users: []record{s.record}}).Validate(); err != nil && !s.Removed {
		return s, fmt.Errorf("account %s as all sites know it: %w", a.User, err)
	}
	return s, nil
}

// shareable is an account without what is this desk's own.
func shareable(s sharedRecord) ([]byte, error) {
	s.LastLogin, s.Places, s.LastStep, s.Spent, s.Version = nil, nil, 0, nil, 0
	if s.Removed {
		s.record = record{User: s.User, Edits: s.Edits, Edited: s.Edited, Ruled: s.Ruled}
	}
	text, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encode account %s: %w", s.User, err)
	}
	return text, nil
}
