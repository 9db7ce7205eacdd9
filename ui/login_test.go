package ui

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestAWrongPasswordOpensNothing(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	for _, c := range []credentials{{User: "operator", Password: "wrong"}, {User: "nobody", Password: demoPassword}, {User: "operator", Password: strings.Repeat("x", 256)}} {
		b.post("session", c).problem(401, "wrong")
	}
	b.post("session", `{"user":"operator"}`).problem(422, "password")
	b.get("points").problem(401, "Log in")
	if b.cookie() != "" {
		t.Errorf("a refused login left the cookie %q", b.cookie())
	}
}

func TestLoggingInAndOut(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	a := b.post("session", credentials{User: "lead", Password: demoPassword}).want(200)
	var me sessionJSON
	a.into(&me)
	if me.User != "lead" || me.Name != "교대 조장" || !slices.Equal(me.Roles, []string{"lead"}) || me.LastLogin != nil {
		t.Errorf("the session is %+v", me)
	}
	set := a.sets("bongsu_n1")
	for _, part := range []string{"bongsu_n1=", "HttpOnly", "SameSite=Strict", "Path=/"} {
		if !strings.Contains(set, part) {
			t.Errorf("the cookie %q has no %s", set, part)
		}
	}
	b.get("session").want(200).into(&me)
	if me.User != "lead" {
		t.Errorf("who am I says %+v", me)
	}
	h.as("lead").get("session").want(200).into(&me)
	if me.LastLogin == nil {
		t.Error("the second login does not tell the first")
	}
	b.do("DELETE", "session", nil).want(204)
	b.get("session").problem(401, "Log in")
}

type sessionJSON struct {
	User, Name string
	Roles      []string
	LastLogin  *string `json:"last_login"`
}

func TestALoginRenewsTheSession(t *testing.T) {
	h := newHouse(t)
	b := h.as("operator")
	before := b.cookie()
	b.post("session", credentials{User: "safety", Password: demoPassword}).want(200)
	if b.cookie() == before {
		t.Error("the cookie is the one from before the login")
	}
	old := h.browser()
	old.header["Cookie"] = "bongsu_n1=" + before
	old.get("session").problem(401, "Log in")
}

func TestSessionsEnd(t *testing.T) {
	short := func(c *Config) { c.SessionIdle, c.SessionLifetime = time.Hour, 3*time.Hour }
	t.Run("when nobody uses them", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := newHouse(t, short).as("operator")
			time.Sleep(59 * time.Minute)
			b.get("session").want(200)
			time.Sleep(61 * time.Minute)
			b.get("session").problem(401, "Log in")
		})
	})
	t.Run("when they are old, used or not", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := newHouse(t, short).as("operator")
			for range 5 {
				time.Sleep(30 * time.Minute)
				b.get("session").want(200)
			}
			time.Sleep(31 * time.Minute)
			b.get("session").problem(401, "Log in")
		})
	})
	t.Run("when the account is removed by another process", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			h := newHouse(t)
			b := h.as("member")
			other, err := OpenUsers(h.users.file, true)
			if err != nil {
				t.Fatal(err)
			}
			if err := other.By("").Remove("member"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Second)
			b.get("session").problem(401, "Log in")
		})
	})
	t.Run("when the password changes", func(t *testing.T) {
		h := newHouse(t)
		b := h.as("member")
		if err := h.users.By("").SetPassword("member", "another one"); err != nil {
			t.Fatal(err)
		}
		b.get("session").problem(401, "Log in")
	})
	t.Run("and a request under way does not revive one", func(t *testing.T) {
		h := newHouse(t)
		b := h.as("member")
		token := h.server.hashed(b.cookie())
		data, _, _ := h.server.store.Find(token)
		b.do("DELETE", "session", nil).want(204)
		if err := h.server.store.Commit(token, data, time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if _, found, _ := h.server.store.Find(token); found {
			t.Error("the session is back")
		}
	})
}

func TestSessionsSurviveARestart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sessions.json")
	keep := func(c *Config) { c.SessionFile = file }
	h := newHouse(t, keep)
	b := h.as("operator")
	h.stop()
	text, err := os.ReadFile(file)
	if err != nil || strings.Contains(string(text), b.cookie()) {
		t.Fatalf("the file cannot be read (%v) or holds the cookie itself", err)
	}
	users := h.users
	h = newHouse(t, keep, func(c *Config) { c.Users = users })
	again := h.browser()
	again.header["Cookie"] = "bongsu_n1=" + b.cookie()
	again.get("session").want(200)

	if err := os.WriteFile(file, []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := openSessions(file)
	if err == nil || s == nil {
		t.Errorf("a broken file gave %v, %v: want a fault and an empty store", s, err)
	}
}

