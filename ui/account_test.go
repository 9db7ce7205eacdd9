package ui

import (
	"encoding/base32"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"bongsu/facility"
)

// The vectors of RFC 6238, appendix B, for SHA-1: six digits are the last of the eight given there.
func TestCodesAreThoseOfTheStandard(t *testing.T) {
	secret := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte("12345678901234567890"))
	for at, code := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"} {
		if step, ok := stepOf(secret, code, time.Unix(at, 0)); !ok || step != at/30 {
			t.Errorf("%d: %s is of step %d, %v", at, code, step, ok)
		}
		if _, ok := stepOf(secret, code, time.Unix(at+61, 0)); ok {
			t.Errorf("%d: %s is good for longer than a period beside its own", at, code)
		}
	}
}

// phone shows the codes of a secret.
type phone struct {
	t      *testing.T
	secret string
}

func (p phone) code(at time.Time) string {
	p.t.Helper()
	code, err := hotp.GenerateCodeCustom(p.secret, uint64(at.Unix()/codePeriod), hotp.ValidateOpts{Digits: codeDigits, Algorithm: otp.AlgorithmSHA1})
	if err != nil {
		p.t.Fatal(err)
	}
	return code
}

// enrol goes the whole way of a person with a new phone.
func (b *browser) enrol(password string) (phone, []string) {
	b.h.t.Helper()
	var begun factorView
	b.post("account/factor", map[string]string{"password": password}).want(200).into(&begun)
	p := phone{b.h.t, begun.Secret}
	var done recoveryView
	b.post("account/factor/confirm", map[string]string{"code": p.code(time.Now())}).want(200).into(&done)
	return p, done.Recovery
}

func TestASecondFactorFromThePictureToTheLogIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		b, elsewhere := h.as("tower"), h.as("tower")
		b.post("account/factor", map[string]string{"password": "wrong"}).problem(403, "password is wrong")
		b.post("account/factor/confirm", map[string]string{"code": "123456"}).problem(409, "Begin again")
		var begun factorView
		b.post("account/factor", map[string]string{"password": demoPassword}).want(200).into(&begun)
		if !strings.HasPrefix(begun.URI, "otpauth://totp/Bongsu%20") || !strings.Contains(begun.URI, "secret="+begun.Secret) {
			t.Errorf("the phone is given %s", begun.URI)
		}
		if n := len(begun.Picture); n < 21 || len(begun.Picture[0]) != n || !strings.HasPrefix(begun.Picture[0], "1111111") {
			t.Errorf("%d rows, the first %q: no QR code", n, begun.Picture[0])
		}
		p := phone{t, begun.Secret}
		b.post("account/factor/confirm", map[string]string{"code": p.code(time.Now().Add(-time.Hour))}).problem(403, "clock")
		var done recoveryView
		b.post("account/factor/confirm", map[string]string{"code": p.code(time.Now())}).want(200).into(&done)
		b.get("session").want(200)
		elsewhere.get("session").problem(401, "Log in") // was opened by a password alone

		login := func(code string) *answer {
			return h.browser().post("session", credentials{User: "tower", Password: demoPassword, Code: code})
		}
		var need needCode
		login("").want(401).into(&need)
		if need.Need != "code" {
			t.Errorf("without a code: %+v", need)
		}
		login(p.code(time.Now())).problem(401, "used already") // the one that was shown when it was enrolled
		time.Sleep(31 * time.Second)
		fresh := p.code(time.Now())
		login(fresh).want(200)
		login(fresh).problem(401, "used already")
		login(p.code(time.Now().Add(-31*time.Second))).problem(401, "used already") // older than one that was taken
		time.Sleep(2 * time.Minute)                                                 // the brake on guessing
		login(strings.ToLower(strings.ReplaceAll(done.Recovery[0], "-", " "))).want(200)
		login(done.Recovery[0]).problem(401, "wrong")
		var own struct {
			Factor, Writable bool
			Recovery         int
		}
		b.get("account").want(200).into(&own)
		if !own.Factor || own.Recovery != recoveries-1 || !own.Writable {
			t.Errorf("my account is %+v", own)
		}
		text, err := demoText(h)
		if err != nil || strings.Contains(text, strings.ReplaceAll(done.Recovery[1], "-", "")) {
			t.Errorf("a recovery code stands in the file, %v", err)
		}
	})
}

// Whoever has the password, and a session of a desk left open, does not guess codes faster for it.
func TestARightPasswordLiftsNoBrakeOnCodes(t *testing.T) {
	const wrong = "12345" // never right: codes have six digits
	for name, guess := range map[string]func(h *house, b *browser) *answer{
		"at the desk left open": func(_ *house, b *browser) *answer {
			return b.post("account/factor/remove", map[string]string{"password": demoPassword, "code": wrong})
		},
		"at the log-in": func(h *house, b *browser) *answer {
			b.post("account/password", map[string]string{"password": demoPassword, "new_password": "        "}).want(422) // right, and changes nothing
			return h.browser().post("session", credentials{User: "tower", Password: demoPassword, Code: wrong})
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t)
				b := h.as("tower")
				p, _ := b.enrol(demoPassword)
				for range freeFailures + 1 {
					guess(h, b)
				}
				guess(h, b).problem(429, "Too many wrong codes")
				time.Sleep(2 * longestWait)
				h.browser().post("session", credentials{User: "tower", Password: demoPassword, Code: p.code(time.Now())}).want(200)
			})
		})
	}
}

