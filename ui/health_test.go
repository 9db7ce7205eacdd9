package ui

import (
	"context"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bongsu/facility"
)

type readyJSON struct {
	Ready  bool
	Checks []struct {
		Name string
		OK   bool
		Why  string
	}
}

func (r readyJSON) failing() string {
	var out []string
	for _, c := range r.Checks {
		if !c.OK {
			out = append(out, c.Name)
			if c.Why == "" {
				out = append(out, "without a reason")
			}
		}
	}
	return strings.Join(out, " ")
}

func TestReadyMeansCollectingAndJournalling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		b := h.browser()
		ready := func(status int, failing string) {
			t.Helper()
			var r readyJSON
			b.get("/readyz").want(status).into(&r)
			if r.failing() != failing || r.Ready != (status == 200) {
				t.Errorf("ready %v, failing %q, want %q", r.Ready, r.failing(), failing)
			}
		}
		b.get("/healthz").want(200)
		ready(503, "field collecting journal")
		h.alive()
		ready(200, "")
		time.Sleep(3 * time.Second)
		ready(200, "")
		time.Sleep(time.Millisecond)
		ready(503, "field collecting journal")
		h.alive()
		ready(200, "")
		h.model.ApplyStatus(facility.FieldStatus{Collecting: true, JournalGap: "2 acts without an entry"})
		ready(503, "journal")
		h.model.ApplyStatus(facility.FieldStatus{JournalOK: true})
		ready(503, "collecting")
		h.alive()
		h.model.FieldLost(time.Now())
		ready(503, "field collecting journal")
		h.alive()
		ready(200, "")
		b.get("/healthz").want(200)
	})
}

func TestMetricsShowWhatMatters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		extra := prometheus.NewGauge(prometheus.GaugeOpts{Name: "bongsu_extra", Help: "From another room."})
		stores := []StoreHealth{{Name: "embedded", OK: true, Refused: 3, Amended: 2}, {Name: "influx", Why: "connection refused", Points: 40, Behind: true}}
		h := newHouse(t, func(c *Config) {
			c.Collectors = []prometheus.Collector{extra}
			c.Stores = func() []StoreHealth { return stores }
		})
		h.alive()
		h.reads(load, 1)
		h.writes(1, KindAlarm, hotAlarm(1))
		b := h.as("operator")
		b.get("points/" + load).want(200)
		b.open("alarms").until("hb")
		text := string(b.get("/metrics").want(200).body)
		for _, line := range []string{
			`bongsu_alarms_open{priority="2"} 1`, `bongsu_alarms_open{priority="1"} 0`, `bongsu_alarms_unacknowledged{priority="2"} 1`,
			`bongsu_stream_viewers{view="alarms"} 1`, `bongsu_field_connected 1`, `bongsu_field_age_seconds `, `bongsu_sample_age_seconds `,
			`bongsu_http_request_duration_seconds_count{code="200",method="GET",route="/api/v1/points/:id"} 1`,
			`bongsu_stream_tick_late_seconds_count`, `bongsu_extra 0`, `go_goroutines`,
			`bongsu_history_ok{store="embedded"} 1`, `bongsu_history_ok{store="influx"} 0`, `bongsu_history_refused_total{store="embedded"} 3`,
			`bongsu_history_amended_total{store="embedded"} 2`, `bongsu_history_delivered_total{store="influx"} 40`, `bongsu_history_behind{store="influx"} 1`,
			`bongsu_spool_ok `, `bongsu_spool_evicted_total 0`,
		} {
			if !strings.Contains(text, line) {
				t.Errorf("/metrics lacks %s", line)
			}
		}
		if nodes := string(b.get("nodes").want(200).body); !strings.Contains(nodes, `"why":"connection refused"`) {
			t.Errorf("the desk does not say why its database is not well: %s", nodes)
		}
		if strings.Contains(text, load) {
			t.Error("/metrics has a series for a point's id: they would grow without bound")
		}
	})
}