func TestGuessingPasswordsGetsSlow(t *testing.T) {
	l := newLimiter()
	now := time.Now()
	for i := range freeFailures {
		if wait, _ := l.begin("operator", "a", true, now); wait != 0 {
			t.Fatalf("attempt %d must wait %v", i+1, wait)
		}
	}
	wants := []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 32 * time.Second, time.Minute, time.Minute}
	for i, want := range wants {
		if wait, _ := l.begin("operator", "a", true, now); wait != want {
			t.Fatalf("after %d failures the wait is %v, want %v", freeFailures+i, wait, want)
		}
		now = now.Add(want)
		if wait, _ := l.begin("operator", "a", true, now); wait != 0 {
			t.Fatalf("after waiting it must wait %v more", wait)
		}
	}
	if wait, _ := l.begin("operator", "b", true, now); wait != 0 {
		t.Errorf("the same account from elsewhere must wait %v", wait)
	}
	l.passed("operator", "a", true)
	if wait, _ := l.begin("operator", "a", true, now); wait != 0 {
		t.Errorf("after the right password it must wait %v", wait)
	}
	for i := range 2 * mostRemembers {
		l.begin(strings.Repeat("x", i%50)+string(rune(i)), "c", false, now.Add(time.Duration(i)))
	}
	if n, m := len(l.tries), len(l.strange); n > mostRemembers || m > mostRemembers {
		t.Errorf("%d and %d attempts are remembered, want at most %d", n, m, mostRemembers)
	}
}

// Guesses from ever other places are let through one in ten seconds, all of them together; who comes from a place where
// somebody has logged in is not held up by them, and who knows the password comes in from anywhere in the end.
func TestGuessingFromEverywhereGetsSlow(t *testing.T) {
	l := newLimiter()
	now := time.Now()
	tried := 0
	for i := range 20_000 { // ten a second for some half an hour
		now = now.Add(100 * time.Millisecond)
		if wait, everywhere := l.begin("safety", fmt.Sprint("far ", i), false, now); wait == 0 {
			tried++
		} else if !everywhere || wait > strangeWait {
			t.Fatalf("guess %d waits %v, everywhere %v", i, wait, everywhere)
		}
	}
	if tried < 200 || tried > 240 {
		t.Errorf("%d guesses were let through in 2,000 s", tried)
	}
	if wait, _ := l.begin("safety", "control room", true, now); wait != 0 {
		t.Errorf("the control room must wait %v", wait)
	}
	if wait, _ := l.begin("lead", "far 1", false, now); wait != 0 {
		t.Errorf("another account must wait %v", wait)
	}
	wait, _ := l.begin("safety", "at home", false, now)
	if wait, _ := l.begin("safety", "at home", false, now.Add(wait)); wait != 0 {
		t.Errorf("after waiting it must wait %v more", wait)
	}
	l.passed("safety", "at home", false)
	if wait, _ := l.begin("safety", "at work", false, now.Add(wait)); wait != 0 {
		t.Errorf("right after the right password it must wait %v", wait)
	}
}

func TestWhereGuessesComeFrom(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "2001:db8:1:2:ffff::1": "2001:db8:1:2::/64",
		"fe80::1%eth0": "fe80::/64", "pipe": "pipe", "": "",
	} {
		if got := placeOf(address); got != want {
			t.Errorf("%q comes from %q, want %q", address, got, want)
		}
	}
}

// The consoles of a house stay open while somebody guesses from everywhere, also after the desk was started anew.
func TestGuessesFromFarAwayDoNotCloseTheHouse(t *testing.T) {
	u := demoUsers(t)
	if _, err := u.loggedIn("operator", "192.0.2.7", time.Now()); err != nil {
		t.Fatal(err)
	}
	again := newUsers(u.file, true)
	if err := again.load(); err != nil {
		t.Fatal(err)
	}
	if !again.knows("192.0.2.7") || again.knows("192.0.2.8") {
		t.Error("it is not known where people have logged in")
	}
	for i := range 3 * mostPlaces {
		if _, err := u.loggedIn("lead", fmt.Sprint("place ", i), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(u.raw.Users[find(u.raw.Users, "lead")].Places); n != mostPlaces || !u.knows(fmt.Sprint("place ", 3*mostPlaces-1)) {
		t.Errorf("%d places are kept", n)
	}
}

func TestTheBrakeTellsHowLongToWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		b := h.browser()
		for range freeFailures {
			b.post("session", credentials{User: "tower", Password: "wrong"}).want(401)
		}
		b.post("session", credentials{User: "tower", Password: demoPassword}).problem(429, "Wait 1 s")
		h.as("operator")
	})
}

