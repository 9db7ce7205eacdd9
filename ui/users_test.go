package ui

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bongsu/facility"
)

func TestDemoAccountsStayOutOfOtherSites(t *testing.T) {
	file := demoUsers(t).file
	u, err := OpenUsers(file, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := u.check("operator", demoPassword); ok {
		t.Error("a demo account logs in on a site that does not allow it")
	}
	fresh, err := OpenUsers(filepath.Join(t.TempDir(), "users.json"), false)
	if err != nil || len(fresh.List()) != 0 {
		t.Errorf("a new file has %v, %v, want no account", fresh, err)
	}
}

func TestAccountsAreAddedAndRemoved(t *testing.T) {
	file := filepath.Join(t.TempDir(), "users.json")
	u, err := OpenUsers(file, false)
	if err != nil {
		t.Fatal(err)
	}
	name := facility.Text{KO: "김", EN: "Kim"}
	if err := u.By("").Add("kim", name, []string{"operator", "lead"}, "long enough"); err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"twice":         u.By("").Add("kim", name, []string{"operator"}, "long enough"),
		"short":         u.By("").Add("lee", name, []string{"operator"}, "short"),
		"role":          u.By("").Add("lee", name, []string{"king"}, "long enough"),
		"no role":       u.By("").Add("lee", name, nil, "long enough"),
		"name":          u.By("").Add("a b", name, []string{"operator"}, "long enough"),
		"remove":        u.By("").Remove("lee"),
		"token of none": u.By("").RemoveToken("kim", "none"),
	} {
		if err == nil {
			t.Errorf("%s: no fault", what)
		}
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v, want mode 0600", info.Mode(), err)
	}
	other, err := OpenUsers(file, false)
	if err != nil {
		t.Fatal(err)
	}
	if id, ok := other.check("kim", "long enough"); !ok || len(id.roles) != 2 {
		t.Errorf("kim logs in as %+v, %v", id, ok)
	}
	if err := u.By("").Remove("kim"); err != nil {
		t.Fatal(err)
	}
	if err := other.refresh(); err != nil {
		t.Fatal(err)
	}
	if _, ok := other.check("kim", "long enough"); ok {
		t.Error("a removed account logs in")
	}
}

func TestAFaultyUsersFileIsRefused(t *testing.T) {
	good, err := demoFile()
	if err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		text string
		mode os.FileMode
		says string
	}{
		"newer format":  {`{"format":2,"users":[]}`, 0o600, "newer program"},
		"trailing text": {`{"users":[]} x`, 0o600, "follows"},
		"not JSON":      {`users:`, 0o600, "invalid"},
		"unknown role": {strings.Replace(string(good), `"chair"
      ]`, `"king"
      ]`, 1), 0o600, `unknown role "king"`},
		"plain password":   {`{"users":[{"user":"a","name":{"ko":"","en":""},"roles":["admin"],"password":"secret"}]}`, 0o600, "Argon2id"},
		"read by everyone": {string(good), 0o644, "chmod 600"},
	} {
		t.Run(what, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "users.json")
			if err := os.WriteFile(file, []byte(c.text), c.mode); err != nil {
				t.Fatal(err)
			}
			if _, err := OpenUsers(file, false); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("fault %v, want one with %q", err, c.says)
			}
		})
	}
}

func TestAFaultyChangeFromOutsideLocksNobodyOut(t *testing.T) {
	h := newHouse(t)
	if err := os.WriteFile(h.users.file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := h.users.refresh(); err == nil {
		t.Error("a broken file is taken without a word")
	}
	h.as("operator").get("session").want(200)
}