func TestAnAddressInUseSaysWhatToDo(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	h := newHouse(t)
	cfg := h.server.cfg
	cfg.Listen = ln.Addr().String()
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(context.Background()); err == nil || !strings.Contains(err.Error(), "--listen") || !strings.Contains(err.Error(), cfg.Listen) {
		t.Errorf("the fault is %v", err)
	}
}

func TestEveryFaultOfTheConfigurationIsNamed(t *testing.T) {
	_, err := New(Config{Node: "a b", Lang: "fr", Listen: "nowhere", Simulator: "x", SessionIdle: -1})
	if err == nil {
		t.Fatal("no fault")
	}
	for _, part := range []string{"site", "model", "users", "acts", "node", "lang", "listen", "simulator", "session"} {
		if !strings.Contains(err.Error(), part+": ") {
			t.Errorf("%v does not name %s", err, part)
		}
	}
}

func TestAFailingCallLeavesTheOthersAlone(t *testing.T) {
	h := newHouse(t, func(c *Config) { c.Historian = panicking{} })
	b := h.as("operator")
	b.get("points/"+load+"/history").problem(500, "Other calls are not affected")
	b.get("points/" + load).want(200)
}

type panicking struct{}

func (panicking) Query(context.Context, facility.PointID, time.Time, time.Time, int) ([]Bucket, error) {
	panic("a programmer's mistake")
}

// Somebody looks why values are missing: the device that says nothing stands first, then the one with a bad value and
// the one whose clock is wrong; those that are well are not listed.
func TestDevicesWithTroubleAreListedTheWorstFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var odd facility.DeviceStatus
		h := newHouse(t, func(c *Config) {
			c.Counted = func(context.Context) ([]facility.DeviceStatus, error) { return []facility.DeviceStatus{odd}, nil }
			c.Common = func() CommonHealth {
				return CommonHealth{Members: []MemberHealth{{Name: "a", Address: "127.0.0.1:1", Why: "connection refused"}}, Relay: &RelayHealth{Seq: 9}}
			}
		})
		site := h.model.site()
		silent, bad, skewed := site.Devices[0], site.Devices[1], site.Devices[2]
		odd = facility.DeviceStatus{ID: skewed.ID, SkewMS: -4200}
		h.alive()
		now := time.Now()
		var batch []facility.Sample
		for _, p := range site.Points {
			s := facility.Sample{Point: p.Ref, Quality: facility.Good, At: now, Seen: now}
			switch {
			case p.Device == silent.ID:
				continue
			case p.Ref == bad.Refs[0]:
				s.Quality, s.Reason = facility.Bad, facility.Sentinel
			}
			batch = append(batch, s)
		}
		h.model.ApplySamples(batch)
		var l struct {
			Items []struct {
				Role    string
				At      *time.Time
				Devices []struct {
					ID              facility.DeviceID
					Points, Missing int
					Reason          string
					LastSeen        *time.Time `json:"last_seen"`
					Skew            int64      `json:"skew_ms"`
				}
				Members []MemberHealth
				Relay   *RelayHealth
			}
		}
		h.as("operator").get("nodes").want(200).into(&l)
		field, desk := l.Items[0], l.Items[1]
		if len(field.Devices) != 3 || field.At == nil {
			t.Fatalf("listed: %+v", field)
		}
		if d := field.Devices[0]; d.ID != silent.ID || d.Missing != d.Points || d.LastSeen != nil {
			t.Errorf("first stands %+v, want %s", d, silent.ID)
		}
		if d := field.Devices[1]; d.ID != bad.ID || d.Missing != 1 || d.Reason != "sentinel" || d.LastSeen == nil {
			t.Errorf("then %+v, want %s", d, bad.ID)
		}
		if d := field.Devices[2]; d.ID != skewed.ID || d.Missing != 0 || d.Skew != -4200 {
			t.Errorf("then %+v, want %s", d, skewed.ID)
		}
		if len(desk.Members) != 1 || desk.Members[0].Why == "" || desk.Relay == nil || desk.Relay.Seq != 9 {
			t.Errorf("the desk says of the shared journal %+v, %+v", desk.Members, desk.Relay)
		}
	})
}
