package ui

import (
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// What a newer program has written into the file stays there when this one changes an account, and comes to the other
// desks with it.
func TestKeysOfANewerProgramAreKept(t *testing.T) {
	c, _, users := desks(t)
	text := `{"users":[{"user":"kim","name":{"ko":"","en":"Kim"},"roles":["operator"],"password":` + quoted(t, users[0].fake) + `,"edits":3,"badge":{"number":7}}],"later":[1,2]}`
	if err := os.WriteFile(users[0].file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := users[0].load(); err != nil {
		t.Fatal(err)
	}
	if got := users[0].unknownKeys(); !slices.Equal(got, []string{"kim.badge", "later"}) {
		t.Errorf("unknown keys: %v", got)
	}
	synced(t, users[0], users[1])
	if err := users[1].By("").SetProfile("kim", Profile{Roles: []string{"lead"}}, time.Time{}); err != nil {
		t.Fatal(err)
	}
	synced(t, users[0])
	for i, want := range []string{`"later":[1,2]`, ""} {
		file, err := os.ReadFile(users[i].file)
		if err != nil {
			t.Fatal(err)
		}
		plain := strings.Join(strings.Fields(string(file)), "")
		if !strings.Contains(plain, `"badge":{"number":7}`) || !strings.Contains(plain, want) || !strings.Contains(plain, `"lead"`) {
			t.Errorf("desk %d has\n%s", i, file)
		}
	}
	if err := users[0].By("").Remove("kim"); err != nil {
		t.Fatal(err)
	}
	var gone sharedRecord
	if err := json.Unmarshal(c.all["kim"].Record, &gone); err != nil || !gone.Removed || gone.Edits != 5 {
		t.Errorf("the mark of the removal is %s, %v", c.all["kim"].Record, err)
	}
	synced(t, users[1])
	if got := names(users[1]); len(got) != 0 {
		t.Errorf("the other desk has %v", got)
	}
}

func quoted(t *testing.T, s string) string {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A file that this program must not touch is refused with what to do, and stays as it is; a desk that runs goes on with
// what it had.
func TestAFileOfANewerFormatIsRefusedAndLeftAlone(t *testing.T) {
	u := emptyUsers(t)
	withAccount(t, u, record{User: "kim", Roles: []string{"operator"}})
	text := `{"format":9,"users":{"kim":{}}}`
	if err := os.WriteFile(u.file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	err := u.By("").SetDisabled("kim", true)
	if !errors.Is(err, ErrNewerFormat) || !strings.Contains(err.Error(), "start the newer program again") {
		t.Errorf("a change: %v", err)
	}
	if _, ok := u.get("kim"); !ok {
		t.Error("the desk has forgotten kim")
	}
	if got, err := os.ReadFile(u.file); err != nil || string(got) != text {
		t.Errorf("the file is now %s, %v", got, err)
	}
}
