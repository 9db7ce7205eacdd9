package historian

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"bongsu/facility"
)

// influxd runs a real InfluxDB 1.8 server; make test builds it and names it in BONGSU_INFLUXD.
type influxd struct {
	t    testing.TB
	dir  string
	addr string
	cmd  *exec.Cmd
}

func newInfluxd(t testing.TB) *influxd {
	t.Helper()
	if os.Getenv("BONGSU_INFLUXD") == "" {
		t.Skip("BONGSU_INFLUXD names no influxd binary: run this through make test")
	}
	d := &influxd{t: t, dir: t.TempDir(), addr: freeAddress(t)}
	rpc := freeAddress(t)
	conf := fmt.Sprintf("reporting-disabled = true\nbind-address = %q\n[meta]\ndir = %q\n[data]\ndir = %q\nwal-dir = %q\n[http]\nbind-address = %q\nlog-enabled = false\n[monitor]\nstore-enabled = false\n",
		rpc, filepath.Join(d.dir, "meta"), filepath.Join(d.dir, "data"), filepath.Join(d.dir, "wal"), d.addr)
	if err := os.WriteFile(filepath.Join(d.dir, "influx.conf"), []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	d.start()
	t.Cleanup(d.kill)
	d.influxql("CREATE DATABASE plant")
	return d
}

// patience bounds what must happen at all, on a machine that is busy with something else.
const patience = time.Minute

// freeAddress is one nobody listens on: where the system has such, on a loopback address that this process alone uses,
// so that neither a connection nor another package's test takes its port before the database does, or while that is away.
func freeAddress(t testing.TB) string {
	t.Helper()
	pid := os.Getpid()
	l, err := net.Listen("tcp", net.IPv4(127, byte(64+pid>>16&63), byte(pid>>8), byte(pid)).String()+":0")
	if err != nil {
		l, err = net.Listen("tcp", "127.0.0.1:0")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (d *influxd) start() {
	d.t.Helper()
	d.cmd = exec.Command(os.Getenv("BONGSU_INFLUXD"), "-config", filepath.Join(d.dir, "influx.conf"))
	d.cmd.Stdout, d.cmd.Stderr = io.Discard, io.Discard
	if err := d.cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	eventually(d.t, patience, "influxd answers", func() bool {
		resp, err := http.Get("http://" + d.addr + "/ping")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusNoContent
	})
}

func (d *influxd) kill() {
	if d.cmd != nil {
		_ = d.cmd.Process.Kill()
		_ = d.cmd.Wait()
		d.cmd = nil
	}
}

func (d *influxd) influxql(q string) string {
	d.t.Helper()
	resp, err := http.PostForm("http://"+d.addr+"/query", url.Values{"db": {"plant"}, "q": {q}})
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		d.t.Fatalf("%s: %s %s %v", q, resp.Status, b, err)
	}
	return string(b)
}

func eventually(t testing.TB, within time.Duration, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(within); time.Now().Before(end); <-tick.C {
		if ok() {
			return
		}
	}
	t.Fatalf("not within %v: %s", within, what)
}

func plant(t testing.TB, address string) *facility.Site {
	return &facility.Site{
		ID:     "dc1",
		Influx: &facility.Influx{URL: "http://" + address, Bucket: "plant/autogen"},
		Assets: []facility.Asset{{ID: "dc1/b7", Kind: "battery-rack"}},
		Points: []facility.Point{{ID: "dc1/b7/t", Asset: "dc1/b7", Unit: "degC"}},
	}
}

func forward(t *testing.T, f *Forwarder) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	return func() { cancel(); <-done }
}

func minute(k int) Batch {
	b := Batch{Seq: uint64(k), Points: []facility.PointID{"dc1/b7/t"}}
	for sec := range 60 {
		b.Samples = append(b.Samples, good(time.Duration(k*60+sec)*time.Second, float64(k)))
	}
	return b
}

// The database dies in the middle of a backlog and comes back: every sample is there once, none early.
func TestNothingIsLostWhileInfluxIsAway(t *testing.T) {
	db := newInfluxd(t)
	f, err := NewForwarder(plant(t, db.addr), t.TempDir(), quiet)
	if err != nil {
		t.Fatal(err)
	}
	stop := forward(t, f)
	defer func() { stop() }()
	for k := 1; k <= 20; k++ {
		if err := f.Take(t.Context(), minute(k)); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, patience, "the first twenty minutes are delivered", func() bool { return f.Position() == 20 })
	db.kill()
	for k := 21; k <= 40; k++ {
		if err := f.Take(t.Context(), minute(k)); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, patience, "the outage is noticed", func() bool { return f.Health().Err != nil })
	if f.Position() != 20 {
		t.Fatalf("position %d while the database is away: undelivered batches were called delivered", f.Position())
	}
	db.start()
	eventually(t, patience, "the backlog is delivered", func() bool { return f.Position() == 40 })
	if got := db.influxql(`SELECT count("value") FROM "battery-rack"`); !strings.Contains(got, ",2400]") {
		t.Errorf("the database holds %s, want 2400 values", got)
	}
	if got := db.influxql(`SHOW TAG KEYS`); !strings.Contains(got, "asset") || !strings.Contains(got, "unit") {
		t.Errorf("tags are missing: %s", got)
	}
}

func TestBadSamplesHaveNoValue(t *testing.T) {
	db := newInfluxd(t)
	f, err := NewForwarder(plant(t, db.addr), t.TempDir(), quiet)
	if err != nil {
		t.Fatal(err)
	}
	stop := forward(t, f)
	defer func() { stop() }()
	b := Batch{Seq: 1, Points: []facility.PointID{"dc1/b7/t"}, Samples: []facility.Sample{good(0, 25), bad(time.Second)}}
	if err := f.Take(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	eventually(t, patience, "delivered", func() bool { return f.Position() == 1 })
	got := db.influxql(`SELECT count("value"), count("quality") FROM "battery-rack"`)
	if !strings.Contains(got, ",1,2]") {
		t.Errorf("one value and two qualities expected: %s", got)
	}
}

// Health is a value written and read back, not the database's own word.
func TestProbeReadsBackWhatItWrote(t *testing.T) {
	db := newInfluxd(t)
	f, err := NewForwarder(plant(t, db.addr), t.TempDir(), quiet)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Probe(t.Context(), time.Now()); err != nil {
		t.Fatalf("a healthy database fails the probe: %v", err)
	}
}

// A line with another type than its field has, and one in the middle that is no line at all: both are
// found, their neighbours are stored.
func TestInfluxKeepsTheGoodLinesAroundABadOne(t *testing.T) {
	db := newInfluxd(t)
	f, err := NewForwarder(plant(t, db.addr), t.TempDir(), quiet)
	if err != nil {
		t.Fatal(err)
	}
	g := &group{}
	f.encoder.add(g, minute(1))
	poison := &group{upTo: 1}
	for i := range g.ends {
		text := g.line(i)
		if i == 17 {
			text = []byte("battery-rack,point=dc1/b7/t value=\"warm\" " + strconv.FormatInt(monday.UnixMilli(), 10) + "\n")
		}
		if i == 40 {
			text = []byte("no line\n")
		}
		poison.text = append(poison.text, text...)
		poison.ends = append(poison.ends, len(poison.text))
	}
	if err := f.deliver(t.Context(), poison); err != nil {
		t.Fatal(err)
	}
	if got := db.influxql(`SELECT count("value"), count("quality"), count("quality_code") FROM "battery-rack"`); !strings.Contains(got, ",58,58,58]") {
		t.Errorf("58 good lines expected: %s", got)
	}
	if f.Refused() != 2 || f.Position() != 1 {
		t.Errorf("%d refused, position %d", f.Refused(), f.Position())
	}
}
