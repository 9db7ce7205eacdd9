package historian

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	influxdb2 "github.com/influxdata/influxdb-client-go/v2"
	"github.com/influxdata/influxdb-client-go/v2/api"
	"github.com/influxdata/influxdb-client-go/v2/api/write"

	"bongsu/facility"
)

// How the forwarder groups and retries.
const (
	linesPerWrite = 5_000
	writeWait     = 500 * time.Millisecond // a group that is not full goes out after this
	writeTimeout  = 10 * time.Second
	retryFirst    = 500 * time.Millisecond
	retryMost     = 30 * time.Second
)

// ErrNotReadBack means that InfluxDB took a write and did not show it again.
var ErrNotReadBack = errors.New("a written value could not be read back")

// Forwarder brings the spool's batches to InfluxDB in order. A batch counts as delivered only when
// the database confirmed its write; until then the spool keeps it, however long that takes.
type Forwarder struct {
	cfg    facility.Influx
	site   string
	tags   map[facility.PointID]tags
	token  string
	log    *slog.Logger
	client influxdb2.Client
	writer api.WriteAPIBlocking
	file   string
	in     chan Batch

	mu        sync.Mutex
	delivered uint64
	points    uint64
	lastErr   error
}

type tags struct{ class, asset, unit string }

// NewForwarder prepares the delivery to the database a site names; it connects to nothing yet.
// dir keeps the position up to which the database confirmed.
func NewForwarder(site *facility.Site, dir string, log *slog.Logger) (*Forwarder, error) {
	cfg := *site.Influx
	f := &Forwarder{cfg: cfg, site: site.ID, tags: make(map[facility.PointID]tags, len(site.Points)), log: log, in: make(chan Batch, 64)}
	if cfg.TokenFile != "" {
		b, err := os.ReadFile(cfg.TokenFile)
		if err != nil {
			return nil, fmt.Errorf("read the InfluxDB token: %w", err)
		}
		f.token = strings.TrimSpace(string(b))
	}
	for _, p := range site.Points {
		class := "unknown"
		if a := site.Asset(p.Asset); a != nil {
			class = a.Kind
		}
		f.tags[p.ID] = tags{class: class, asset: string(p.Asset), unit: p.Unit}
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("make the forwarder's folder: %w", err)
	}
	f.file = dir + "/influx.position"
	f.delivered = readPosition(f.file)
	opts := influxdb2.DefaultOptions().SetHTTPRequestTimeout(uint(writeTimeout.Seconds())).SetUseGZip(true).
		SetPrecision(time.Millisecond)
	f.client = influxdb2.NewClientWithOptions(cfg.URL, f.token, opts)
	f.writer = f.client.WriteAPIBlocking(cfg.Org, cfg.Bucket)
	return f, nil
}

// Position is the newest spool position the database has confirmed.
func (f *Forwarder) Position() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.delivered
}

// Health tells how many points were delivered and what stands in the way now, nil if nothing.
func (f *Forwarder) Health() (points uint64, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.points, f.lastErr
}

