package ui

import (
	"context"
	"errors"
	"maps"
	"os"
	"slices"
	"testing"
	"time"
)

func demoText(h *house) (string, error) {
	text, err := os.ReadFile(h.users.file)
	return string(text), err
}

// accountsRead is the answer as a browser reads it.
type accountsRead struct {
	Items            []accountRead
	Shared, Writable bool
	Why              string
}

type accountRead struct {
	User    string
	Contact Contact
	Edited  *time.Time
}

func TestOnlyAdministratorsSeeAndChangeAccounts(t *testing.T) {
	h := newHouse(t)
	for _, role := range roles {
		b := h.as(role)
		b.get("account").want(200)
		if role == adminRole {
			b.get("accounts").want(200)
			continue
		}
		b.get("accounts").problem(403, "role admin")
		b.post("accounts/operator/remove", Proof{Confirm: "operator", Password: demoPassword}).problem(403, "role admin")
	}
	h.browser().get("accounts").problem(401, "Log in")
}

func TestAnAdministratorKeepsTheAccounts(t *testing.T) {
	h := newHouse(t)
	var told []AccountChange
	h.users.Journal(func(_ context.Context, c AccountChange) error { told = append(told, c); return nil })
	b := h.as("admin")
	with := func(body map[string]any, key string, value any) map[string]any {
		body = maps.Clone(body)
		body[key] = value
		return body
	}
	add := map[string]any{"user": "kim", "names": kim, "roles": []string{"operator"}, "contact": Contact{Phone: "+82 2 123 4567"}, "new_password": "long enough", "password": demoPassword}
	b.post("accounts", with(add, "password", "wrong")).problem(403, "password is wrong")
	b.post("accounts", with(add, "roles", []string{"king"})).problem(422, "unknown role")
	b.post("accounts", with(add, "contact", Contact{Mail: "nobody"})).problem(422, "no mail address")
	b.post("accounts", with(add, "new_password", "short")).want(422)
	b.post("accounts", add).want(204)
	b.post("accounts", add).problem(422, "exists already")
	person := h.browser()
	person.post("session", credentials{User: "kim", Password: "long enough"}).want(200)

	var list accountsRead
	b.get("accounts").want(200).into(&list)
	i := slices.IndexFunc(list.Items, func(a accountRead) bool { return a.User == "kim" })
	if i < 0 || list.Items[i].Contact.Phone == "" || list.Items[i].Edited == nil || !list.Writable || list.Shared {
		t.Fatalf("the accounts are %+v", list)
	}
	profile := map[string]any{"names": kim, "roles": []string{"operator", "lead"}, "contact": Contact{}, "edited": list.Items[i].Edited, "password": demoPassword}
	b.post("accounts/kim/profile", profile).want(204)
	b.post("accounts/kim/profile", profile).problem(409, "changed meanwhile")
	b.post("accounts/kim/password", map[string]string{"new_password": "something else", "password": demoPassword}).want(204)
	person.get("session").problem(401, "Log in")

	b.post("accounts/kim/disable", Proof{Confirm: "lee", Password: demoPassword}).problem(422, `"kim"`)
	b.post("accounts/kim/disable", Proof{Confirm: "kim", Password: demoPassword}).want(204)
	person.post("session", credentials{User: "kim", Password: "something else"}).problem(401, "wrong")
	b.post("accounts/kim/enable", Proof{Confirm: "kim", Password: demoPassword}).want(204)
	person.post("session", credentials{User: "kim", Password: "something else"}).want(200)
	person.enrol("something else")
	person.post("session", credentials{User: "kim", Password: "something else"}).want(401)
	b.post("accounts/kim/factor-remove", Proof{Confirm: "kim", Password: demoPassword}).want(204)
	person.post("session", credentials{User: "kim", Password: "something else"}).want(200)
	if _, err := h.users.By("").AddToken("kim", "script"); err != nil {
		t.Fatal(err)
	}
	b.post("accounts/kim/token-remove", map[string]string{"label": "script", "password": demoPassword}).want(204)
	b.post("accounts/kim/remove", Proof{Confirm: "kim", Password: demoPassword}).want(204)
	b.post("accounts/kim/remove", Proof{Confirm: "kim", Password: demoPassword}).problem(404, "kim")

	var what []string
	for _, c := range told {
		if c.What != "factor" && c.What != "token" && c.By != "admin" {
			t.Errorf("%s was done by %q", c.What, c.By)
		}
		what = append(what, c.What)
	}
	want := []string{"add", "profile", "password", "disable", "enable", "factor", "factor-removed", "token", "token-removed", "remove"}
	if !slices.Equal(what, want) {
		t.Errorf("the journal tells %v, want %v", what, want)
	}
}

