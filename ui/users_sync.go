package ui

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Settled is an account of which two copies differed that cannot come from one history: the shared store was set up
// from nothing, or from an old snapshot. Which one holds is the same at every desk.
type Settled struct {
	User string
	At   time.Time
	Why  string // which copy holds, and why
}

const mostSettled = 20

// verdict is what is to be done about an account that this desk knows and all sites know.
type verdict int

const (
	agreed     verdict = iota // one content, one version
	takeOver                  // all sites know something newer, or this desk's was never shared
	giveWay                   // the copies are of two histories, and that of all sites holds
	putInPlace                // the copies are of two histories, and this desk's holds
)

// settle compares two copies of one account and gives the one that holds. Within one history all sites' copy has more
// changes than this desk's, or is the same: version numbers say nothing here, for a store that was set up from nothing
// counts anew and may give an old number to another content. So the greater by order holds, whoever asks; with it goes
// the newest copy with which the account could change accounts, of whichever history that is. An account that this desk
// never shared gives way to the one that all sites have, and so does any to one that a program has written that did not
// count.
func settle(theirs, mine sharedRecord) (v verdict, holds sharedRecord, why string, err error) {
	by, what, err := order(theirs, mine)
	if err != nil {
		return agreed, theirs, "", err
	}
	if holds, err = theirs.remembering(mine); err != nil {
		return agreed, theirs, "", err
	}
	switch {
	case by == 0 && theirs.Version == mine.Version:
		v = agreed
	case by == 0, mine.Version == 0, theirs.uncounted, theirs.Edits > mine.Edits:
		v = takeOver
	case theirs.Edits < mine.Edits:
		v, why = putInPlace, fmt.Sprintf("this desk's copy was changed %d times, all sites' %d times", mine.Edits, theirs.Edits)
	case by < 0:
		v, why = putInPlace, "of two copies with as many changes this desk's holds: "+what
	default:
		v, why = giveWay, "of two copies with as many changes all sites' holds: "+what
	}
	if v == putInPlace {
		holds, err = mine.remembering(theirs)
	}
	return v, holds, why, err
}

// Sync brings this desk's copy to what all sites know, and gives them the accounts that only this desk has: those from
// before they were shared, and those that a store set up from nothing has lost. A removed account stays removed, whoever
// still has a copy of it.
func (u *Users) Sync(ctx context.Context) error {
	err := u.sync(ctx)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.away = err
	return err
}

func (u *Users) sync(ctx context.Context) error {
	mine := u.copies() // first: what is changed here while the others are read would look like another history
	known, err := u.look(ctx)
	if err != nil {
		return fmt.Errorf("read the accounts of all sites: %w", err)
	}
	var take []sharedRecord
	for _, theirs := range known.accounts {
		if m, ok := mine[theirs.User]; ok {
			if theirs, err = u.agree(ctx, theirs, m); err != nil {
				return err
			}
			if theirs.User == "" {
				continue
			}
		}
		take = append(take, theirs)
	}
	if err := u.takeAll(take, mine); err != nil {
		return err
	}
	if err := u.offer(ctx, known, mine); err != nil {
		return err
	}
	if kept := u.keptNow(); kept != "" {
		if err := u.keepRuler(kept); err != nil {
			return err
		}
	}
	return u.tellSpent(ctx)
}

// takeAll puts accounts as all sites know them in place of this desk's copies, which were mine before they were read.
func (u *Users) takeAll(take []sharedRecord, mine map[string]sharedRecord) error {
	if len(take) == 0 {
		return nil
	}
	slices.SortFunc(take, func(a, b sharedRecord) int { return cmp.Compare(a.User, b.User) })
	return u.update(func(f *usersFile) error {
		now := f.copies()
		for _, s := range take {
			if had, has := mine[s.User], now[s.User]; had.Edits == has.Edits && had.Version == has.Version {
				f.take(s) // what was changed here meanwhile is newer: the next look sees it
			}
		}
		return nil
	})
}

