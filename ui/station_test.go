package ui

import (
	"strings"
	"testing"
)

// sets is the header that sets a cookie, empty when none does.
func (a *answer) sets(cookie string) string {
	for _, set := range a.header.Values("Set-Cookie") {
		if strings.HasPrefix(set, cookie+"=") {
			return set
		}
	}
	return ""
}

func (b *browser) station() string {
	b.h.t.Helper()
	var me struct{ Station string }
	b.get("session").want(200).into(&me)
	return me.Station
}

func TestABrowserIsOneStationWhoeverLogsIn(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	var me struct{ Station string }
	a := b.post("session", credentials{User: "chair", Password: demoPassword}).want(200).into(&me)
	set := a.sets(stationCookie)
	for _, part := range []string{"HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=34560000"} {
		if !strings.Contains(set, part) {
			t.Errorf("the station's cookie %q has no %s", set, part)
		}
	}
	first := b.station()
	if !strings.HasPrefix(first, "browser:") || first != me.Station {
		t.Errorf("the station is %q, at the login %q", first, me.Station)
	}
	if value, _, _ := strings.Cut(strings.TrimPrefix(set, stationCookie+"="), ";"); strings.Contains(first, value) {
		t.Error("the station tells the cookie to everyone who reads the journal")
	}
	if again := b.post("session", credentials{User: "member", Password: demoPassword}).want(200).sets(stationCookie); again != "" {
		t.Errorf("the second login sets another station: %s", again)
	}
	if second := b.station(); second != first {
		t.Errorf("two people in one browser are at %q and %q", first, second)
	}
	if other := h.as("member").station(); other == first {
		t.Error("another browser is the same station")
	}
}

func TestAStationWithoutACookieIsTheSessionOrTheToken(t *testing.T) {
	h := newHouse(t)
	b := h.as("tower")
	for _, cookie := range []string{"", "; bongsu_station=", "; bongsu_station=of-my-own-making"} {
		old := h.browser()
		old.header["Cookie"] = "bongsu_n1=" + b.cookie() + cookie
		if s := old.station(); !strings.HasPrefix(s, "session:") || strings.Contains(s, b.cookie()) || len(s) < 20 {
			t.Errorf("with the cookies %q the station is %q", cookie, s)
		}
	}
	forged := h.browser()
	a := forged.post("session", credentials{User: "tower", Password: demoPassword}, "Cookie", "bongsu_station=x").want(200)
	if a.sets(stationCookie) == "" {
		t.Error("a cookie that is none of ours was taken for a station")
	}
	token, err := h.users.By("").AddToken("tower", "duty phone")
	if err != nil {
		t.Fatal(err)
	}
	script := h.browser()
	script.header["Authorization"] = "Bearer " + token
	if s := script.station(); s != "token:duty phone" {
		t.Errorf("the token's station is %q", s)
	}
	if a := h.browser().post("session", credentials{User: "tower", Password: "wrong"}).want(401); a.sets(stationCookie) != "" {
		t.Error("a refused login left a station")
	}
}
