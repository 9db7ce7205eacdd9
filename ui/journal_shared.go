package ui

import (
	"context"
	"net/http"
)

// Whence is what an entry of the shared journal has beside one of the field's.
type Whence struct {
	Site   string      `json:"site" required:"false" doc:"only in the shared journal, as node and epoch"`
	Node   string      `json:"node" required:"false"`
	Epoch  uint64      `json:"epoch" required:"false" doc:"of the leader that wrote it; 0 if it needed no leadership"`
	Origin *originView `json:"origin,omitempty" doc:"the entry of a field's journal that this one repeats"`
}

type originView struct {
	Origin
	Time stamp `json:"time"`
}

// lineView is an entry of either journal.
type lineView struct {
	Entry
	Time stamp `json:"time"`
	*Whence
}

func viewShared(e SharedEntry) lineView {
	v := lineView{e.Entry, stamp(e.Time), &Whence{Site: e.Site, Node: e.Node, Epoch: e.Epoch}}
	if e.Origin != nil {
		v.Origin = &originView{*e.Origin, stamp(e.Origin.Time)}
	}
	return v
}

// sharedAfter pages through the journal of all sites. The newest page ends where the picture does: what
// the organisation has not taken up yet comes with the next call.
func (s *Server) sharedAfter(ctx context.Context, in *journalIn, after uint64) ([]lineView, error) {
	if s.cfg.Continuity == nil {
		return nil, noContinuity()
	}
	if in.After == "" {
		p, err := s.picture()
		if err != nil {
			return nil, err
		}
		after = p.Control.Seq - min(p.Control.Seq, uint64(in.Limit))
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.ActTimeout)
	defer cancel()
	page, err := s.cfg.Continuity.After(ctx, after, in.Limit)
	if err != nil {
		s.log.Warn("the shared journal could not be read", "after", after, "cause", err)
		return nil, problem(http.StatusServiceUnavailable, "The shared journal could not be read now. See in the situation room whether a majority of the sites is there, then try again in a few seconds.")
	}
	out := make([]lineView, len(page))
	for i, e := range page {
		out[i] = viewShared(e)
	}
	return out, nil
}
