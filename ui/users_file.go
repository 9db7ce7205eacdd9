package ui

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/alexedwards/argon2id"

	"bongsu/facility"
)

// record is one account in the file.
type record struct {
	User     string        `json:"user"`
	Name     facility.Text `json:"name"`
	Roles    []string      `json:"roles"`
	Contact  Contact       `json:"contact,omitzero"`
	Password string        `json:"password"` // Argon2id, encoded
	Demo     bool          `json:"demo,omitempty"`
	Disabled bool          `json:"disabled,omitempty"`
	Factor   *factor       `json:"factor,omitempty"`
	Tokens   []tokenRecord `json:"tokens,omitempty"`
	Edits    int64         `json:"edits,omitempty"` // changes, its making included
	Edited   time.Time     `json:"edited,omitzero"` // the newest of them, by the clock of the desk that made it
	Ruled    *ruled        `json:"ruled,omitempty"` // of one that cannot change accounts any more
	Act      string        `json:"act,omitempty"`   // by which the newest change was asked for, if it had a key: the same again changes nothing

	rest others

	// What follows is this desk's own and never leaves it.
	LastLogin *time.Time `json:"last_login,omitempty"`
	Places    []string   `json:"places,omitempty"`    // addresses from where the person has logged in, the newest last
	LastStep  int64      `json:"last_step,omitempty"` // of the newest code used here
	Spent     []string   `json:"spent,omitempty"`     // recovery codes used here that all sites do not know of yet, by hash
	Version   int64      `json:"version,omitempty"`   // as all sites know it, 0 for one they do not share
}

type tokenRecord struct {
	Label   string    `json:"label"`
	Hash    string    `json:"hash"` // SHA-256, hex
	Created time.Time `json:"created"`
}

// tombstone is an account that was removed at all sites. It is kept for ever: a site that was away for a year, or a
// shared store that was set up from nothing, must not bring it back.
type tombstone struct {
	User    string    `json:"user"`
	Edits   int64     `json:"edits"`
	Edited  time.Time `json:"edited,omitzero"`
	Version int64     `json:"version,omitempty"`
	Ruled   *ruled    `json:"ruled,omitempty"`
}

type usersFile struct {
	Format  int         `json:"format"`
	Users   []record    `json:"users"`
	Removed []tombstone `json:"removed,omitempty"`

	rest others
}

// kept is a record with what is this desk's own.
func (r record) kept(from record) record {
	r.LastLogin, r.Places, r.LastStep, r.Spent = from.LastLogin, from.Places, from.LastStep, nil
	for _, hash := range from.Spent {
		if r.Factor != nil && slices.Contains(r.Factor.Recovery, hash) {
			r.Spent = append(r.Spent, hash)
		}
	}
	return r
}

// clone is a record whose change leaves the original as it is.
func (r record) clone() record {
	r.Roles, r.Tokens, r.Spent, r.Factor = slices.Clone(r.Roles), slices.Clone(r.Tokens), slices.Clone(r.Spent), r.Factor.clone()
	r.Places = slices.Clone(r.Places)
	return r
}

func (r record) account() Account {
	a := Account{User: r.User, Name: r.Name, Roles: slices.Clone(r.Roles), Contact: r.Contact, Demo: r.Demo, Disabled: r.Disabled, Edited: r.Edited, LastLogin: r.LastLogin}
	if r.Factor != nil {
		a.Factor, a.Recovery = true, len(r.Factor.Recovery)-len(r.Spent)
	}
	for _, t := range r.Tokens {
		a.Tokens = append(a.Tokens, t.Label)
	}
	return a
}

// identity is who a record stands for. Its proof is of all that a person has shown at the log-in.
func (r record) identity() identity {
	sum := sha256.New()
	sum.Write([]byte(r.Password))
	if r.Factor != nil {
		sum.Write([]byte("\x00" + r.Factor.Secret))
	}
	return identity{user: r.User, name: r.Name, roles: slices.Clone(r.Roles), proof: hex.EncodeToString(sum.Sum(nil)[:8]), factor: r.Factor != nil}
}

// demoAccounts are the published accounts of a demo site. There are two of the authority, since what
// the authority does takes two of them.
var demoAccounts = []record{
	{User: "operator", Name: facility.Text{KO: "운영원", EN: "Operator"}, Roles: []string{"operator"}},
	{User: "lead", Name: facility.Text{KO: "교대 조장", EN: "Shift lead"}, Roles: []string{"lead"}},
	{User: "safety", Name: facility.Text{KO: "소방안전관리자", EN: "Fire-safety manager"}, Roles: []string{"safety"}},
	{User: "facilities", Name: facility.Text{KO: "설비 담당", EN: "Facilities engineer"}, Roles: []string{"facilities"}},
	{User: "authority", Name: facility.Text{KO: "소방 연락관", EN: "Fire authority liaison"}, Roles: []string{"authority"}},
	{User: "authority2", Name: facility.Text{KO: "소방 지휘관", EN: "Fire authority commander"}, Roles: []string{"authority"}},
	{User: "chair", Name: facility.Text{KO: "위원장", EN: "Committee chair"}, Roles: []string{"chair"}},
	{User: "member", Name: facility.Text{KO: "위원", EN: "Committee member"}, Roles: []string{"member"}},
	{User: "tower", Name: facility.Text{KO: "컨트롤 타워", EN: "Control tower"}, Roles: []string{"tower"}},
	{User: "admin", Name: facility.Text{KO: "관리자", EN: "Administrator"}, Roles: []string{"admin"}},
}

// demoPassword is published: the accounts that have it exist on demo sites only.
const demoPassword = "bongsu-demo"

