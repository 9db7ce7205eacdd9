package ui

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// needCode refuses a log-in that was right so far: the second factor is missing or was not right.
type needCode struct {
	Title  string `json:"title"`
	Code   int    `json:"status"`
	Detail string `json:"detail"`
	Need   string `json:"need" enum:"code" doc:"what is missing"`
}

// Error is the detail.
func (n *needCode) Error() string { return n.Detail }

// GetStatus is the HTTP status.
func (n *needCode) GetStatus() int { return n.Code }

// ContentType is that of every problem.
func (n *needCode) ContentType(string) string { return "application/problem+json" }

func askCode(detail string) *needCode {
	return &needCode{Title: http.StatusText(http.StatusUnauthorized), Code: http.StatusUnauthorized, Detail: detail, Need: "code"}
}

// second checks the second factor of an account that has one.
func (s *Server) second(ctx context.Context, id identity, code string) error {
	if !id.factor {
		return nil
	}
	if code == "" {
		return askCode("This account logs in with a second factor. Send the code that the phone shows, or a recovery code.")
	}
	recovery, err := s.takeCode(ctx, id.user, code)
	var braked huma.StatusError
	switch {
	case errors.As(err, &braked):
		return braked
	case errors.Is(err, ErrReplayed):
		return askCode("This code was used already. Wait for the next one, at most 30 s.")
	case err != nil:
		s.log.Warn("a right password came with a wrong code: whoever it was knows the password", "user", id.user)
		return askCode("The code is wrong. Read it again; see also whether the phone's clock is right.")
	case recovery:
		s.log.Warn("logged in by a recovery code", "user", id.user)
	}
	return nil
}

// takeCode checks a code of the second factor that stands.
func (s *Server) takeCode(ctx context.Context, user, code string) (recovery bool, err error) {
	err = s.braked(ctx, user, func(now time.Time) (err error) {
		recovery, err = s.cfg.Users.checkCode(user, code, now)
		return err
	})
	return recovery, err
}

// braked checks a code with a brake on guessing of its own: whoever guesses codes knows the password, so a right
// password must not lift it.
func (s *Server) braked(ctx context.Context, user string, check func(now time.Time) error) error {
	guessed, now := "code of "+user, time.Now()
	place, known := s.placeIn(ctx)
	if wait, everywhere := s.limiter.begin(guessed, place, known, now); wait > 0 {
		return tooMany("codes", wait, everywhere)
	}
	err := check(now)
	if err == nil {
		s.limiter.passed(guessed, place, known)
	}
	return err
}

// mustEnrol says whether a person has to enrol a second factor before anything else. Where that cannot be done, since a
// majority of the sites is not reached, nobody is kept from the own building for it.
func (s *Server) mustEnrol(id identity) bool {
	return !id.token && !id.factor && s.takesFactor(id.roles) && s.cfg.Users.Away() == nil
}

func (s *Server) takesFactor(have []string) bool { return anyOf(s.cfg.Model.site().SecondFactor, have) }

// enrolling keeps the secrets of people who have seen the picture and not yet shown a code. They are lost with the
// process, and nothing is lost with them.
type enrolling struct {
	mu    sync.Mutex
	begun map[string]enrolment
}

type enrolment struct {
	secret string
	until  time.Time
}

const enrolFor = 10 * time.Minute

func (e *enrolling) begin(user, secret string, now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.begun == nil {
		e.begun = map[string]enrolment{}
	}
	e.begun[user] = enrolment{secret, now.Add(enrolFor)}
}

func (e *enrolling) secret(user string, now time.Time) (string, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	b, ok := e.begun[user]
	if ok && now.After(b.until) {
		delete(e.begun, user)
		ok = false
	}
	return b.secret, ok
}

func (e *enrolling) end(user string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.begun, user)
}

type ownAccountView struct {
	AccountView
	AccountsState
}

type ownAccountOut struct{ Body ownAccountView }

func (s *Server) getAccount(ctx context.Context, _ *struct{}) (*ownAccountOut, error) {
	id, _ := identityOf(ctx)
	for _, a := range s.cfg.Users.List() {
		if a.User == id.user {
			return &ownAccountOut{ownAccountView{s.viewAccount(a, id.user), s.accountsNow()}}, nil
		}
	}
	return nil, unknown("account", id.user)
}

type ownPasswordIn struct {
	Keyed
	Body struct {
		Password string `json:"password" maxLength:"256" doc:"the present one"`
		New      string `json:"new_password" minLength:"8" maxLength:"256"`
	}
}

func (s *Server) ownPassword(ctx context.Context, in *ownPasswordIn) (*struct{}, error) {
	if err := s.same(ctx, in.Body.Password); err != nil {
		return nil, err
	}
	id, _ := identityOf(ctx)
	if err := s.cfg.Users.By(id.user).SetPassword(id.user, in.Body.New); err != nil {
		return nil, accountProblem(id.user, err)
	}
	markReached(ctx)
	return nil, s.stay(ctx, id.user)
}

