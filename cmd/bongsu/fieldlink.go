package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"bongsu/bcp/control"
	"bongsu/facility"
	"bongsu/historian"
	"bongsu/journal"
	"bongsu/rules"
	"bongsu/ui"
)

// How the desk comes back to a field that was away.
const (
	reachFirst   = 100 * time.Millisecond
	reachMost    = 2 * time.Second
	statusSilent = 3 * time.Second
	confirmEvery = 5 * time.Second
	tailEntries  = 500 // journal entries shown from before the desk began
)

// fieldLink is the desk's side of the door: it follows the field's logs into the read model and the
// history, and carries people's acts to the field.
type fieldLink struct {
	client *journal.Client
	site   atomic.Pointer[facility.Site] // what the desk works by; it follows the field's
	behind chan string                   // the revision the field works by when it is another
	model  *ui.Model
	log    *slog.Logger

	live    *facility.Live // nil: nobody needs single values
	liveSeq atomic.Uint64  // of the newest batch shown

	once  sync.Once
	ready chan struct{} // closed when the first opening was read
	began beginning
}

// beginning is as much of the first opening as the live values begin with. The rest of it, every point's value and
// name once more, is let go.
type beginning struct {
	after  uint64
	points translation
}

// again calls fn until ctx ends, with a capped back-off between failures. What it says on the way
// is logged when it changes, not on every try.
func (f *fieldLink) again(ctx context.Context, what string, fn func(context.Context) error) error {
	wait, said := reachFirst, false
	for ctx.Err() == nil {
		began := time.Now()
		err := fn(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if time.Since(began) > 5*time.Second {
			wait, said = reachFirst, false
		}
		if err != nil && !said {
			f.log.Warn("the field is not reached", "for", what, "cause", err)
			said = true
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
		wait = min(2*wait, reachMost)
	}
	return nil
}

// replaced notices that the field's log is not the one the position came from: its disk was changed.
// The new log is then read from its beginning.
func (f *fieldLink) replaced(after *uint64, err error) error {
	if errors.Is(err, journal.ErrAhead) {
		f.log.Error("the field's log was replaced: reading the new one from its beginning", "position", *after)
		*after = 0
	}
	return err
}

func (f *fieldLink) followJournal(ctx context.Context) error {
	var after uint64
	opened := false
	return f.again(ctx, "journal", func(ctx context.Context) error {
		if !opened {
			o, err := f.open(ctx)
			if err != nil {
				return err
			}
			f.model.ApplyStatus(o.Status)
			f.model.ApplyOpening(o.Alarms, o.Commands)
			points := newTranslation(f.site.Load(), o.Points)
			f.samples(ownSamples(o.Samples, points))
			after = o.JournalSeq - min(o.JournalSeq, tailEntries)
			f.once.Do(func() { f.began = beginning{o.SpoolSeq, points}; close(f.ready) })
			opened = true
		}
		return f.replaced(&after, f.client.Journal(ctx, after, func(e journal.Entry) error {
			after = e.Seq
			if e.Kind == rules.KindFireState { // the engine's own notes; nothing for people
				return nil
			}
			if err := f.model.ApplyEntry(viewed(e)); err != nil {
				f.log.Warn("a journal entry cannot be shown", "cause", err)
			}
			return nil
		}))
	})
}

// samples takes a batch into the read model and, where something watches single points, beside it.
func (f *fieldLink) samples(batch []facility.Sample) {
	f.model.ApplySamples(batch)
	if f.live != nil {
		f.live.Apply(batch)
	}
}

// tell hands out the field's own journal, from a little before now: what a site needs to call its people by
// itself when the shared journal is away.
func (f *fieldLink) tell(ctx context.Context, fn func(control.Entry) error) error {
	var after uint64
	opened := false
	return f.again(ctx, "calls without a majority", func(ctx context.Context) error {
		if !opened {
			o, err := f.open(ctx)
			if err != nil {
				return err
			}
			after, opened = o.JournalSeq-min(o.JournalSeq, tailEntries), true
		}
		return f.replaced(&after, f.client.Journal(ctx, after, func(e journal.Entry) error {
			after = e.Seq
			return fn(control.Entry{Entry: e, Site: f.site.Load().ID})
		}))
	})
}

// value is a point's newest value, and whether it is good and fresh.
func (f *fieldLink) value(site *facility.Site, point facility.PointID, now time.Time) (float64, bool) {
	ref, ok := site.Ref(point)
	if !ok || f.live == nil {
		return 0, false
	}
	s := f.live.Sample(ref, now)
	return s.Value, s.Quality == facility.Good
}

func viewed(e journal.Entry) ui.Entry {
	return ui.Entry{Seq: e.Seq, Time: e.Time, Kind: e.Kind, Actor: e.Actor, Subject: e.Subject, Data: e.Data, Hash: e.Hash}
}

func (f *fieldLink) open(ctx context.Context) (opening, error) {
	var o opening
	return o, f.get(ctx, "/state", &o)
}

func (f *fieldLink) get(ctx context.Context, path string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	resp, err := f.client.Do(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		b, _ := io.ReadAll(io.LimitReader(resp.Body, 500))
		return fmt.Errorf("%s: %s: %s", path, resp.Status, b)
	}
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// followStatus takes what the field says of itself. Silence is a loss, whatever the socket says.
func (f *fieldLink) followStatus(ctx context.Context) error {
	last := time.Now()
	return f.again(ctx, "status", func(ctx context.Context) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		quiet := time.AfterFunc(statusSilent, cancel)
		defer quiet.Stop()
		defer func() { f.model.FieldLost(last) }()
		resp, err := f.client.Do(ctx, http.MethodGet, "/status", nil)
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }()
		for dec := json.NewDecoder(resp.Body); ; {
			var st facility.FieldStatus
			if err := dec.Decode(&st); err != nil {
				return fmt.Errorf("status: %w", err)
			}
			last = time.Now()
			quiet.Reset(statusSilent)
			f.model.ApplyStatus(st)
			f.compare(st.Revision)
		}
	})
}

// followLive brings new samples to the screens, from the moment the desk began; the backlog is the
// historian's matter and never delays them.
func (f *fieldLink) followLive(ctx context.Context) error {
	select {
	case <-f.ready:
	case <-ctx.Done():
		return nil
	}
	after, tr := f.began.after, f.began.points
	rev := ""
	return f.again(ctx, "live values", func(ctx context.Context) error {
		f.liveSeq.Store(after)
		return f.replaced(&after, f.client.Spool(ctx, after, func(b journal.Batch) error {
			after = b.Seq
			f.liveSeq.Store(after)
			if b.Gap != nil {
				return nil
			}
			if b.Rev != rev {
				rev, tr = b.Rev, newTranslation(f.site.Load(), b.Points)
			}
			f.samples(ownSamples(b.Samples, tr))
			return nil
		}))
	})
}

// translation maps a log's point numbers to this site's; points the site no longer has map to nothing.
type translation []int64

func newTranslation(site *facility.Site, points []facility.PointID) translation {
	t := make(translation, len(points))
	for i, id := range points {
		t[i] = -1
		if ref, ok := site.Ref(id); ok {
			t[i] = int64(ref)
		}
	}
	return t
}

func ownSamples(samples []facility.Sample, t translation) []facility.Sample {
	out := make([]facility.Sample, 0, len(samples))
	for _, s := range samples {
		if int(s.Point) < len(t) && t[s.Point] >= 0 {
			s.Point = facility.Ref(t[s.Point])
			out = append(out, s)
		}
	}
	return out
}

// followHistory feeds the embedded store. What it says of each batch is noted for people.
func (f *fieldLink) followHistory(ctx context.Context, store *historian.Store, taken *intake) error {
	after := store.Position()
	return f.again(ctx, "history", func(ctx context.Context) error {
		return f.replaced(&after, f.client.Spool(ctx, after, func(b journal.Batch) error {
			if b.Gap != nil {
				f.log.Error("telemetry is missing from the history", "from", b.Gap.From, "to", b.Gap.To, "why", b.Gap.Why)
				return nil
			}
			err := taken.during(b.Samples, func() error {
				return store.Append(ctx, historian.Batch{Seq: b.Seq, Points: b.Points, Samples: b.Samples}, time.Now())
			})
			if err != nil {
				return err
			}
			after = b.Seq
			return nil
		}))
	})
}

func (f *fieldLink) followInflux(ctx context.Context, to *historian.Forwarder) error {
	after := to.Position()
	return f.again(ctx, "InfluxDB", func(ctx context.Context) error {
		return f.replaced(&after, f.client.Spool(ctx, after, func(b journal.Batch) error {
			if b.Gap != nil {
				f.log.Error("telemetry is missing from InfluxDB", "from", b.Gap.From, "to", b.Gap.To, "why", b.Gap.Why)
				return nil
			}
			if err := to.Take(ctx, historian.Batch{Seq: b.Seq, Points: b.Points, Samples: b.Samples}); err != nil {
				return err
			}
			after = b.Seq
			return nil
		}))
	})
}

// confirm tells the field what every consumer has stored, so that the spool can let go of it.
func (f *fieldLink) confirm(ctx context.Context, positions []func() uint64) error {
	tick := time.NewTicker(confirmEvery)
	defer tick.Stop()
	told := uint64(0)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		seq := positions[0]()
		for _, p := range positions[1:] {
			seq = min(seq, p())
		}
		if seq <= told {
			continue
		}
		resp, err := f.client.Do(ctx, http.MethodPost, "/confirm?seq="+strconv.FormatUint(seq, 10), nil)
		if err != nil {
			continue // the field is away; the next round tells it
		}
		_ = resp.Body.Close()
		if resp.StatusCode == http.StatusNoContent {
			told = seq
		}
	}
}

// Do implements ui.Acts.
func (f *fieldLink) Do(ctx context.Context, act facility.Act) (facility.ActResult, error) {
	var res facility.ActResult
	body, err := json.Marshal(act)
	if err != nil {
		return res, fmt.Errorf("encode act %s: %w", act.ID, err)
	}
	resp, err := f.client.Do(ctx, http.MethodPost, "/acts", body)
	if err != nil {
		return res, fmt.Errorf("reach the field: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return res, fmt.Errorf("the field answered %s", resp.Status)
	}
	return res, json.NewDecoder(resp.Body).Decode(&res)
}

// After implements ui.JournalReader.
func (f *fieldLink) After(after uint64, limit int) ([]ui.Entry, error) {
	var entries []journal.Entry
	path := fmt.Sprintf("/page?after=%d&limit=%d", after, min(max(limit, 1), mostPage))
	if err := f.get(context.Background(), path, &entries); err != nil {
		return nil, err
	}
	out := make([]ui.Entry, len(entries))
	for i, e := range entries {
		out[i] = viewed(e)
	}
	return out, nil
}
