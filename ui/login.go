package ui

import (
	"context"
	"math"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"bongsu/facility"
)

type contextKey int

const (
	identityKey contextKey = iota
	addressKey
	reachedKey
)

// The keys of a session's values.
const (
	sessionUser  = "user"
	sessionProof = "proof"
	sessionLast  = "last"
)

func newSessions(cfg Config, store scs.Store) *scs.SessionManager {
	return &scs.SessionManager{
		IdleTimeout: cfg.SessionIdle, Lifetime: cfg.SessionLifetime, Store: store, Codec: scs.GobCodec{}, HashTokenInStore: true,
		Cookie: scs.SessionCookie{
			Name: "bongsu_" + cfg.Node, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode,
			Secure: cfg.TLS != nil, Persist: true,
		},
		ErrorFunc: func(w http.ResponseWriter, _ *http.Request, err error) {
			cfg.Log.Error("sessions cannot be read", "cause", err)
			sendProblem(w, problem(http.StatusInternalServerError, "Sessions cannot be read. Try again; if it stays, tell the administrator."))
		},
	}
}

// identify puts who asks into the request's context, if anyone is known.
func (s *Server) identify(c *gin.Context) {
	ctx := context.WithValue(c.Request.Context(), addressKey, addressOf(c.Request))
	if id, ok := s.who(c.Request); ok {
		ctx = context.WithValue(ctx, identityKey, id)
	}
	c.Request = c.Request.WithContext(ctx)
	c.Next()
}

func (s *Server) who(r *http.Request) (identity, bool) {
	if token, ok := bearer(r); ok {
		return s.cfg.Users.byToken(token)
	}
	ctx := r.Context()
	id, ok := s.cfg.Users.get(s.sessions.GetString(ctx, sessionUser))
	id.station = s.stationOf(r)
	id.limited = s.mustEnrol(id)
	// A session ends with the password it was opened with.
	return id, ok && id.proof == s.sessions.GetString(ctx, sessionProof)
}

func bearer(r *http.Request) (string, bool) {
	kind, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	return token, ok && strings.EqualFold(kind, "Bearer")
}

func addressOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

func identityOf(ctx context.Context) (identity, bool) {
	id, ok := ctx.Value(identityKey).(identity)
	return id, ok
}

// permit answers why a request may not go on, nil if it may.
func permit(ctx context.Context, need right) huma.StatusError {
	if need == rightNone {
		return nil
	}
	id, ok := identityOf(ctx)
	if !ok {
		return noSession()
	}
	if id.limited && need != rightSelf {
		return problem(http.StatusForbidden, "Your role takes a second factor to log in, and your account has none: enrol one first, under My account.")
	}
	if !need.may(id.roles) {
		return notAllowed(need)
	}
	return nil
}

type credentials struct {
	User     string `json:"user" minLength:"1" maxLength:"64"`
	Password string `json:"password" minLength:"1" maxLength:"256"`
	Code     string `json:"code,omitempty" maxLength:"64" doc:"of the second factor, for an account that has one, or a recovery code"`
}

type sessionView struct {
	User      string        `json:"user"`
	Name      string        `json:"name"`
	Names     facility.Text `json:"names"`
	Roles     []string      `json:"roles"`
	LastLogin *stamp        `json:"last_login" doc:"the login before this one"`
	Factor    bool          `json:"factor" doc:"logs in with a second factor"`
	Enrol     bool          `json:"enrol" doc:"may do nothing before it has enrolled one"`
	Station   string        `json:"station" doc:"this browser, as the organisation's journal names it: two people at one station do not make two"`
}

type sessionOut struct{ Body sessionView }

type loginIn struct {
	Station string `cookie:"bongsu_station"`
	Body    credentials
}

type loginOut struct {
	SetCookie []http.Cookie `header:"Set-Cookie"`
	Body      sessionView
}