func TestAPITokens(t *testing.T) {
	h := newHouse(t)
	token, err := h.users.By("").AddToken("operator", "report script")
	if err != nil {
		t.Fatal(err)
	}
	b := h.browser()
	b.header["Authorization"] = "Bearer " + token
	var me sessionJSON
	a := b.get("session").want(200).into(&me)
	if me.User != "operator" || a.header.Get("Set-Cookie") != "" {
		t.Errorf("the token is %+v, with cookie %q", me, a.header.Get("Set-Cookie"))
	}
	h.writes(1, KindAlarm, hotAlarm(1))
	b.post("alarms/"+hot+"/ack", nil).want(200)
	text, err := os.ReadFile(h.users.file)
	if err != nil || strings.Contains(string(text), token) {
		t.Errorf("the users file (%v) holds the token itself", err)
	}
	if err := h.users.By("").RemoveToken("operator", "report script"); err != nil {
		t.Fatal(err)
	}
	b.get("session").problem(401, "Log in")
	b.header["Authorization"] = "Bearer bongsu_nonsense"
	b.get("session").problem(401, "Log in")
}

func TestATokenIsNoPerson(t *testing.T) {
	h := newHouse(t)
	token, err := h.users.By("").AddToken("safety", "script")
	if err != nil {
		t.Fatal(err)
	}
	b := h.browser()
	b.header["Authorization"] = "Bearer " + token
	b.post("fire/rooms/B1/reset", map[string]any{"rack": "R1", "inspected": true, "confirm": "R1", "password": demoPassword}).problem(403, "persons")
}

func TestRolesHaveTheRightsTheyShould(t *testing.T) {
	want := map[string]string{
		"operator":   "C0 C1 C2 alarms ask cancel read round self simulate",
		"lead":       "C0 C1 C2 C3 alarms ask cancel end-drill normal read restore round second self service simulate urgent",
		"safety":     "C0 C3 C4 alarms ask cancel drill end-drill proof read release reset restore round second self simulate",
		"facilities": "C0 alarms ask bank-ready bypass cancel inhibit normal proof read restore round second self service",
		"authority":  "ask cancel power-cut read second self takeover",
		"chair":      "ask read self",
		"member":     "ask read self",
		"tower":      "ask read self",
		"admin":      "accounts read reload self simulate",
	}
	for _, role := range roles {
		var has []string
		for r := range grants {
			if r.may([]string{role}) {
				has = append(has, string(r))
			}
		}
		slices.Sort(has)
		if got := strings.Join(has, " "); got != want[role] {
			t.Errorf("%s may %s, want %s", role, got, want[role])
		}
	}
	for r, g := range grants {
		for _, role := range slices.Concat(g.roles, g.second) {
			if !slices.Contains(roles, role) {
				t.Errorf("right %s is granted to %q, which is no role", r, role)
			}
		}
	}
}

func TestRequestsFromOtherSitesAreRefused(t *testing.T) {
	h := newHouse(t)
	h.writes(1, KindAlarm, hotAlarm(1))
	b := h.as("operator")
	ack := "alarms/" + hot + "/ack"
	b.post(ack, "{}", "Origin", "http://evil.test").problem(403, "another site")
	b.post(ack, "{}", "Sec-Fetch-Site", "cross-site").problem(403, "another site")
	b.post(ack, "{}", "Sec-Fetch-Site", "same-site").problem(403, "another site")
	b.post(ack, "a=1", "Content-Type", "application/x-www-form-urlencoded").problem(415, "application/json")
	b.post(ack, "{}", "Content-Type", "text/plain").problem(415, "application/json")
	b.do("DELETE", "session", nil, "Origin", "http://evil.test").problem(403, "another site")
	if n := len(h.acts.seen()); n != 0 {
		t.Fatalf("%d refused requests reached the field", n)
	}
	b.post(ack, "{}", "Origin", "http://console.test", "Sec-Fetch-Site", "same-origin").want(200)
	b.get("live?view=nowhere").want(404)
	b.do("GET", "points", nil, "Sec-Fetch-Site", "cross-site").want(http.StatusOK)
}

func TestProblemsAreJSON(t *testing.T) {
	p := problem(http.StatusConflict, "do %s", "this")
	text, err := json.Marshal(p)
	if err != nil || !strings.Contains(string(text), `"detail":"do this"`) {
		t.Errorf("problem %s, %v", text, err)
	}
}
