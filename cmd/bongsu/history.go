package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"bongsu/facility"
	"bongsu/historian"
	"bongsu/journal"
	"bongsu/ui"
)

// keepers are what keeps the past: the embedded store, and InfluxDB where the site has one.
type keepers struct {
	store     *historian.Store
	influx    *historian.Forwarder // nil when the site names no database
	positions []func() uint64      // up to which each of them is complete
	taken     intake               // by the embedded store
}

// storePatience is how long the embedded store may take for one batch before nobody waits for it to say how it is.
const storePatience = 5 * time.Second

// intake is how a keeper takes what it is given. Its zero value has been given nothing.
type intake struct {
	mu      sync.Mutex
	began   time.Time // of the batch in hand; zero between two
	reached time.Time // newest sample taken
	err     error     // of the last batch
}

// during gives a keeper one batch and notes how that goes.
func (k *intake) during(samples []facility.Sample, give func() error) error {
	k.mu.Lock()
	k.began = time.Now()
	k.mu.Unlock()
	err := give()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.began = time.Time{}
	if errors.Is(err, context.Canceled) {
		return err
	}
	if k.err = err; err == nil && len(samples) > 0 {
		k.reached = samples[len(samples)-1].Seen
	}
	return err
}

// stuck says since when the batch in hand is taken, when that is long; ask then nothing of the keeper.
func (k *intake) stuck(now time.Time) (since time.Time, reached time.Time, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.began.IsZero() && now.Sub(k.began) > storePatience {
		since = k.began
	}
	return since, k.reached, k.err
}

// keepHistory feeds the keepers from the field's spool.
func keepHistory(o options, site *facility.Site, store *historian.Store, field *fieldLink, parts *stack, log *slog.Logger) (*keepers, error) {
	k := &keepers{store: store, positions: []func() uint64{store.Position}}
	parts.start("roll-ups", store.Run)
	parts.start("history", func(ctx context.Context) error { return field.followHistory(ctx, store, &k.taken) })
	parts.start("history alarm", func(ctx context.Context) error { return announceKeepers(ctx, k.health, field, log) })
	if site.Influx == nil {
		return k, nil
	}
	influx, err := historian.NewForwarder(site, o.deskDir(), log)
	if err != nil {
		return nil, err
	}
	influx.Overtake(field.newest)
	k.influx, k.positions = influx, append(k.positions, influx.Position)
	parts.start("influx", influx.Run)
	parts.start("influx spool", func(ctx context.Context) error { return field.followInflux(ctx, influx) })
	return k, nil
}

// health tells how the keepers do.
func (k *keepers) health() []ui.StoreHealth {
	out := []ui.StoreHealth{k.embedded(time.Now())}
	if k.influx != nil {
		h := k.influx.Health()
		influx := ui.StoreHealth{Name: "influx", Points: h.Points, Refused: h.Refused, Behind: h.Behind, Newest: when(h.Newest), Reached: when(h.Reached)}
		influx.OK, influx.Why = said(h.Err)
		out = append(out, influx)
	}
	return out
}

// embedded tells how the embedded store does, without waiting for one that hangs with its disk.
func (k *keepers) embedded(now time.Time) ui.StoreHealth {
	stuck, reached, err := k.taken.stuck(now)
	h := ui.StoreHealth{Name: "embedded", Reached: when(reached)}
	if !stuck.IsZero() {
		h.Why = fmt.Sprintf("its disk has not answered since %s", stuck.UTC().Format(time.RFC3339))
		return h
	}
	h.Refused, h.Amended = k.store.Rejected(), k.store.Amended()
	h.OK, h.Why = said(errors.Join(err, k.store.Err()))
	h.Behind = !reached.IsZero() && now.Sub(reached) > backlogAfter
	return h
}

// backlogAfter is how old the newest value kept is when what follows it is called a backlog.
const backlogAfter = time.Minute

func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func said(err error) (ok bool, why string) {
	if err == nil {
		return true, ""
	}
	return false, err.Error()
}

var errNothingLive = errors.New("nothing live has come yet")

// newest follows the spool from where the live values are now.
func (f *fieldLink) newest(ctx context.Context, take func(historian.Batch) error) error {
	after := f.liveSeq.Load()
	if after == 0 {
		return errNothingLive
	}
	return f.client.Spool(ctx, after, func(b journal.Batch) error {
		if b.Gap != nil {
			return nil // the one who reads in order tells of it
		}
		return take(historian.Batch{Seq: b.Seq, Points: b.Points, Samples: b.Samples})
	})
}

// history gives the console the embedded store's answers.
type history struct{ store *historian.Store }

// Query implements ui.Historian.
func (h history) Query(ctx context.Context, id facility.PointID, from, to time.Time, most int) ([]ui.Bucket, error) {
	buckets, err := h.store.Query(ctx, id, from, to, most)
	if err != nil && !errors.Is(err, context.Canceled) {
		return nil, err
	}
	out := make([]ui.Bucket, len(buckets))
	for i, b := range buckets {
		out[i] = ui.Bucket{T: b.T, Min: b.Min, Max: b.Max, Last: b.Last, Quality: b.Quality}
	}
	return out, err
}
