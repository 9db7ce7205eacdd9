package historian

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	influxhttp "github.com/influxdata/influxdb-client-go/v2/api/http"

	"bongsu/facility"
	"bongsu/journal"
)

// database is a fake InfluxDB behind the forwarder's write call: it keeps each line once.
type database struct {
	mu     sync.Mutex
	lines  map[string]bool
	writes int
	away   error
	refuse func(line string) bool
}

func (d *database) write(_ context.Context, text string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.writes++
	if d.away != nil {
		return d.away
	}
	lines := strings.SplitAfter(strings.TrimSuffix(text, "\n"), "\n")
	for _, l := range lines {
		if d.refuse != nil && d.refuse(l) {
			return status(http.StatusBadRequest)
		}
	}
	for _, l := range lines {
		if !strings.HasPrefix(l, "bongsu_probe") {
			d.lines[strings.TrimSpace(l)] = true
		}
	}
	return nil
}

func (d *database) set(away error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.away = away
}

func (d *database) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.lines)
}

func status(code int) error {
	return &influxhttp.Error{StatusCode: code, Message: http.StatusText(code)}
}

func fakeForwarder(t testing.TB, dir string, d *database) *Forwarder {
	t.Helper()
	site := &facility.Site{ID: "dc1", Influx: &facility.Influx{URL: "http://127.0.0.1:1", Bucket: "plant/autogen"}}
	f, err := NewForwarder(site, dir, quiet)
	if err != nil {
		t.Fatal(err)
	}
	f.write = d.write
	return f
}

// deliverFrom brings what the spool holds to the forwarder until ctx ends.
func deliverFrom(ctx context.Context, spool *journal.Spool, f *Forwarder) error {
	return spool.Tail(ctx, f.Position(), func(b journal.Batch) error {
		if b.Gap != nil {
			return fmt.Errorf("gap: %+v", *b.Gap)
		}
		return f.Take(ctx, Batch{Seq: b.Seq, Points: b.Points, Samples: b.Samples})
	})
}

// The database is away for an hour: first it refuses connections, then it says 503, then its token is
// wrong. Nobody waits for it, nothing is called delivered, and afterwards every line is there.
func TestAnHourWithoutTheDatabaseLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const points = 20
		spool := openSpool(t, t.TempDir(), cells(points), journal.SpoolOptions{})
		db := &database{lines: map[string]bool{}}
		f := fakeForwarder(t, t.TempDir(), db)
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = f.Run(ctx) })
		running.Go(func() { _ = deliverFrom(ctx, spool, f) })
		second := 0
		collect := func(d time.Duration) {
			for end := second + int(d/time.Second); second < end; second++ {
				if err := spool.Append(round(points, second)); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Second)
			}
		}
		collect(time.Minute)
		before := db.count()
		for _, away := range []error{errors.New("connection refused"), status(http.StatusServiceUnavailable), status(http.StatusUnauthorized)} {
			db.set(away)
			collect(20 * time.Minute)
		}
		if err := f.Health().Err; err == nil || db.count() != before || f.Position() >= spool.LastSeq() {
			t.Errorf("during the outage: health %v, position %d of %d", err, f.Position(), spool.LastSeq())
		}
		if f.Refused() != 0 {
			t.Errorf("%d lines given up on for an outage", f.Refused())
		}
		db.set(nil)
		collect(2 * time.Minute)
		if got, want := db.count(), points*(second-2); got < want {
			t.Errorf("two minutes later %d of %d lines are there: the backlog keeps live data waiting", got, want)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if got, want := db.count(), points*second; got != want || f.Position() != spool.LastSeq() {
			t.Errorf("%d of %d lines, position %d of %d", got, want, f.Position(), spool.LastSeq())
		}
		cancel()
		running.Wait()
	})
}

// Poison: three lines that will never be taken among five thousand. They are set aside with the reason,
// the rest is delivered, also when the database goes away in the middle of the search.
func TestAPoisonLineIsSetAsideAndItsNeighboursAreNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := &database{lines: map[string]bool{}, refuse: func(l string) bool { return strings.Contains(l, "value=666") }}
		dir := t.TempDir()
		f := fakeForwarder(t, dir, db)
		b := Batch{Seq: 9, Points: cells(1)}
		for k := range 5000 {
			b.Samples = append(b.Samples, good(time.Duration(k)*time.Second, float64(k%600)))
		}
		for _, k := range []int{0, 1234, 4999} {
			b.Samples[k].Value = 666
		}
		f.write = func(ctx context.Context, text string) error {
			if db.writes == 20 {
				db.writes++
				return status(http.StatusServiceUnavailable)
			}
			return db.write(ctx, text)
		}
		g := &group{}
		f.encoder.add(g, b)
		if err := f.deliver(t.Context(), g); err != nil {
			t.Fatal(err)
		}
		if db.count() != 4997 || f.Refused() != 3 || f.Position() != 9 {
			t.Errorf("%d lines stored, %d refused, position %d", db.count(), f.Refused(), f.Position())
		}
		kept, err := os.ReadFile(f.refusedFile())
		if err != nil || strings.Count(string(kept), "value=666") != 3 || !strings.Contains(string(kept), "Bad Request") {
			t.Errorf("set aside: %s %v", kept, err)
		}
		if db.writes > 150 {
			t.Errorf("%d writes to find three lines", db.writes)
		}
	})
}

