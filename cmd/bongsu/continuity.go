package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"bongsu/bcp"
	"bongsu/bcp/control"
	"bongsu/bcp/messenger"
	"bongsu/bcp/names"
	"bongsu/bcp/notify"
	"bongsu/facility"
	"bongsu/journal/shared"
	"bongsu/ui"
)

// continuity is the desk's part in moving services: the loop with its eyes, hands and voice.
type continuity struct {
	loop      *control.Loop
	eyes      *eyes
	post      *notify.Post
	callbacks *notify.Callbacks
	commons   *shared.Log
	signs     *control.SignWatch
	sites     *sites
	log       *slog.Logger
}

// newContinuity wires the continuity of a site; nil for a site that has none.
func newContinuity(o options, file *continuityFile, commons *shared.Log, client *clientv3.Client, model *ui.Model, field *fieldLink, log *slog.Logger) (*continuity, error) {
	talk, err := messenger.New(file.Messenger, file.dir, log)
	if err != nil {
		return nil, err
	}
	public, err := names.New(file.Names, file.dir, log)
	if err != nil {
		return nil, err
	}
	secret, err := callbackSecret(o, file)
	if err != nil {
		return nil, err
	}
	sender, err := notify.New(file.notifyOf(o.node), notify.Options{Dir: file.dir, Secret: secret, Log: log})
	if err != nil {
		return nil, err
	}
	c := &continuity{eyes: newEyes(file, talk, public, log), callbacks: sender.Callbacks(), commons: commons, signs: control.NewSignWatch(file.signsOf(field.site.Load().ID)), log: log}
	c.sites = newSites(o, file, commons, shared.NewBoard(client, ""), model, field, log)
	speaker := &voice{waits: map[string]*spoken{}}
	c.post = notify.NewPost(sender, notify.PostOptions{Report: speaker.report, Log: log})
	speaker.post = c.post
	hands := talk.Adapters()
	for kind, adapter := range public.Adapters() {
		hands[kind] = adapter
	}
	hands["facility"] = facilityHand{field}
	roster := &rosterFile{file: file, roster: file.roster, fault: func(err error) { log.Error("roster", "cause", err) }}
	c.loop, err = control.New(control.Config{
		Node: o.node, Log: sharedHand{commons, client, o.node, log}, Org: file.organisation(), Roster: roster.now, Sites: file.facilities(),
		Eyes: c.eyes, Voice: speaker, Hands: hands, Claim: public.Claim, Local: field.tell, Silence: c.sites.watch.Verdicts, Wrong: c.sites.watch.Wrong, Publish: model.SetContinuity, Folded: commons.Tell, Logger: log,
	})
	return c, err
}

// callbackSecret signs the addresses by which people answer: from the named file, or one of this node's own.
func callbackSecret(o options, file *continuityFile) ([]byte, error) {
	path := filepath.Join(o.deskDir(), "callback.key")
	if file.Notify.CallbackSecretFile != "" {
		path = filepath.Join(file.dir, file.Notify.CallbackSecretFile)
	}
	secret, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) && file.Notify.CallbackSecretFile == "" {
		secret = make([]byte, 32)
		_, _ = rand.Read(secret) // never fails
		err = os.WriteFile(path, secret, 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("key of the callbacks: %w", err)
	}
	return secret, nil
}

// start adds the parts to the desk's stack, what others stand on first.
func (c *continuity) start(parts *stack, field *fieldLink, site *facility.Site) {
	parts.start("messengers", c.post.Run)
	parts.start("eyes", c.eyes.run)
	parts.start("continuity", c.loop.Run)
	c.sites.start(parts)
	parts.start("signs", func(ctx context.Context) error { return c.watchSigns(ctx, field, site) })
}

// watchSigns tells all sites what this building's own points prove.
func (c *continuity) watchSigns(ctx context.Context, field *fieldLink, site *facility.Site) error {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			for _, e := range c.signs.Look(now, func(p facility.PointID) (float64, bool) { return field.value(site, p, now) }) {
				c.report(ctx, e)
			}
		}
	}
}

