package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"

	"bongsu/facility"
	"bongsu/journal"
	"bongsu/rules"
)

// fieldSite is the site a field process begins with. One that a supervisor started works by what that has
// checked and kept; one that runs alone checks its files itself.
func fieldSite(o options, log *slog.Logger) (*facility.Site, facility.Bundle, error) {
	if os.Getenv(lifelineEnv) != "" {
		return runningSite(o, log)
	}
	site, b, err := startSite(o, log)
	if err != nil {
		return nil, b, err
	}
	if err := keep(o, b); err != nil {
		log.Error("a desk cannot be started by the kept configuration", "cause", err)
	}
	return site, b, nil
}

// askedReload is the newest reload of a journal.
type askedReload struct{ last *facility.Reload }

// beside notes the reloads among entries on their way to a reader.
func (a *askedReload) beside(fn func(journal.Entry) error) func(journal.Entry) error {
	return func(e journal.Entry) error {
		if e.Kind == kindReload {
			var r facility.Reload
			if a.last = nil; json.Unmarshal(e.Data, &r) == nil { // nobody waits for the end of one that cannot be read
				a.last = &r
			}
		}
		return fn(e)
	}
}

// settle writes what became of a reload that the former process did not see the end of: it handed over, or it
// died on the way. Alarms that left the site by that reload end with it.
func (a *askedReload) settle(site *facility.Site, book entries, engine *rules.Engine, log *slog.Logger) {
	if a.last == nil || a.last.State != facility.ReloadBegun {
		return
	}
	r := *a.last
	r.State = facility.ReloadLost
	if r.To == site.Revision {
		r.State = facility.ReloadDone
		engine.RetireMissing(r.By, leftBecause(r))
	}
	ctx, cancel := context.WithTimeout(context.Background(), notePatience)
	defer cancel()
	if _, err := book.Append(ctx, journal.Draft{Kind: kindReload, Actor: r.By, Subject: site.ID, Data: r}); err != nil {
		log.Error("the end of a reload could not be journalled", "cause", err)
	}
	log.Info("a reload of the former process", "by", r.By, "from", r.From, "to", r.To, "state", r.State)
}