// Take queues a batch. It blocks while the database is behind: the reader of the spool waits, the
// spool keeps the rest, and acquisition notices nothing.
func (f *Forwarder) Take(ctx context.Context, b Batch) error {
	select {
	case f.in <- b:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Run writes groups of batches until ctx ends.
func (f *Forwarder) Run(ctx context.Context) error {
	defer f.client.Close()
	for {
		group, upTo, err := f.collect(ctx)
		if err != nil {
			return nil
		}
		if err := f.deliver(ctx, group, upTo); err != nil {
			return nil
		}
	}
}

// collect waits for a first batch and takes what follows within writeWait.
func (f *Forwarder) collect(ctx context.Context) (group []*write.Point, upTo uint64, err error) {
	var full <-chan time.Time
	for len(group) < linesPerWrite {
		select {
		case <-ctx.Done():
			return nil, 0, ctx.Err()
		case <-full:
			return group, upTo, nil
		case b := <-f.in:
			group, upTo = append(group, f.lines(b)...), b.Seq
			if full == nil {
				full = time.After(writeWait)
			}
		}
	}
	return group, upTo, nil
}

// lines gives one line a sample: measurement is the asset's class; value is left out where there is
// none, so that a gap is a gap in the database too.
func (f *Forwarder) lines(b Batch) []*write.Point {
	out := make([]*write.Point, 0, len(b.Samples))
	for _, s := range b.Samples {
		if int(s.Point) >= len(b.Points) {
			continue
		}
		id := b.Points[s.Point]
		t := f.tags[id]
		if t.class == "" {
			t.class = "retired" // a point of an earlier configuration
		}
		p := write.NewPointWithMeasurement(t.class).SetTime(s.At).AddTag("site", f.site).AddTag("point", string(id)).
			AddField("quality", s.Quality.String())
		if t.asset != "" {
			p.AddTag("asset", t.asset).AddTag("unit", t.unit)
		}
		if s.Quality == facility.Good || s.Quality == facility.Uncertain {
			p.AddField("value", s.Value)
		}
		out = append(out, p)
	}
	return out
}

// deliver tries until the database confirms. It logs when the state changes, not on every try.
func (f *Forwarder) deliver(ctx context.Context, group []*write.Point, upTo uint64) error {
	wait := retryFirst
	for {
		err := f.writer.WritePoint(ctx, group...)
		f.note(err, len(group), upTo)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
		wait = min(2*wait, retryMost)
	}
}

func (f *Forwarder) note(err error, n int, upTo uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil {
		if f.lastErr == nil {
			f.log.Warn("InfluxDB takes no writes; the spool keeps them", "cause", err)
		}
		f.lastErr = err
		return
	}
	if f.lastErr != nil {
		f.log.Info("InfluxDB takes writes again")
	}
	f.lastErr, f.delivered = nil, max(f.delivered, upTo)
	f.points += uint64(n)
	if err := writePosition(f.file, f.delivered); err != nil {
		f.log.Warn("the delivered position could not be saved; a restart delivers twice", "cause", err)
	}
}

// Probe proves the database by a value written and read back: its own health page says "pass" while
// writes are refused. It asks in InfluxQL, which 1.8 answers, and 2.x for a mapped bucket.
func (f *Forwarder) Probe(ctx context.Context, now time.Time) error {
	mark := now.UnixMilli()
	p := write.NewPointWithMeasurement("bongsu_probe").SetTime(now).AddTag("site", f.site).AddField("value", mark)
	if err := f.writer.WritePoint(ctx, p); err != nil {
		return fmt.Errorf("probe write: %w", err)
	}
	db, _, _ := strings.Cut(f.cfg.Bucket, "/")
	q := url.Values{"db": {db}, "q": {fmt.Sprintf(`SELECT last("value") FROM "bongsu_probe" WHERE "site" = '%s'`, f.site)}}
	if _, rp, ok := strings.Cut(f.cfg.Bucket, "/"); ok {
		q.Set("rp", rp)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(f.cfg.URL, "/")+"/query?"+q.Encode(), nil)
	if err != nil {
		return fmt.Errorf("probe query: %w", err)
	}
	if f.token != "" {
		req.Header.Set("Authorization", "Token "+f.token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("probe query: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("probe query: %w", err)
	}
	var answer struct {
		Results []struct {
			Series []struct{ Values [][]any }
		}
	}
	if err := json.Unmarshal(body, &answer); err != nil || len(answer.Results) == 0 || len(answer.Results[0].Series) == 0 {
		return fmt.Errorf("%w: %s answered %.200s", ErrNotReadBack, resp.Status, body)
	}
	row := answer.Results[0].Series[0].Values[0]
	if got, ok := row[len(row)-1].(float64); !ok || int64(got) != mark {
		return fmt.Errorf("%w: wrote %d, read %v", ErrNotReadBack, mark, row)
	}
	return nil
}
