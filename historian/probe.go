package historian

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// A database's own health page says "pass" while writes are refused. So its health is proven by a
// value that is written and read back.

// ErrNotReadBack means that the database took a write, answered a query, and did not show the value.
var ErrNotReadBack = errors.New("a written value could not be read back")

// ErrUnproven means that the database took a write and no way was found to read it back: the token may
// not read, or it is a database we do not know.
var ErrUnproven = errors.New("writes are taken, but no query is answered that would prove them")

const (
	probeEvery    = 30 * time.Second
	readBackAfter = 250 * time.Millisecond
	readBackMost  = 4 * time.Second         // VictoriaMetrics shows a value after a second or two
	exportAfter   = 1500 * time.Millisecond // asked sooner, it remembers for long that there is no such series
	probeTimeout  = writeTimeout + readBackMost
)

// probeUntil keeps the proof fresh.
func (f *Forwarder) probeUntil(ctx context.Context) {
	tick := time.NewTicker(probeEvery)
	defer tick.Stop()
	for {
		within, cancel := context.WithTimeout(ctx, probeTimeout)
		err := f.Probe(within, time.Now())
		cancel()
		if ctx.Err() != nil {
			return
		}
		f.noteProbe(err)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (f *Forwarder) noteProbe(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if (err == nil) != (f.probeErr == nil) {
		if err != nil {
			f.log.Warn("InfluxDB is not proven to keep what it takes", "cause", err)
		} else {
			f.log.Info("InfluxDB is proven by a value read back")
		}
	}
	f.probeErr = err
}

// trusted stops the delivery to a database that was caught dropping what it took: the spool is the
// better place until it shows values again.
func (f *Forwarder) trusted() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if errors.Is(f.probeErr, ErrNotReadBack) {
		return f.probeErr
	}
	return nil
}

func (f *Forwarder) probeLine(now time.Time) string {
	return fmt.Sprintf("bongsu_probe,site=%s value=%di %d\n", escaped(f.site, ",= "), now.UnixMilli(), now.UnixMilli())
}

// Probe writes a value and reads it back: in InfluxQL, which 1.8 answers and 2.x for a mapped bucket, in
// Flux, which 2.x answers, or by VictoriaMetrics' export. Any of them proves it.
func (f *Forwarder) Probe(ctx context.Context, now time.Time) error {
	if err := f.write(ctx, f.probeLine(now)); err != nil {
		return fmt.Errorf("probe write: %w", err)
	}
	ways := []func(context.Context, time.Time) (int64, error){f.readInfluxQL, f.readFlux}
	wait, began := readBackAfter, time.Now()
	for end := began.Add(readBackMost); ; wait *= 2 {
		answered := false
		var why []error
		for _, read := range ways {
			got, err := read(ctx, now)
			if err == nil && got == now.UnixMilli() {
				return nil
			}
			answered = answered || err == nil
			why = append(why, err)
		}
		unknown := !answered && len(ways) == 3
		if unknown || time.Now().Add(wait).After(end) || ctx.Err() != nil {
			if answered {
				return fmt.Errorf("%w: wrote %d", ErrNotReadBack, now.UnixMilli())
			}
			return fmt.Errorf("%w: %w", ErrUnproven, errors.Join(why...))
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
		if len(ways) == 2 && time.Since(began) > exportAfter {
			ways = append(ways, f.readExport)
		}
	}
}

// readInfluxQL gives the newest probe value, 0 for none.
func (f *Forwarder) readInfluxQL(ctx context.Context, _ time.Time) (int64, error) {
	db, rp, _ := strings.Cut(f.cfg.Bucket, "/")
	q := url.Values{"db": {db}, "q": {fmt.Sprintf(`SELECT last("value") FROM "bongsu_probe" WHERE "site" = '%s'`, strings.ReplaceAll(f.site, "'", `\'`))}}
	if rp != "" {
		q.Set("rp", rp)
	}
	body, err := f.ask(ctx, "/query?"+q.Encode())
	if err != nil {
		return 0, err
	}
	var answer struct {
		Results []struct {
			Error  string
			Series []struct{ Values [][]any }
		}
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return 0, fmt.Errorf("InfluxQL: %w in %.100q", err, body)
	}
	for _, r := range answer.Results {
		if r.Error != "" {
			return 0, fmt.Errorf("InfluxQL: %s", r.Error)
		}
		for _, s := range r.Series {
			for _, row := range s.Values {
				if len(row) != 2 {
					continue
				}
				if v, ok := row[1].(float64); ok {
					return int64(v), nil
				}
			}
		}
	}
	return 0, nil
}

func (f *Forwarder) readFlux(ctx context.Context, now time.Time) (int64, error) {
	if f.cfg.Org == "" {
		return 0, errors.New("flux: the site names no organisation")
	}
	script := fmt.Sprintf(`from(bucket: %s) |> range(start: %s) |> filter(fn: (r) => r._measurement == "bongsu_probe" and r.site == %s and r._field == "value") |> last()`,
		strconv.Quote(f.cfg.Bucket), now.Add(-time.Minute).UTC().Format(time.RFC3339), strconv.Quote(f.site))
	rows, err := f.client.QueryAPI(f.cfg.Org).Query(ctx, script)
	if err != nil {
		return 0, fmt.Errorf("flux: %w", err)
	}
	defer func() { _ = rows.Close() }()
	newest := int64(0)
	for rows.Next() {
		if v, ok := rows.Record().Value().(int64); ok {
			newest = max(newest, v)
		}
	}
	return newest, rows.Err()
}

// readExport asks VictoriaMetrics for the raw values, a series a line.
func (f *Forwarder) readExport(ctx context.Context, now time.Time) (int64, error) {
	q := url.Values{"match[]": {fmt.Sprintf("bongsu_probe_value{site=%s}", strconv.Quote(f.site))}, "start": {strconv.FormatInt(now.Add(-time.Minute).Unix(), 10)}}
	body, err := f.ask(ctx, "/api/v1/export?"+q.Encode())
	if err != nil {
		return 0, err
	}
	newest := int64(0)
	for lines := bufio.NewScanner(strings.NewReader(string(body))); lines.Scan(); {
		var series struct{ Values []float64 }
		if err := json.Unmarshal(lines.Bytes(), &series); err != nil {
			return 0, fmt.Errorf("export: %w", err)
		}
		for _, v := range series.Values {
			newest = max(newest, int64(v))
		}
	}
	return newest, nil
}

func (f *Forwarder) ask(ctx context.Context, path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(f.cfg.URL, "/")+path, nil)
	if err != nil {
		return nil, fmt.Errorf("probe query: %w", err)
	}
	if f.token != "" {
		req.Header.Set("Authorization", "Token "+f.token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("probe query: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return nil, fmt.Errorf("probe query: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("probe query: %s: %.100q", resp.Status, body)
	}
	return body, nil
}