// copies is everything that this desk has of accounts, its tombstones with them.
func (u *Users) copies() map[string]sharedRecord {
	u.mu.RLock()
	defer u.mu.RUnlock()
	return u.raw.copies()
}

func (f usersFile) copies() map[string]sharedRecord {
	out := map[string]sharedRecord{}
	for _, t := range f.Removed {
		out[t.User] = sharedRecord{record: record{User: t.User, Edits: t.Edits, Edited: t.Edited, Version: t.Version, Ruled: t.Ruled}, Removed: true}
	}
	for _, r := range f.Users {
		out[r.User] = sharedRecord{record: r}
	}
	return out
}

// keptNow is who may change accounts only because nobody else is left who could.
func (u *Users) keptNow() string {
	u.mu.RLock()
	defer u.mu.RUnlock()
	return u.kept
}

// agree gives what is to be taken over of an account, nothing where the copy is right. What two histories say of it is
// told before it is settled.
func (u *Users) agree(ctx context.Context, theirs, mine sharedRecord) (sharedRecord, error) {
	v, holds, why, err := settle(theirs, mine)
	if err != nil {
		return sharedRecord{}, err
	}
	theirText, err := shareable(theirs)
	if err != nil {
		return sharedRecord{}, err
	}
	text, err := shareable(holds)
	if err != nil {
		return sharedRecord{}, err
	}
	told := v == giveWay || v == putInPlace
	if told {
		e := edit{what: "settled", user: theirs.User, why: why}
		if err := u.shared.Note(ctx, e.journal(holds.record, theirs.Version)); err != nil {
			return sharedRecord{}, fmt.Errorf("write into the journal how account %s was settled: %w", theirs.User, err)
		}
	}
	holds.Version = theirs.Version
	if !bytes.Equal(text, theirText) {
		if holds.Version, err = u.put(ctx, holds, theirs.Version); err != nil {
			return sharedRecord{}, fmt.Errorf("put account %s in place: %w", theirs.User, err)
		}
	} else if mineText, err := shareable(mine); err != nil || v == agreed && bytes.Equal(mineText, text) {
		return sharedRecord{}, err
	}
	if told {
		u.mu.Lock()
		defer u.mu.Unlock()
		u.remember(Settled{User: theirs.User, At: time.Now().UTC(), Why: why})
	}
	return holds, nil
}

func (u *Users) remember(s Settled) {
	u.settled = append(u.settled, s)
	u.settled = u.settled[max(0, len(u.settled)-mostSettled):]
}

// Settled lists the newest accounts whose copies were of two histories, the newest last.
func (u *Users) Settled() []Settled {
	u.mu.RLock()
	defer u.mu.RUnlock()
	return slices.Clone(u.settled)
}

func (u *Users) put(ctx context.Context, s sharedRecord, version int64) (int64, error) {
	text, err := shareable(s)
	if err != nil {
		return 0, err
	}
	return u.shared.Put(ctx, SharedAccount{User: s.User, Record: text, Version: version}, 0)
}

// offer shares the accounts and the removals that the others have never heard of.
func (u *Users) offer(ctx context.Context, known knownAccounts, mine map[string]sharedRecord) error {
	for user, m := range mine {
		if _, ok := known.versions[user]; ok {
			continue
		}
		if _, err := u.put(ctx, m, 0); err != nil && !errors.Is(err, ErrElsewhere) { // the next look brings whose it is
			return fmt.Errorf("share account %s: %w", user, err)
		}
	}
	return nil
}

// tellSpent strikes out at all sites the recovery codes that were used here while they were not reached.
func (u *Users) tellSpent(ctx context.Context) error {
	for user, m := range u.copies() {
		if len(m.Spent) == 0 {
			continue
		}
		if err := u.strike(ctx, user, m.Spent...); err != nil && !errors.Is(err, ErrReplayed) && !errors.Is(err, ErrUser) {
			return fmt.Errorf("strike out used recovery codes of %s: %w", user, err)
		}
	}
	return nil
}
