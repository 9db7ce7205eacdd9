package ui

import (
	"context"
	"net/http"
	"strconv"
)

type journalIn struct {
	Scope string `query:"scope" enum:"field,shared" default:"field" doc:"this site's own journal, or the one all sites share"`
	After string `query:"after" pattern:"^[0-9]{0,20}$" doc:"only entries after this number; the newest entries when absent"`
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"200"`
}

// listJournal pages through a journal in order; without after it answers the newest entries.
func (s *Server) listJournal(ctx context.Context, in *journalIn) (*listOut[lineView], error) {
	var after uint64
	if in.After != "" {
		var err error
		if after, err = strconv.ParseUint(in.After, 10, 64); err != nil {
			return nil, problem(http.StatusUnprocessableEntity, "after must be the number of an entry.")
		}
	}
	read := s.fieldAfter
	if in.Scope == "shared" {
		read = s.sharedAfter
	}
	page, err := read(ctx, in, after)
	if err != nil {
		return nil, err
	}
	out := list[lineView]{Items: page}
	if in.After != "" && len(page) == in.Limit {
		out.Next = strconv.FormatUint(page[len(page)-1].Seq, 10)
	}
	return &listOut[lineView]{out}, nil
}

func (s *Server) fieldAfter(_ context.Context, in *journalIn, after uint64) ([]lineView, error) {
	if in.After == "" {
		return viewEntries(s.cfg.Model.newest(in.Limit)), nil
	}
	page, known := s.cfg.Model.pageAfter(after, in.Limit)
	if !known && s.cfg.Journal != nil {
		var err error
		if page, err = s.cfg.Journal.After(after, in.Limit); err != nil {
			s.log.Warn("the journal could not be read", "after", after, "cause", err)
			return nil, problem(http.StatusServiceUnavailable, "Older entries could not be read now; live ones are not affected. Try again in a minute, or run bongsu journal verify on the node.")
		}
	}
	return viewEntries(page), nil
}

func viewEntries(in []Entry) []lineView {
	out := make([]lineView, len(in))
	for i, e := range in {
		out[i] = lineView{Entry: e, Time: stamp(e.Time)}
	}
	return out
}
