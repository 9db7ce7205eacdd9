package ui

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"bongsu/facility"
)

// AccountView is an account as its administrators and its own person see it; nothing in it opens anything.
type AccountView struct {
	User     string        `json:"user"`
	Names    facility.Text `json:"names"`
	Roles    []string      `json:"roles"`
	Contact  Contact       `json:"contact"`
	Own      bool          `json:"own" doc:"of the person who asks"`
	Demo     bool          `json:"demo" doc:"has the published password of the demo accounts"`
	Disabled bool          `json:"disabled"`
	Factor   bool          `json:"factor" doc:"logs in with a second factor"`
	Must     bool          `json:"factor_required" doc:"a role of it takes one"`
	Recovery int           `json:"recovery" doc:"recovery codes left"`
	Last     *stamp        `json:"last_login" doc:"at this desk"`
	Edited   *stamp        `json:"edited" doc:"send it with a change of the profile: one that was changed meanwhile is refused"`
	Tokens   []string      `json:"tokens" doc:"labels of the API tokens"`
}

// AccountsState is whether accounts can be changed from here.
type AccountsState struct {
	Shared   bool   `json:"shared" doc:"the accounts are those of all sites"`
	Writable bool   `json:"writable"`
	Why      string `json:"why,omitempty" doc:"why they cannot be changed from here now"`
}

// settledView is an account whose copies were of two histories.
type settledView struct {
	User string `json:"user"`
	At   stamp  `json:"at"`
	Why  string `json:"why"`
}

// unreadView is an account that cannot be read.
type unreadView struct {
	User string `json:"user"`
	Why  string `json:"why"`
}

type accountsView struct {
	Items []AccountView `json:"items"`
	AccountsState
	Roles    []string      `json:"roles" doc:"all there are"`
	Required []string      `json:"factor_roles" doc:"those that take a second factor, by the site file"`
	Unread   []unreadView  `json:"unread" doc:"accounts of all sites that this node's program cannot read; they are as this desk had them"`
	Settled  []settledView `json:"settled" doc:"two copies of an account that differed though neither came from the other, the newest last"`
}

type accountsOut struct{ Body accountsView }

func (s *Server) listAccounts(ctx context.Context, _ *struct{}) (*accountsOut, error) {
	id, _ := identityOf(ctx)
	v := accountsView{Items: []AccountView{}, AccountsState: s.accountsNow(), Roles: roles, Required: listed(s.cfg.Model.site().SecondFactor), Unread: []unreadView{}, Settled: []settledView{}}
	for _, a := range s.cfg.Users.List() {
		v.Items = append(v.Items, s.viewAccount(a, id.user))
	}
	for _, t := range s.cfg.Users.Settled() {
		v.Settled = append(v.Settled, settledView{t.User, stamp(t.At), t.Why})
	}
	for _, u := range s.cfg.Users.Unread() {
		v.Unread = append(v.Unread, unreadView(u))
	}
	return &accountsOut{v}, nil
}

func (s *Server) accountsNow() AccountsState {
	st := AccountsState{Shared: s.cfg.Users.Shared(), Writable: true}
	if err := s.cfg.Users.Away(); err != nil {
		st.Writable, st.Why = false, err.Error()
	}
	return st
}

func (s *Server) viewAccount(a Account, asker string) AccountView {
	v := AccountView{User: a.User, Names: a.Name, Roles: listed(a.Roles), Contact: a.Contact, Own: a.User == asker, Demo: a.Demo, Disabled: a.Disabled,
		Factor: a.Factor, Must: s.takesFactor(a.Roles), Recovery: a.Recovery, Last: stampOf(a.LastLogin), Tokens: listed(a.Tokens)}
	if !a.Edited.IsZero() {
		v.Edited = stampOf(&a.Edited)
	}
	return v
}

// accountProblem says why a change was not made and what to do.
func accountProblem(user string, err error) huma.StatusError {
	switch {
	case errors.Is(err, ErrReadOnly):
		return problem(http.StatusServiceUnavailable, "No quorum: read only. Accounts are those of all sites and can be changed where a majority of them is reached. Everybody can log in here as before.")
	case errors.Is(err, ErrElsewhere), errors.Is(err, ErrStale):
		return problem(http.StatusConflict, "The account %s was changed meanwhile. Look at it again, then decide.", user)
	case errors.Is(err, ErrLastAdmin):
		return problem(http.StatusConflict, "%s is the last administrator who can log in. Give another account the role admin first.", user)
	case errors.Is(err, ErrUser):
		return problem(http.StatusUnprocessableEntity, "Nothing was changed: %s.", err.Error())
	}
	return problem(http.StatusServiceUnavailable, "Nothing was changed: %s.", err.Error())
}

// ProfileBody is what an administrator lays down of an account.
type ProfileBody struct {
	Names   facility.Text `json:"names"`
	Roles   []string      `json:"roles" minItems:"1" maxItems:"16"`
	Contact Contact       `json:"contact,omitempty"`
}

func (p ProfileBody) profile() Profile {
	return Profile{Name: p.Names, Roles: p.Roles, Contact: p.Contact}
}