// A database that answers 400 to everything has a fault of its own: no line is given up on.
func TestADatabaseThatRefusesEverythingCostsNoLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := &database{lines: map[string]bool{}, away: status(http.StatusBadRequest)}
		f := fakeForwarder(t, t.TempDir(), db)
		g := &group{}
		f.encoder.add(g, minute(1))
		done := make(chan error)
		go func() { done <- f.deliver(t.Context(), g) }()
		time.Sleep(10 * time.Minute)
		if f.Refused() != 0 || f.Position() != 0 {
			t.Errorf("%d lines given up, position %d", f.Refused(), f.Position())
		}
		db.set(nil)
		if err := <-done; err != nil || db.count() != 60 {
			t.Errorf("%d of 60 lines: %v", db.count(), err)
		}
	})
}

// A database that takes writes and shows nothing is caught; delivery waits in the spool until it is well.
func TestADatabaseThatDropsWritesIsNotFed(t *testing.T) {
	var mu sync.Mutex
	value := ""
	lying := true
	mux := http.NewServeMux()
	mux.HandleFunc("/api/v2/write", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("/query", func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if lying {
			_, _ = io.WriteString(w, `{"results":[{}]}`)
			return
		}
		_, _ = fmt.Fprintf(w, `{"results":[{"series":[{"values":[["t",%s]]}]}]}`, value)
	})
	srv := httptest.NewServer(mux)
	defer srv.Close()
	f, err := NewForwarder(plant(t, strings.TrimPrefix(srv.URL, "http://")), t.TempDir(), quiet)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	f.noteProbe(f.Probe(t.Context(), now))
	if err := f.Health().Err; !errors.Is(err, ErrNotReadBack) || !errors.Is(f.trusted(), ErrNotReadBack) {
		t.Errorf("a database that drops writes passes: %v", err)
	}
	mu.Lock()
	lying, value = false, fmt.Sprint(now.UnixMilli())
	mu.Unlock()
	f.noteProbe(f.Probe(t.Context(), now))
	if err := f.Health().Err; err != nil || f.trusted() != nil {
		t.Errorf("a database that shows its values is still mistrusted: %v", err)
	}
}

// A token that may only write keeps nothing from being delivered, but health says what is not proven.
func TestADatabaseThatMayNotBeReadIsFedAllTheSame(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/v2/write", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) })
	srv := httptest.NewServer(mux)
	defer srv.Close()
	f, err := NewForwarder(plant(t, strings.TrimPrefix(srv.URL, "http://")), t.TempDir(), quiet)
	if err != nil {
		t.Fatal(err)
	}
	f.noteProbe(f.Probe(t.Context(), time.Now()))
	if err := f.Health().Err; !errors.Is(err, ErrUnproven) || f.trusted() != nil {
		t.Errorf("health %v, delivery %v", err, f.trusted())
	}
}

// InfluxDB 2 without a mapping for InfluxQL is read in Flux.
func TestTheProbeReadsFlux(t *testing.T) {
	now := time.Now()
	mux := http.NewServeMux()
	mux.HandleFunc("/api/v2/write", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("/api/v2/query", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Query().Get("org") != "plant" || !strings.Contains(string(body), "bongsu_probe") {
			http.Error(w, "what?", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "text/csv")
		_, _ = fmt.Fprintf(w, "#datatype,string,long,dateTime:RFC3339,long\r\n#group,false,false,false,false\r\n#default,_result,,,\r\n,result,table,_time,_value\r\n,,0,%s,%d\r\n\r\n",
			now.UTC().Format(time.RFC3339), now.UnixMilli())
	})
	srv := httptest.NewServer(mux)
	defer srv.Close()
	site := plant(t, strings.TrimPrefix(srv.URL, "http://"))
	site.Influx.Org = "plant"
	f, err := NewForwarder(site, t.TempDir(), quiet)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Probe(t.Context(), now); err != nil {
		t.Error(err)
	}
}

// Whatever a name or a value is, a line stays one line with its fields where they belong.
func TestLinesCarryQualityAndEscapeNames(t *testing.T) {
	e := newEncoder(&facility.Site{
		ID: "dc 1", Assets: []facility.Asset{{ID: "a", Kind: "ups, large"}},
		Points: []facility.Point{{ID: "p=1", Asset: "a", Unit: `m\`}},
	})
	b := Batch{Seq: 3, Points: []facility.PointID{"p=1", "gone\nline"}, Samples: []facility.Sample{
		good(0, 1e21), bad(time.Second),
		{Point: 1, Quality: facility.Uncertain, Value: -0.5, Flags: facility.Simulated | facility.Bypassed, At: monday},
	}}
	g := &group{}
	e.add(g, b)
	at := monday.UnixMilli()
	want := []string{
		fmt.Sprintf(`ups\,\ large,asset=a,point=p\=1,site=dc\ 1,unit=m_ quality="good",quality_code=1i,value=1e+21 %d`, at),
		fmt.Sprintf(`ups\,\ large,asset=a,point=p\=1,site=dc\ 1,unit=m_ quality="bad",quality_code=3i,reason="comms" %d`, at+1000),
		fmt.Sprintf(`retired,point=gone_line,site=dc\ 1 quality="uncertain",quality_code=2i,flags="simulated bypassed",value=-0.5 %d`, at),
	}
	for i, w := range want {
		if got := strings.TrimSuffix(string(g.line(i)), "\n"); got != w {
			t.Errorf("line %d:\n got %s\nwant %s", i, got, w)
		}
	}
	if len(g.ends) != 3 || g.upTo != 3 {
		t.Errorf("%d lines up to %d", len(g.ends), g.upTo)
	}
}
