package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"time"

	"bongsu/facility"
)

// followTry is how long the desk waits before it asks again for a site it could not get.
const followTry = time.Second

// compare notes that the field works by another revision than the desk.
func (f *fieldLink) compare(revision string) {
	if revision == "" || revision == f.site.Load().Revision {
		return
	}
	select {
	case f.behind <- revision:
	default: // it is noted already, and what is fetched is always the newest
	}
}

// followSite brings the desk to the site the field works by, and passes a signal on to it. A site with other
// points ends this process: the next one begins with it.
func (f *fieldLink) followSite(ctx context.Context, hangup <-chan os.Signal) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-hangup:
			f.askByHand(ctx)
			continue
		case <-f.behind:
		}
		other, err := f.fetchSite(ctx)
		if err == nil && other != nil {
			f.log.Info("other points than the field: handing over to a process with the field's site", "revision", other.Revision)
			return errHandOver
		}
		if err != nil && ctx.Err() == nil {
			f.log.Warn("the field's site cannot be taken over yet", "cause", err)
			select {
			case <-ctx.Done():
			case <-time.After(followTry):
			}
		}
	}
}

// fetchSite takes the field's site over, or answers it when that takes another process.
func (f *fieldLink) fetchSite(ctx context.Context) (other *facility.Site, err error) {
	var b facility.Bundle
	if err := f.get(ctx, "/site", &b); err != nil {
		return nil, err
	}
	mine := f.site.Load()
	if b.Revision == mine.Revision {
		return nil, nil
	}
	site, err := b.Load()
	if err != nil {
		return nil, err
	}
	if facility.Diff(mine, site).Plan(nil).Reach >= facility.ReachTable || !samePoints(mine, site) || renamesSeries(mine, site) {
		return site, nil
	}
	f.site.Store(site)
	if f.live != nil {
		f.live.Redefine(site.Points)
	}
	f.model.SetSite(site)
	f.log.Info("showing the field's new configuration", "from", mine.Revision, "to", site.Revision)
	return nil, nil
}

// renamesSeries says whether the long-term history would go on under other tags: who delivers to it reads them
// when it starts.
func renamesSeries(a, b *facility.Site) bool {
	return a.Influx != nil && !slices.EqualFunc(a.Points, b.Points, func(x, y facility.Point) bool { return x.Unit == y.Unit })
}

func (f *fieldLink) askByHand(ctx context.Context) {
	report, err := f.Reload(ctx, facility.ReloadRequest{By: "SIGHUP"})
	if err != nil {
		f.log.Error("asked to reload, but the field is not reached", "cause", err)
		return
	}
	f.log.Info("asked to reload", "state", report.State, "from", report.From, "to", report.To)
}

// Reload implements ui.Reloads.
func (f *fieldLink) Reload(ctx context.Context, req facility.ReloadRequest) (facility.Reload, error) {
	var report facility.Reload
	body, err := json.Marshal(req)
	if err != nil {
		return report, fmt.Errorf("encode the request to reload: %w", err)
	}
	resp, err := f.client.Do(ctx, http.MethodPost, "/reload", body)
	if err != nil {
		return report, fmt.Errorf("reach the field: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return report, fmt.Errorf("the field answered %s", resp.Status)
	}
	return report, json.NewDecoder(resp.Body).Decode(&report)
}