// Nobody takes the own account away, and the last who may change accounts stays.
func TestAdministratorsDoNotLockThemselvesOut(t *testing.T) {
	h := newHouse(t)
	b := h.as("admin")
	for _, act := range []string{"remove", "disable", "factor-remove"} {
		b.post("accounts/admin/"+act, Proof{Confirm: "admin", Password: demoPassword}).problem(409, "own account")
	}
	b.post("accounts/admin/profile", map[string]any{"names": kim, "roles": []string{"lead"}, "password": demoPassword}).problem(409, "own roles")
	b.post("accounts/admin/profile", map[string]any{"names": kim, "roles": []string{"admin", "lead"}, "password": demoPassword}).problem(409, "own roles")
	b.post("accounts/admin/profile", map[string]any{"names": kim, "roles": []string{"admin"}, "password": demoPassword}).want(204)
	b.post("accounts", map[string]any{"user": "admin2", "names": kim, "roles": []string{"admin"}, "new_password": "long enough", "password": demoPassword}).want(204)
	second := h.browser()
	second.post("session", credentials{User: "admin2", Password: "long enough"}).want(200)
	b.post("accounts/admin2/disable", Proof{Confirm: "admin2", Password: demoPassword}).want(204)
	second.get("accounts").problem(401, "Log in")
	if err := h.users.By("").Remove("admin"); !errors.Is(err, ErrLastAdmin) {
		t.Errorf("the last who can log in: %v", err)
	}
}

// A site that is cut off shows the accounts, says why they cannot be changed, and changes none.
func TestAccountsAtACutOffSite(t *testing.T) {
	h := newHouse(t)
	seat := &seatAt{commonAccounts: &commonAccounts{all: map[string]SharedAccount{}}}
	h.users.Share(seat)
	synced(t, h.users)
	b := h.as("admin")
	seat.cut = true
	if err := h.users.Sync(t.Context()); !errors.Is(err, ErrReadOnly) {
		t.Fatal(err)
	}
	var list accountsRead
	b.get("accounts").want(200).into(&list)
	if !list.Shared || list.Writable || list.Why == "" || len(list.Items) != len(demoAccounts) {
		t.Errorf("at a site that is cut off: %+v", list)
	}
	b.post("accounts/operator/disable", Proof{Confirm: "operator", Password: demoPassword}).problem(503, "No quorum: read only")
	h.as("operator").get("alarms").want(200)
}

// An answer that was lost is asked for again with the same key: nothing is done twice, whether the desk still has the
// answer or was started anew, or another desk is asked.
func TestAnAccountIsChangedOnceForAKey(t *testing.T) {
	h := newHouse(t)
	changes := 0
	h.users.Journal(func(context.Context, AccountChange) error { changes++; return nil })
	b := h.as("admin")
	add := map[string]any{"user": "kim", "names": kim, "roles": []string{"operator"}, "new_password": "long enough", "password": demoPassword}
	reset := map[string]string{"new_password": "something else", "password": demoPassword}
	for _, forget := range []func(){func() {}, func() { h.server.replies = newReplies() }} {
		b.post("accounts", add, "Idempotency-Key", "k1").want(204)
		forget()
		b.post("accounts", add, "Idempotency-Key", "k1").want(204)
		b.post("accounts/kim/password", reset, "Idempotency-Key", "k2").want(204)
		edited := h.users.List()[len(h.users.List())-1].Edited
		forget()
		b.post("accounts/kim/password", reset, "Idempotency-Key", "k2").want(204)
		if changes != 2 || !h.users.List()[len(h.users.List())-1].Edited.Equal(edited) {
			t.Errorf("%d changes", changes)
		}
		b.post("accounts", add, "Idempotency-Key", "k3").problem(422, "exists already")
		b.post("accounts", map[string]any{"user": "lee", "names": kim, "roles": []string{"operator"}, "new_password": "long enough", "password": demoPassword}, "Idempotency-Key", "k3").want(204)
		if err := errors.Join(h.users.By("").Remove("kim"), h.users.By("").Remove("lee")); err != nil {
			t.Fatal(err)
		}
		h.server.replies, changes = newReplies(), 0
	}
}

// A key counts at every desk: the change that was asked for at one and answered nowhere is not made again at another.
func TestAKeyCountsAtEveryDesk(t *testing.T) {
	c, _, users := desks(t)
	withAccount(t, users[0], record{User: "kim", Roles: []string{"operator"}})
	synced(t, users[0], users[1])
	disable := func(u *Users, key string) error { return u.By("admin").Keyed(key).SetDisabled("kim", true) }
	if err := disable(users[0], "k"); err != nil {
		t.Fatal(err)
	}
	version := c.version
	if err := disable(users[1], "k"); err != nil || c.version != version {
		t.Errorf("asked again at another desk: %v, version %d after %d", err, c.version, version)
	}
	if err := disable(users[1], "another"); err != nil || c.version == version {
		t.Errorf("another key is another change: %v", err)
	}
}