// prove verifies a password with the brake on guessing. The caller lifts the brake once the person has shown all there is.
func (s *Server) prove(ctx context.Context, c credentials) (identity, bool, huma.StatusError) {
	place, known := s.placeIn(ctx)
	if wait, everywhere := s.limiter.begin(c.User, place, known, time.Now()); wait > 0 {
		return identity{}, false, tooMany("passwords", wait, everywhere)
	}
	id, ok := s.cfg.Users.check(c.User, c.Password)
	return id, ok, nil
}

// tooMany says how long to wait after wrong passwords or codes.
func tooMany(what string, wait time.Duration, everywhere bool) huma.StatusError {
	seconds := int(math.Ceil(wait.Seconds()))
	if everywhere {
		return problem(http.StatusTooManyRequests, "Too many wrong %s for this account from many places: somebody is guessing. Wait %d s, then try again, or use a console where people have logged in before: that one is not held up.", what, seconds)
	}
	return problem(http.StatusTooManyRequests, "Too many wrong %s for this account from here. Wait %d s, then try again.", what, seconds)
}

// placeIn is where a request comes from, and whether somebody has logged in from there.
func (s *Server) placeIn(ctx context.Context) (place string, known bool) {
	place = placeOf(addressIn(ctx))
	return place, s.cfg.Users.knows(place)
}

func addressIn(ctx context.Context) string {
	address, _ := ctx.Value(addressKey).(string)
	return address
}

func (s *Server) login(ctx context.Context, in *loginIn) (*loginOut, error) {
	id, ok, p := s.prove(ctx, in.Body)
	if p != nil {
		return nil, p
	}
	if !ok {
		return nil, problem(http.StatusUnauthorized, "User or password is wrong. Check both, then try again.")
	}
	if err := s.second(ctx, id, in.Body.Code); err != nil {
		return nil, err
	}
	place, known := s.placeIn(ctx)
	s.limiter.passed(id.user, place, known)
	before, err := s.cfg.Users.loggedIn(id.user, place, time.Now())
	if err != nil {
		// A full disk must not keep the operators out.
		s.log.Warn("a login could not be noted in the users file", "user", id.user, "cause", err)
	}
	if err := s.sessions.RenewToken(ctx); err != nil {
		return nil, problem(http.StatusInternalServerError, "The session could not be opened. Try again.")
	}
	last := ""
	if before != nil {
		last = before.Format(time.RFC3339Nano)
	}
	s.sessions.Put(ctx, sessionUser, id.user)
	s.sessions.Put(ctx, sessionProof, id.proof)
	s.sessions.Put(ctx, sessionLast, last)
	s.log.Info("logged in", "user", id.user)
	out := &loginOut{}
	if !stationName.MatchString(in.Station) {
		c := s.newStation()
		in.Station, out.SetCookie = c.Value, []http.Cookie{c}
	}
	id.station, id.limited = browserStation(in.Station), s.mustEnrol(id)
	out.Body = s.viewSession(id, last)
	return out, nil
}

func (s *Server) whoami(ctx context.Context, _ *struct{}) (*sessionOut, error) {
	id, _ := identityOf(ctx)
	last := ""
	if !id.token {
		last = s.sessions.GetString(ctx, sessionLast)
	}
	return &sessionOut{s.viewSession(id, last)}, nil
}

func (s *Server) viewSession(id identity, last string) sessionView {
	v := sessionView{User: id.user, Name: id.name.In(s.cfg.Lang), Names: id.name, Roles: id.roles, Factor: id.factor, Enrol: id.limited, Station: id.station}
	if t, err := time.Parse(time.RFC3339Nano, last); err == nil {
		v.LastLogin = stampOf(&t)
	}
	return v
}

func (s *Server) logout(ctx context.Context, _ *struct{}) (*struct{}, error) {
	if id, _ := identityOf(ctx); id.token {
		return nil, problem(http.StatusBadRequest, "An API token has no session to end. Withdraw the token instead.")
	}
	if err := s.sessions.Destroy(ctx); err != nil {
		return nil, problem(http.StatusInternalServerError, "The session could not be ended. Try again.")
	}
	return nil, nil
}
