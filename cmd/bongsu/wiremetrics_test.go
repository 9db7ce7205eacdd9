package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"bongsu/collectors"
	"bongsu/facility"
)

// What the collectors count comes through the field's door onto /metrics, device by device.
func TestWhatTheWireCountsIsShownAsMetrics(t *testing.T) {
	site := &facility.Site{
		ID: "s", Links: []facility.Link{{ID: "hall", Protocol: "mqtt", Address: "127.0.0.1:1"}, {ID: "power", Protocol: "modbus", Address: "127.0.0.1:2"}},
		Devices: []facility.Device{{ID: "s/env", Link: "hall", Topic: "env"}},
	}
	wire, err := collectors.New(site, facility.NewBus(), slog.New(slog.DiscardHandler), collectors.Options{})
	if err != nil {
		t.Fatal(err)
	}
	door := fieldDoor{state: &fieldState{wire: wire}}
	m := wireMetrics{func(_ context.Context, into *wireReport) error {
		w := httptest.NewRecorder()
		door.wire(w, nil)
		return json.NewDecoder(w.Body).Decode(into)
	}}
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(m)
	want := `# HELP bongsu_link_connected 1 while the link has its connection.
# TYPE bongsu_link_connected gauge
bongsu_link_connected{link="hall",protocol="mqtt"} 0
bongsu_link_connected{link="power",protocol="modbus"} 0
# HELP bongsu_device_messages_total Messages of a device by what was odd in them; all is every one.
# TYPE bongsu_device_messages_total counter
bongsu_device_messages_total{device="s/env",what="all"} 0
bongsu_device_messages_total{device="s/env",what="clock_doubted"} 0
bongsu_device_messages_total{device="s/env",what="copies"} 0
bongsu_device_messages_total{device="s/env",what="forgotten"} 0
bongsu_device_messages_total{device="s/env",what="historical"} 0
bongsu_device_messages_total{device="s/env",what="out_of_order"} 0
bongsu_device_messages_total{device="s/env",what="refused"} 0
bongsu_device_messages_total{device="s/env",what="stale"} 0
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "bongsu_link_connected", "bongsu_device_messages_total"); err != nil {
		t.Error(err)
	}
	// Every counter of a device has its series, under its own name.
	full := wireReport{Links: []facility.LinkStatus{}, Devices: []facility.DeviceStatus{{ID: "d", Messages: 1, Bad: 2, Copies: 3, Late: 4, Stale: 5, Doubted: 6, Historical: 7, Forgotten: 8}}}
	registry = prometheus.NewPedanticRegistry()
	registry.MustRegister(wireMetrics{func(_ context.Context, into *wireReport) error { *into = full; return nil }})
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, x := range f.Metric {
			if f.GetName() == "bongsu_device_messages_total" {
				got[x.Label[1].GetValue()] = x.Counter.GetValue()
			}
		}
	}
	for what, n := range map[string]float64{"all": 1, "refused": 2, "copies": 3, "out_of_order": 4, "stale": 5, "clock_doubted": 6, "historical": 7, "forgotten": 8} {
		if got[what] != n {
			t.Errorf("%s is %v, want %v", what, got[what], n)
		}
	}
	registry = prometheus.NewPedanticRegistry()
	registry.MustRegister(wireMetrics{func(context.Context, *wireReport) error { return errors.New("the field is away") }})
	if families, err := registry.Gather(); err != nil || len(families) != 0 {
		t.Errorf("without the field: %v %v", families, err)
	}
}