// Nor does a desk left open while its person fetches the phone show the recovery codes to whoever guesses.
func TestTheFirstCodeIsNotGuessedEither(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newHouse(t).as("tower")
		var begun factorView
		b.post("account/factor", map[string]string{"password": demoPassword}).want(200).into(&begun)
		guess := map[string]string{"code": "1234567"} // never right: codes have six digits
		for range freeFailures {
			b.post("account/factor/confirm", guess).want(403)
		}
		b.post("account/factor/confirm", guess).problem(429, "Too many wrong codes")
		time.Sleep(2 * time.Second)
		b.post("account/factor/confirm", map[string]string{"code": phone{t, begun.Secret}.code(time.Now())}).want(200)
	})
}

// A code that was used opens nothing after a restart of the desk either.
func TestAUsedCodeStaysUsedOverARestart(t *testing.T) {
	u := demoUsers(t)
	secret, now := newSecret(), time.Now()
	if _, err := u.By("tower").SetFactor("tower", secret); err != nil {
		t.Fatal(err)
	}
	code := phone{t, secret}.code(now)
	if _, err := u.checkCode("tower", code, now); err != nil {
		t.Fatal(err)
	}
	again := newUsers(u.file, true)
	if err := again.load(); err != nil {
		t.Fatal(err)
	}
	if _, err := again.checkCode("tower", code, now); !errors.Is(err, ErrReplayed) {
		t.Errorf("after a restart: %v", err)
	}
}

// Whose role takes a second factor does nothing before it has one; where it cannot be enrolled nobody is kept out.
func TestARoleThatTakesASecondFactor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, func(c *Config) {
			site := *c.Site
			site.SecondFactor = []string{"lead"}
			c.Site = &site
			c.Model = NewModel(&site, "ko")
		})
		b := h.as("lead")
		var me sessionView
		b.get("session").want(200).into(&me)
		if !me.Enrol || me.Factor {
			t.Errorf("the session is %+v", me)
		}
		for _, path := range []string{"alarms", "points", "bcp", "live?view=all", "nodes"} {
			b.get(path).problem(403, "second factor")
		}
		h.as("operator").get("alarms").want(200)
		b.enrol(demoPassword)
		b.get("alarms").want(200)
		b.post("account/factor/remove", map[string]string{"password": demoPassword, "code": "123456"}).problem(403, "wrong")

		h.users.mu.Lock()
		h.users.away = ErrReadOnly
		h.users.mu.Unlock()
		if err := h.users.note("lead", func(r *record) { r.Factor = nil }); err != nil {
			t.Fatal(err)
		}
		cut := h.as("lead")
		cut.get("alarms").want(200)
		cut.post("account/factor", map[string]string{"password": demoPassword}).problem(503, "No quorum: read only")
	})
}

// A recovery code that was used at a site that was cut off is struck out at all sites once it is reached again.
func TestARecoveryCodeUsedAtACutOffSite(t *testing.T) {
	_, seats, users := desks(t)
	withAccount(t, users[0], record{User: "kim", Name: facility.Text{EN: "Kim"}, Roles: []string{"tower"}})
	synced(t, users[0], users[1])
	codes, err := users[0].By("kim").SetFactor("kim", newSecret())
	if err != nil {
		t.Fatal(err)
	}
	synced(t, users[1])
	seats[1].cut = true
	if recovery, err := users[1].checkCode("kim", codes[3], time.Now()); err != nil || !recovery {
		t.Fatalf("at the site that is cut off: %v, %v", recovery, err)
	}
	if _, err := users[1].checkCode("kim", codes[3], time.Now()); !errors.Is(err, ErrReplayed) {
		t.Errorf("a second time there: %v", err)
	}
	if a := users[1].List()[0]; a.Recovery != recoveries-1 {
		t.Errorf("%d codes are left there", a.Recovery)
	}
	seats[1].cut = false
	synced(t, users[1], users[0])
	if _, err := users[0].checkCode("kim", codes[3], time.Now()); !errors.Is(err, ErrCode) {
		t.Errorf("at the other site: %v", err)
	}
	for i, u := range users {
		if a := u.List()[0]; a.Recovery != recoveries-1 || len(u.list[0].Spent) != 0 {
			t.Errorf("site %d: %d codes left, %d to be told", i, a.Recovery, len(u.list[0].Spent))
		}
	}
}

func TestAPersonChangesTheOwnPassword(t *testing.T) {
	h := newHouse(t)
	b, other := h.as("member"), h.as("member")
	b.post("account/password", map[string]string{"password": "wrong", "new_password": "another one"}).problem(403, "password is wrong")
	b.post("account/password", map[string]string{"password": demoPassword, "new_password": "short"}).want(422)
	b.post("account/password", map[string]string{"password": demoPassword, "new_password": "another one"}).want(204)
	b.get("session").want(200)
	other.get("session").problem(401, "Log in")
	h.browser().post("session", credentials{User: "member", Password: "another one"}).want(200)
}
