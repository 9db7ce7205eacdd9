package ui

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"bongsu/facility"
)

// presence counts the open streams of each person: who looks at a console of this node now.
type presence struct {
	mu    sync.Mutex
	count map[string]int
}

// come notes a person's stream; what it returns notes its end. A stream by an API token is nobody's console.
func (p *presence) come(ctx context.Context) (gone func()) {
	id, ok := identityOf(ctx)
	if !ok || id.token {
		return func() {}
	}
	p.add(id.user, 1)
	return func() { p.add(id.user, -1) }
}

func (p *presence) add(user string, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.count == nil {
		p.count = map[string]int{}
	}
	if p.count[user] += n; p.count[user] <= 0 {
		delete(p.count, user)
	}
}

func (p *presence) here(user string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count[user] > 0
}

// toldPerson is somebody who learns of an order.
type toldPerson struct {
	User   string        `json:"user"`
	Names  facility.Text `json:"names"`
	Here   bool          `json:"here" doc:"looks at a console of this node now"`
	Signs  bool          `json:"signs" doc:"may sign it as the second person"`
	Alarms bool          `json:"alarms" doc:"acknowledges the alarm if it fails"`
}

// toldOf lists who learns of an order: everybody who looks at a console now, who may sign it, and who answers the alarm
// of its failure. The others read it in the journal.
func (s *Server) toldOf(need right) []toldPerson {
	list := []toldPerson{}
	for _, a := range s.cfg.Users.List() {
		if a.Disabled || a.Demo && !s.cfg.Model.site().Demo {
			continue // cannot log in here
		}
		p := toldPerson{User: a.User, Names: a.Name, Here: s.present.here(a.User), Signs: need.maySecond(a.Roles), Alarms: rightAlarms.may(a.Roles)}
		if p.Here || p.Signs || p.Alarms {
			list = append(list, p)
		}
	}
	slices.SortStableFunc(list, func(a, b toldPerson) int {
		return cmp.Or(-compareBool(a.Here, b.Here), -compareBool(a.Signs, b.Signs), cmp.Compare(a.User, b.User))
	})
	return list
}