// report writes evidence until it stands in the shared journal.
func (c *continuity) report(ctx context.Context, e bcp.Evidence) {
	for ctx.Err() == nil {
		try, cancel := context.WithTimeout(ctx, 5*time.Second)
		err := c.loop.Report(try, e)
		cancel()
		if err == nil {
			return
		}
		c.log.Warn("a sign of the building is not in the shared journal yet", "sign", e.ID, "cause", err)
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

// Ask implements ui.Continuity.
func (c *continuity) Ask(ctx context.Context, r bcp.Request) (bcp.Reply, error) {
	reply, err := c.loop.Ask(ctx, r)
	if errors.Is(err, control.ErrNoQuorum) {
		err = fmt.Errorf("%w: %w", ui.ErrNoQuorum, err)
	}
	return reply, err
}

// Callback implements ui.Continuity.
func (c *continuity) Callback(ctx context.Context, token string, body []byte) error {
	e, err := c.callbacks.Answer(time.Now(), token, body)
	switch {
	case errors.Is(err, notify.ErrReplayed):
		return nil
	case errors.Is(err, notify.ErrToken):
		return fmt.Errorf("%w: %w", ui.ErrToken, err)
	case err != nil:
		return err
	}
	if err := c.loop.Heard(ctx, control.Event{Key: e.Key, Person: e.Person, Kind: e.Kind, Value: e.Value, At: e.At}); err != nil {
		if errors.Is(err, bcp.ErrNoSuch) || errors.Is(err, bcp.ErrIncomplete) {
			return err
		}
		return fmt.Errorf("%w: %w", ui.ErrUnwritten, err)
	}
	c.callbacks.Keep(e)
	return nil
}

// After implements ui.Continuity.
func (c *continuity) After(ctx context.Context, after uint64, limit int) ([]ui.SharedEntry, error) {
	page, err := c.commons.After(ctx, after, limit, shared.Local)
	if err != nil {
		return nil, err
	}
	out := make([]ui.SharedEntry, 0, len(page))
	for _, e := range page {
		out = append(out, sharedView(e))
	}
	return out, nil
}

func sharedView(e shared.Entry) ui.SharedEntry {
	v := ui.SharedEntry{Entry: ui.Entry{Seq: e.Seq, Time: e.Time, Kind: e.Kind, Actor: e.Actor, Subject: e.Subject, Data: e.Data, Hash: e.Hash},
		Site: e.Site, Node: e.Node, Epoch: e.Epoch}
	if e.Origin != nil {
		v.Origin = &ui.Origin{Field: e.Origin.Field, Seq: e.Origin.Seq, Time: e.Origin.Time}
	}
	return v
}

// Heard implements ui.Sites.
func (c *continuity) Heard(now time.Time) ui.SitesHeard { return c.sites.Heard(now) }

// brokenContinuity stands in for a continuity whose files are wrong: it shows why and does nothing.
type brokenContinuity struct{ why string }

var errBroken = errors.New("continuity is off: its files are wrong; mend them and restart the desk")

func (b brokenContinuity) Ask(context.Context, bcp.Request) (bcp.Reply, error) {
	return bcp.Reply{}, fmt.Errorf("%w: %s", errBroken, b.why)
}

func (b brokenContinuity) Callback(context.Context, string, []byte) error {
	return fmt.Errorf("%w: %w", ui.ErrUnwritten, errBroken)
}

func (b brokenContinuity) After(context.Context, uint64, int) ([]ui.SharedEntry, error) {
	return nil, errBroken
}

// picture is an organisation of which nothing is known.
func (b brokenContinuity) picture(node string) *bcp.Picture {
	return &bcp.Picture{At: time.Now().UTC(), Control: bcp.Control{Node: node, Why: errBroken.Error() + ": " + b.why}}
}