func withDemo(list []record, removed []tombstone) ([]record, error) {
	for _, d := range demoAccounts {
		if find(list, d.User) >= 0 || slices.ContainsFunc(removed, func(t tombstone) bool { return t.User == d.User }) {
			continue
		}
		hash, err := hashPassword(demoPassword)
		if err != nil {
			return nil, err
		}
		d.Password, d.Demo = hash, true
		list = append(list, d)
	}
	return list, nil
}

var userName = regexp.MustCompile(`^[\p{L}0-9][\p{L}0-9._-]{0,63}$`)

// Validate reports everything wrong in the file at once.
func (f usersFile) Validate() error {
	var errs []error
	fault := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	for i, r := range f.Users {
		if !userName.MatchString(r.User) {
			fault("users[%d].user: %q: want 1 to 64 letters, digits, dots, dashes", i, r.User)
		}
		if first := find(f.Users, r.User); first != i {
			fault("users[%d].user: %q is also users[%d]", i, r.User, first)
		}
		if len(r.Roles) == 0 {
			fault("users[%d].roles: %s has none: want some of %s", i, r.User, strings.Join(roles, ", "))
		}
		for k, role := range r.Roles {
			if !slices.Contains(roles, role) {
				fault("users[%d].roles[%d]: unknown role %q: want one of %s", i, k, role, strings.Join(roles, ", "))
			}
		}
		if _, _, _, err := argon2id.DecodeHash(r.Password); err != nil {
			fault("users[%d].password: not an Argon2id hash: set it again with `bongsu user password`", i)
		}
		if why := r.Contact.wrong(); why != "" {
			fault("users[%d].contact: %s", i, why)
		}
		if r.Factor != nil && !r.Factor.usable() {
			fault("users[%d].factor: its secret is not base32 of at least %d bits: reset it and enrol anew", i, 8*leastSecret)
		}
	}
	return errors.Join(errs...)
}

var (
	phoneNumber = regexp.MustCompile(`^[0-9+() .-]{0,32}$`)
	mailAddress = regexp.MustCompile(`^([^@\s]{1,64}@[^@\s]{1,189})?$`)
)

// wrong says what is wrong with a contact, "" for nothing.
func (c Contact) wrong() string {
	switch {
	case !phoneNumber.MatchString(c.Phone):
		return fmt.Sprintf("%q is no phone number: want at most 32 digits, spaces and +()-.", c.Phone)
	case !mailAddress.MatchString(c.Mail):
		return fmt.Sprintf("%q is no mail address", c.Mail)
	}
	return ""
}

// update changes the file as one step that no other process can interleave, then the memory.
func (u *Users) update(change func(*usersFile) error) error {
	lock, err := os.OpenFile(u.file+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("lock the users file: %w", err)
	}
	defer func() { _ = lock.Close() }()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("lock the users file: %w", err)
	}
	f, err := readUsers(u.file)
	if err != nil {
		return err
	}
	had, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("encode users: %w", err)
	}
	if err := change(&f); err != nil {
		return err
	}
	if err := f.Validate(); err != nil {
		return fmt.Errorf("%w: %w", ErrUser, err)
	}
	if now, err := json.Marshal(f); err != nil || !bytes.Equal(had, now) {
		if err := writeUsers(u.file, f); err != nil {
			return err
		}
	}
	return u.load()
}

// refresh takes in what another process wrote. The memory stays as it was when the file is faulty.
func (u *Users) refresh() error {
	info, err := os.Stat(u.file)
	u.mu.RLock()
	never := u.seen == nil
	u.mu.RUnlock()
	if never && errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look at the users file: %w", err)
	}
	u.mu.RLock()
	same := u.seen != nil && os.SameFile(info, u.seen) && info.ModTime().Equal(u.seen.ModTime()) && info.Size() == u.seen.Size()
	u.mu.RUnlock()
	if same {
		return nil
	}
	return u.load()
}

func (u *Users) load() error {
	info, err := os.Stat(u.file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("look at the users file: %w", err)
	}
	f, err := readUsers(u.file)
	if err != nil {
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.raw, u.seen = f, info
	u.list, u.kept = f.governed(u.mayLogIn)
	return nil
}

func readUsers(file string) (usersFile, error) {
	var f usersFile
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err != nil {
		return f, fmt.Errorf("read the users file: %w", err)
	}
	if info, err := os.Stat(file); err == nil && info.Mode().Perm()&0o077 != 0 {
		return usersFile{}, fmt.Errorf("users file %s can be read by others: run chmod 600 on it", file)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&f); err != nil {
		return usersFile{}, fmt.Errorf("users file %s: %w", file, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return usersFile{}, fmt.Errorf("users file %s: something follows the list of users", file)
	}
	if err := f.Validate(); err != nil {
		return usersFile{}, fmt.Errorf("users file %s: %w", file, err)
	}
	for i := range f.Users {
		f.Users[i].Edits = max(1, f.Users[i].Edits)
	}
	return f, nil
}

// writeUsers replaces the file in one step: a power cut leaves the old one or the new one.
func writeUsers(file string, f usersFile) error {
	text, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return fmt.Errorf("encode users: %w", err)
	}
	return writeFile(file, append(text, '\n'))
}

// writeFile writes a file only its owner can read, whole or not at all.
func writeFile(file string, text []byte) (err error) {
	tmp, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+"-*") // made with mode 0600
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(file), err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(tmp.Name())
		}
	}()
	_, err = tmp.Write(text)
	if err == nil {
		err = tmp.Sync()
	}
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(tmp.Name(), file)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(file), err)
	}
	return nil
}
