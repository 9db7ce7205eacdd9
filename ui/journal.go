package ui

import (
	"context"
	"net/http"
	"strconv"
)

type journalIn struct {
	After string `query:"after" pattern:"^[0-9]{0,20}$" doc:"only entries after this number; the newest entries when absent"`
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"200"`
}

// listJournal pages through the journal in order; without after it answers the newest entries.
func (s *Server) listJournal(_ context.Context, in *journalIn) (*listOut[entryView], error) {
	if in.After == "" {
		return all(viewEntries(s.cfg.Model.newest(in.Limit))), nil
	}
	after, err := strconv.ParseUint(in.After, 10, 64)
	if err != nil {
		return nil, problem(http.StatusUnprocessableEntity, "after must be the number of an entry.")
	}
	page, known := s.cfg.Model.pageAfter(after, in.Limit)
	if !known && s.cfg.Journal != nil {
		if page, err = s.cfg.Journal.After(after, in.Limit); err != nil {
			s.log.Warn("the journal could not be read", "after", after, "cause", err)
			return nil, problem(http.StatusServiceUnavailable, "Older entries could not be read now; live ones are not affected. Try again in a minute, or run bongsu journal verify on the node.")
		}
	}
	out := list[entryView]{Items: viewEntries(page)}
	if len(page) == in.Limit {
		out.Next = strconv.FormatUint(page[len(page)-1].Seq, 10)
	}
	return &listOut[entryView]{out}, nil
}

func viewEntries(in []Entry) []entryView {
	out := make([]entryView, len(in))
	for i, e := range in {
		out[i] = viewEntry(e)
	}
	return out
}