type addAccountIn struct {
	Keyed
	Body struct {
		ProfileBody
		User     string `json:"user" minLength:"1" maxLength:"64"`
		New      string `json:"new_password" minLength:"8" maxLength:"256" doc:"the account's first; its person gives another one"`
		Password string `json:"password" maxLength:"256" doc:"the administrator's own, again"`
	}
}

func (s *Server) addAccount(ctx context.Context, in *addAccountIn) (*struct{}, error) {
	b := in.Body
	return nil, s.changeAccount(ctx, in.Keyed, b.User, b.Password, func(h Hand) error { return h.add(b.profile(), b.User, b.New) })
}

// changeAccount makes a change once its administrator has shown to be there.
func (s *Server) changeAccount(ctx context.Context, k Keyed, user, password string, do func(Hand) error) error {
	if err := s.same(ctx, password); err != nil {
		return err
	}
	id, _ := identityOf(ctx)
	if err := do(s.cfg.Users.By(id.user).Keyed(k.Key)); err != nil {
		return accountProblem(user, err)
	}
	markReached(ctx)
	s.log.Info("an account was changed", "user", user, "by", id.user)
	return nil
}

type profileIn struct {
	Keyed
	ByID
	Body struct {
		ProfileBody
		Edited   time.Time `json:"edited,omitzero" doc:"of the account as it was looked at"`
		Password string    `json:"password" maxLength:"256" doc:"the administrator's own, again"`
	}
}

func (s *Server) setProfile(ctx context.Context, in *profileIn) (*struct{}, error) {
	id, _ := identityOf(ctx)
	if in.ID == id.user && !sameRoles(in.Body.Roles, id.roles) {
		return nil, notOneself()
	}
	if err := s.hasAccount(in.ID); err != nil {
		return nil, err
	}
	return nil, s.changeAccount(ctx, in.Keyed, in.ID, in.Body.Password, func(h Hand) error { return h.SetProfile(in.ID, in.Body.profile(), in.Body.Edited) })
}

func (s *Server) hasAccount(user string) error {
	if slices.ContainsFunc(s.cfg.Users.List(), func(a Account) bool { return a.User == user }) {
		return nil
	}
	return unknown("account", user)
}

func notOneself() huma.StatusError {
	return problem(http.StatusConflict, "Nobody takes the own account away, or changes the own roles: another administrator does that.")
}

func sameRoles(a, b []string) bool {
	return slices.Equal(slices.Compact(slices.Sorted(slices.Values(a))), slices.Compact(slices.Sorted(slices.Values(b))))
}

type resetPasswordIn struct {
	Keyed
	ByID
	Body struct {
		New      string `json:"new_password" minLength:"8" maxLength:"256"`
		Password string `json:"password" maxLength:"256" doc:"the administrator's own, again"`
	}
}

func (s *Server) resetPassword(ctx context.Context, in *resetPasswordIn) (*struct{}, error) {
	id, _ := identityOf(ctx)
	if in.ID == id.user {
		return nil, problem(http.StatusConflict, "Give yourself another password under My account: this session then goes on.")
	}
	if err := s.hasAccount(in.ID); err != nil {
		return nil, err
	}
	return nil, s.changeAccount(ctx, in.Keyed, in.ID, in.Body.Password, func(h Hand) error { return h.SetPassword(in.ID, in.Body.New) })
}

type accountActIn struct {
	Keyed
	ByID
	Body Proof
}

// accountAct is a change that takes a second look: the account's name is typed, beside the own password.
func accountAct(what string) func(*Server, context.Context, *accountActIn) (*struct{}, error) {
	return func(s *Server, ctx context.Context, in *accountActIn) (*struct{}, error) {
		id, _ := identityOf(ctx)
		if in.ID == id.user {
			return nil, notOneself()
		}
		if err := s.hasAccount(in.ID); err != nil {
			return nil, err
		}
		if err := confirmed(in.Body.Confirm, in.ID); err != nil {
			return nil, err
		}
		return nil, s.changeAccount(ctx, in.Keyed, in.ID, in.Body.Password, func(h Hand) error {
			switch what {
			case "disable":
				return h.SetDisabled(in.ID, true)
			case "enable":
				return h.SetDisabled(in.ID, false)
			case "factor-remove":
				return h.RemoveFactor(in.ID)
			default:
				return h.Remove(in.ID)
			}
		})
	}
}

type removeTokenIn struct {
	Keyed
	ByID
	Body struct {
		Label    string `json:"label" minLength:"1" maxLength:"256"`
		Password string `json:"password" maxLength:"256" doc:"the administrator's own, again"`
	}
}

func (s *Server) removeToken(ctx context.Context, in *removeTokenIn) (*struct{}, error) {
	if err := s.hasAccount(in.ID); err != nil {
		return nil, err
	}
	return nil, s.changeAccount(ctx, in.Keyed, in.ID, in.Body.Password, func(h Hand) error { return h.RemoveToken(in.ID, in.Body.Label) })
}
