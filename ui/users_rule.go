package ui

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// ruled is the newest copy of an account with which it could change accounts. It goes with an account that cannot any
// more, a removed one too: of two histories each may have taken the other's only administrator away, and somebody has to
// stay. Like the marks of removed accounts it is kept for ever.
type ruled struct {
	Until  time.Time `json:"until,omitzero"` // when that ended
	Record record    `json:"record"`
}

// rules says whether an account is an administrator's, wherever it may log in.
func (r record) rules() bool { return !r.Disabled && slices.Contains(r.Roles, adminRole) }

// plain is a record without what is a desk's own, and without its past.
func (r record) plain() record {
	r.LastLogin, r.Places, r.LastStep, r.Spent, r.Version, r.Ruled = nil, nil, 0, nil, 0, nil
	return r
}

// contents is what two copies of an account are compared by.
func (s sharedRecord) contents() ([]byte, error) {
	s.record = s.plain()
	if s.Removed {
		s.record = record{User: s.User, Edits: s.Edits, Edited: s.Edited}
	}
	text, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encode account %s: %w", s.User, err)
	}
	return text, nil
}

// order compares two copies of one account, and says by what: what was changed more often is greater; then what was
// changed later; then a removal, since letting somebody in again takes one press and keeping out who is in does not;
// then the greater content, so that every desk says the same.
func order(a, b sharedRecord) (int, string, error) {
	if by := cmp.Compare(a.Edits, b.Edits); by != 0 {
		return by, "changed more often", nil
	}
	if by := a.Edited.Compare(b.Edited); by != 0 {
		return by, "changed later", nil
	}
	if by := compareBool(a.Removed, b.Removed); by != 0 {
		return by, "the removal", nil
	}
	x, err := a.contents()
	y, also := b.contents()
	return bytes.Compare(x, y), "the greater by its content", errors.Join(err, also)
}

// last is the newest copy with which an account ruled, nil for one that never did.
func (s sharedRecord) last() *ruled {
	if !s.Removed && s.rules() {
		return &ruled{Record: s.plain()} // no older copy can be greater
	}
	return s.Ruled
}

// later is the greater of two such copies: of the same, the one that is known to have ended later.
func later(a, b *ruled) (*ruled, error) {
	if a == nil || b == nil {
		return cmp.Or(a, b), nil
	}
	by, _, err := order(sharedRecord{record: a.Record}, sharedRecord{record: b.Record})
	if by = cmp.Or(by, a.Until.Compare(b.Until)); by < 0 {
		return b, err
	}
	return a, err
}

// remembering is the copy that holds, with the newest of both with which the account ruled.
func (s sharedRecord) remembering(other sharedRecord) (sharedRecord, error) {
	best, err := later(s.last(), other.last())
	if s.Ruled = best; !s.Removed && s.rules() {
		s.Ruled = nil // the copy itself says it
	}
	return s, err
}

// pass notes of a changed account with what it ruled before the change.
func (r *record) pass(had record, keep bool) {
	switch {
	case keep && r.rules():
		r.Ruled = nil
	case had.rules():
		r.Ruled = &ruled{Until: r.Edited, Record: had.plain()}
	default:
		r.Ruled = had.Ruled
	}
}

// governed gives the accounts as they hold, and who was kept for it. Where nobody is left who can log in and change
// accounts, the one who could until last stays: no change within one history takes the last administrator away, and two
// histories that are settled must not do so either.
func (f usersFile) governed(mayLogIn func(record) bool) (list []record, kept string) {
	if slices.ContainsFunc(f.Users, func(r record) bool { return r.rules() && mayLogIn(r) }) {
		return f.Users, ""
	}
	var best *record
	var until time.Time
	consider := func(r record, was *ruled) {
		r.Disabled, r.Ruled = false, nil
		if !slices.Contains(r.Roles, adminRole) {
			r.Roles = append(slices.Clone(r.Roles), adminRole)
		}
		end := was.Until
		if end.IsZero() {
			end = was.Record.Edited
		}
		if !mayLogIn(r) {
			return
		}
		if best == nil || cmp.Or(end.Compare(until), cmp.Compare(r.User, best.User)) > 0 {
			best, until = &r, end
		}
	}
	for _, r := range f.Users {
		if r.Ruled != nil {
			consider(r, r.Ruled)
		}
	}
	for _, t := range f.Removed {
		if t.Ruled != nil {
			r := t.Ruled.Record
			r.Edits, r.Edited, r.Version = t.Edits, t.Edited, t.Version
			consider(r, t.Ruled)
		}
	}
	if best == nil {
		return f.Users, ""
	}
	return placed(slices.Clone(f.Users), *best, true), best.User
}

// errKept says that somebody else has seen to it.
var errKept = errors.New("there is an administrator")

// keepRuler makes good of it at all sites that settled copies would leave no administrator: the account that stays
// counts as changed, so every copy of its removal is the older one. The journal tells of it like of any change.
func (u *Users) keepRuler(kept string) error {
	why := "the settled accounts would leave no administrator: the one that was taken away last stays"
	err := u.edit(edit{what: "kept", user: kept, why: why, do: present(kept, func(r *record) error {
		if !u.administers(*r) {
			return errKept
		}
		return nil
	})})
	if errors.Is(err, errKept) || errors.Is(err, ErrUser) {
		return nil // the next look brings who it is
	}
	if err != nil {
		return fmt.Errorf("keep %s as an administrator: %w", kept, err)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.remember(Settled{User: kept, At: time.Now().UTC(), Why: why})
	return nil
}
