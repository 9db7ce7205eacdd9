package ui

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// usersFormat counts up when a program can no longer be trusted with a file that a newer one has written. New keys are
// no reason: what this program does not know of an account or of the file it keeps as it is, so that nodes can be
// upgraded one after the other, and back.
const usersFormat = 1

// ErrNewerFormat says that a file of accounts is of a newer program.
var ErrNewerFormat = errors.New("a newer program wrote this file of accounts")

// others are keys that this program does not know.
type others map[string]json.RawMessage

// known are the keys of a struct's own fields.
func known(t reflect.Type) []string {
	var out []string
	for i := range t.NumField() {
		if key, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); key != "" && key != "-" {
			out = append(out, key)
		}
	}
	return out
}

// unknownKeys names what stands in the file that this program does not know.
func (u *Users) unknownKeys() []string {
	u.mu.RLock()
	defer u.mu.RUnlock()
	out := slices.Collect(maps.Keys(u.raw.rest))
	for _, r := range u.raw.Users {
		for key := range r.rest {
			out = append(out, r.User+"."+key)
		}
	}
	slices.Sort(out)
	return out
}

// readKeys reads an object into a struct and gives the keys that it has not.
func readKeys(text []byte, into any, also ...string) (others, error) {
	if err := json.Unmarshal(text, into); err != nil {
		return nil, err
	}
	var all others
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, err
	}
	for _, key := range append(known(reflect.TypeOf(into).Elem()), also...) {
		delete(all, key)
	}
	if len(all) == 0 {
		return nil, nil
	}
	return all, nil
}

// writeKeys writes a struct with the keys that it has not, in their order.
func writeKeys(of any, rest others) ([]byte, error) {
	text, err := json.Marshal(of)
	if err != nil || len(rest) == 0 {
		return text, err
	}
	more, err := json.Marshal(rest)
	if err != nil {
		return nil, err
	}
	if bytes.Equal(text, []byte("{}")) {
		return more, nil
	}
	return slices.Concat(text[:len(text)-1], []byte(","), more[1:]), nil
}

// The plain forms have no methods, so that they can be read and written by them.
type (
	plainRecord record
	plainFile   usersFile
)

// UnmarshalJSON keeps the keys that this program does not know.
func (r *record) UnmarshalJSON(text []byte) (err error) {
	var p plainRecord
	if p.rest, err = readKeys(text, &p, "removed"); err == nil {
		*r = record(p)
	}
	return err
}

// MarshalJSON writes them again.
func (r record) MarshalJSON() ([]byte, error) { return writeKeys(plainRecord(r), r.rest) }

// UnmarshalJSON reads an account and whether it is removed.
func (s *sharedRecord) UnmarshalJSON(text []byte) error {
	var mark struct {
		Removed bool `json:"removed"`
	}
	if err := json.Unmarshal(text, &mark); err != nil {
		return err
	}
	s.Removed = mark.Removed
	return s.record.UnmarshalJSON(text)
}

// MarshalJSON writes both.
func (s sharedRecord) MarshalJSON() ([]byte, error) {
	rest := s.rest
	if s.Removed {
		if rest = maps.Clone(rest); rest == nil {
			rest = others{}
		}
		rest["removed"] = json.RawMessage("true")
	}
	return writeKeys(plainRecord(s.record), rest)
}

// UnmarshalJSON keeps the keys of the file that this program does not know.
func (f *usersFile) UnmarshalJSON(text []byte) (err error) {
	var format struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(text, &format); err == nil && format.Format > usersFormat {
		return fmt.Errorf("%w: it has format %d, and this program reads up to %d: start the newer program again, or put back users.json as it was saved before the upgrade", ErrNewerFormat, format.Format, usersFormat)
	}
	var p plainFile
	if p.rest, err = readKeys(text, &p); err == nil {
		*f = usersFile(p)
	}
	return err
}

// MarshalJSON writes them again.
func (f usersFile) MarshalJSON() ([]byte, error) {
	f.Format = usersFormat
	return writeKeys(plainFile(f), f.rest)
}