// stay keeps the session through which a person has changed what it is bound to; all others of that person end.
func (s *Server) stay(ctx context.Context, user string) error {
	id, ok := s.cfg.Users.get(user)
	if !ok {
		return noSession()
	}
	s.sessions.Put(ctx, sessionProof, id.proof)
	return nil
}

type factorProof struct {
	Password string `json:"password" maxLength:"256" doc:"the person's own, again"`
	Code     string `json:"code,omitempty" maxLength:"64" doc:"of the second factor that stands, if one does"`
}

type factorIn struct {
	Keyed
	Body factorProof
}

// holder checks that the person at the console is the one who holds the account, by all that it has.
func (s *Server) holder(ctx context.Context, p factorProof) (identity, error) {
	id, _ := identityOf(ctx)
	if err := s.same(ctx, p.Password); err != nil {
		return id, err
	}
	if now, ok := s.cfg.Users.get(id.user); !ok || !now.factor {
		return id, nil
	}
	if p.Code == "" {
		return id, problem(http.StatusUnprocessableEntity, "This takes a code of the second factor that stands, or a recovery code.")
	}
	if _, err := s.takeCode(ctx, id.user, p.Code); err != nil {
		return id, wrongCode(err)
	}
	return id, nil
}

func wrongCode(err error) huma.StatusError {
	var braked huma.StatusError
	if errors.As(err, &braked) {
		return braked
	}
	if errors.Is(err, ErrReplayed) {
		return problem(http.StatusForbidden, "This code was used already. Wait for the next one, at most 30 s.")
	}
	return problem(http.StatusForbidden, "The code is wrong. Read it again; see also whether the phone's clock is right.")
}

type factorView struct {
	Secret  string   `json:"secret" doc:"to type where no camera is: base32"`
	URI     string   `json:"uri"`
	Picture []string `json:"picture" doc:"a QR code of the URI, row by row, 1 for dark; draw it with four light modules around it"`
}

func (s *Server) beginFactor(ctx context.Context, in *factorIn) (*struct{ Body factorView }, error) {
	id, err := s.holder(ctx, in.Body)
	if err != nil {
		return nil, err
	}
	if away := s.cfg.Users.Away(); away != nil {
		return nil, accountProblem(id.user, away)
	}
	secret := newSecret()
	v := factorView{Secret: secret, URI: factorURI("Bongsu "+s.cfg.Model.site().ID, id.user, secret)}
	if v.Picture, err = factorPicture(v.URI); err != nil {
		return nil, err
	}
	s.enrolling.begin(id.user, secret, time.Now())
	markReached(ctx)
	return &struct{ Body factorView }{v}, nil
}

type codeIn struct {
	Keyed
	Body struct {
		Code string `json:"code" minLength:"6" maxLength:"16"`
	}
}

type recoveryView struct {
	Recovery []string `json:"recovery" doc:"each opens the account once in place of the phone; they cannot be shown again"`
}

// confirmFactor begins to ask for the second factor once the person has shown that the phone has it.
func (s *Server) confirmFactor(ctx context.Context, in *codeIn) (*struct{ Body recoveryView }, error) {
	id, _ := identityOf(ctx)
	if id.token {
		return nil, problem(http.StatusForbidden, "This takes a person at a console: log in.")
	}
	secret, ok := s.enrolling.secret(id.user, time.Now())
	if !ok {
		return nil, problem(http.StatusConflict, "No second factor is being enrolled, or its ten minutes are over. Begin again.")
	}
	var step int64
	if err := s.braked(ctx, id.user, func(now time.Time) error {
		if step, ok = stepOf(secret, plainCode(in.Body.Code), now); !ok {
			return ErrCode
		}
		return nil
	}); err != nil {
		return nil, wrongCode(err)
	}
	codes, err := s.cfg.Users.By(id.user).SetFactor(id.user, secret)
	if err != nil {
		return nil, accountProblem(id.user, err)
	}
	s.enrolling.end(id.user)
	markReached(ctx)
	if r, ok := s.cfg.Users.active(id.user); ok {
		_ = s.cfg.Users.useStep(r, step) // the code that was shown now opens nothing more
	}
	return &struct{ Body recoveryView }{recoveryView{codes}}, s.stay(ctx, id.user)
}

func (s *Server) removeFactor(ctx context.Context, in *factorIn) (*struct{}, error) {
	id, err := s.holder(ctx, in.Body)
	if err != nil {
		return nil, err
	}
	if s.takesFactor(id.roles) {
		return nil, problem(http.StatusConflict, "Your role takes a second factor here. Enrol another in its place instead.")
	}
	if err := s.cfg.Users.By(id.user).RemoveFactor(id.user); err != nil {
		return nil, accountProblem(id.user, err)
	}
	markReached(ctx)
	return nil, s.stay(ctx, id.user)
}

func (s *Server) newRecovery(ctx context.Context, in *factorIn) (*struct{ Body recoveryView }, error) {
	id, err := s.holder(ctx, in.Body)
	if err != nil {
		return nil, err
	}
	codes, err := s.cfg.Users.By(id.user).NewRecovery(id.user)
	if err != nil {
		return nil, accountProblem(id.user, err)
	}
	markReached(ctx)
	return &struct{ Body recoveryView }{recoveryView{codes}}, nil
}
