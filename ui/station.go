package ui

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"regexp"
	"time"
)

const (
	stationCookie = "bongsu_station"
	stationFor    = 400 * 24 * time.Hour // what browsers keep a cookie for at most
)

var stationName = regexp.MustCompile(`^[A-Z2-7]{26}$`)

// stationOf names the browser a request comes from, so that two people at one desk are not taken for two
// desks. What others get to see is a hash: nobody becomes another's station by reading the journal.
func (s *Server) stationOf(r *http.Request) string {
	if c, err := r.Cookie(stationCookie); err == nil && stationName.MatchString(c.Value) {
		return browserStation(c.Value)
	}
	return "session:" + short(s.sessions.Token(r.Context())) // opened before its browser had a cookie
}

func browserStation(cookie string) string { return "browser:" + short(cookie) }

func short(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:8])
}

// newStation is the cookie of a browser that had none. Nodes on one host share it: it is one browser.
func (s *Server) newStation() http.Cookie {
	return http.Cookie{
		Name: stationCookie, Value: rand.Text(), Path: "/", MaxAge: int(stationFor.Seconds()),
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: s.cfg.TLS != nil,
	}
}
