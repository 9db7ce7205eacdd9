package ui

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"bongsu/bcp"
)

// painting is a picture of the organisation and, once somebody watches, its event: encoded once for all.
type painting struct {
	*bcp.Picture

	once sync.Once
	text []byte
	err  error
}

func (p *painting) event() ([]byte, error) {
	p.once.Do(func() {
		p.text, p.err = json.Marshal(struct {
			Picture *bcp.Picture `json:"picture"`
		}{p.Picture})
	})
	return p.text, p.err
}

// SetContinuity takes the newest picture of the organisation, at best once a turn of its loop. The picture
// and all it points to must not change any more: many read it at once.
func (m *Model) SetContinuity(p *bcp.Picture) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.painting = &painting{Picture: p}
	m.tell(change{name: eventContinuity})
}

// painted is the newest picture, nil before the first.
func (m *Model) painted() *painting {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.painting
}

func noContinuity() huma.StatusError {
	return problem(http.StatusNotFound, "This site has no continuity configured.")
}

// picture is what is known of the organisation, or why nothing is.
func (s *Server) picture() (*bcp.Picture, error) {
	if s.cfg.Continuity == nil {
		return nil, noContinuity()
	}
	p := s.cfg.Model.painted()
	if p == nil {
		return nil, problem(http.StatusServiceUnavailable, "This node has not read the shared journal yet, so it does not know the situation. Try again in a few seconds, or ask another node.")
	}
	return p.Picture, nil
}

// pictured answers with a part of the picture.
func pictured[T any](part func(*bcp.Picture) T) func(*Server, context.Context, *struct{}) (*struct{ Body T }, error) {
	return func(s *Server, _ context.Context, _ *struct{}) (*struct{ Body T }, error) {
		p, err := s.picture()
		if err != nil {
			return nil, err
		}
		return &struct{ Body T }{part(p)}, nil
	}
}

// picturedByID answers with one of a list in the picture.
func picturedByID[T any](what string, list func(*bcp.Picture) []T, id func(T) string) func(*Server, context.Context, *ByID) (*struct{ Body T }, error) {
	return func(s *Server, _ context.Context, in *ByID) (*struct{ Body T }, error) {
		p, err := s.picture()
		if err != nil {
			return nil, err
		}
		for _, v := range list(p) {
			if id(v) == in.ID {
				return &struct{ Body T }{v}, nil
			}
		}
		return nil, unknown(what, in.ID)
	}
}

func items[T any](part func(*bcp.Picture) []T) func(*bcp.Picture) list[T] {
	return func(p *bcp.Picture) list[T] { return list[T]{Items: listed(part(p))} }
}

func wholePicture(p *bcp.Picture) *bcp.Picture      { return p }
func incidentsOf(p *bcp.Picture) []bcp.IncidentView { return p.Incidents }
func incidentID(v bcp.IncidentView) string          { return v.ID }
func playbooksOf(p *bcp.Picture) []bcp.Playbook     { return p.Playbooks }
func playsOf(p *bcp.Picture) []*bcp.Play            { return p.Plays }
func playID(v *bcp.Play) string                     { return v.ID }
func servicesOf(p *bcp.Picture) []bcp.ServiceView   { return p.Services }

type failoverView struct {
	Items []bcp.GroupView `json:"items"`
	Sites []bcp.SiteView  `json:"sites"`
	Names []bcp.NamesView `json:"names"`
	Brake bcp.Brake       `json:"brake"`
}

func failoverOf(p *bcp.Picture) failoverView {
	return failoverView{listed(p.Groups), listed(p.Sites), listed(p.Names), p.Brake}
}

// pictureEvery is how far apart the stream shows two pictures; the newest wins.
const pictureEvery = 250 * time.Millisecond
