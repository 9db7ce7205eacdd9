package main

import (
	"context"
	"errors"
	"log/slog"
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
}

// keepHistory feeds the keepers from the field's spool.
func keepHistory(o options, site *facility.Site, store *historian.Store, field *fieldLink, parts *stack, log *slog.Logger) (*keepers, error) {
	k := &keepers{store: store, positions: []func() uint64{store.Position}}
	parts.start("roll-ups", store.Run)
	parts.start("history", func(ctx context.Context) error { return field.followHistory(ctx, store) })
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
	embedded := ui.StoreHealth{Name: "embedded", Refused: k.store.Rejected(), Amended: k.store.Amended()}
	embedded.OK, embedded.Why = said(k.store.Err())
	out := []ui.StoreHealth{embedded}
	if k.influx != nil {
		h := k.influx.Health()
		influx := ui.StoreHealth{Name: "influx", Points: h.Points, Refused: h.Refused, Behind: h.Behind}
		if influx.OK, influx.Why = said(h.Err); !h.Newest.IsZero() {
			influx.Newest = &h.Newest
		}
		out = append(out, influx)
	}
	return out
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
