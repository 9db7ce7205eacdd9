package main

import (
	"encoding/json"
	"net"
	"net/http"
	"path/filepath"
	"sync/atomic"
	"testing"

	"bongsu/bcp"
	"bongsu/facility"
	"bongsu/journal"
)

// A probe of an order to a device looks and never orders: an hour later the order may be wrong.
func TestAProbeOfAnOrderGivesNone(t *testing.T) {
	var acts atomic.Int32
	known := []facility.CommandRecord{{ID: actID("p1/fan/1"), State: facility.CommandConfirmed}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /state", func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(opening{Commands: known}) })
	mux.HandleFunc("POST /acts", func(http.ResponseWriter, *http.Request) { acts.Add(1) })
	socket := filepath.Join(t.TempDir(), "f.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: mux}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	site := &facility.Site{Commands: map[facility.CommandID]facility.Command{"b1/fan/on": {}}}
	h := facilityHand{&fieldLink{client: journal.NewClient("unix:"+socket, nil)}}
	h.field.site.Store(site)
	for _, tc := range []struct {
		key, command string
		want         bcp.Tri
	}{
		{"p1/fan/1", "b1/fan/on", bcp.Yes},
		{"p1/fan/2", "b1/fan/on", bcp.No},
		{"p1/fan/1", "elsewhere/fan/on", bcp.Unseen},
	} {
		if is, _, err := h.Probe(t.Context(), tc.key, bcp.Act{Kind: "facility", With: map[string]string{"command": tc.command}}); is != tc.want {
			t.Errorf("%s of %s: %v %v, want %v", tc.command, tc.key, is, err, tc.want)
		}
	}
	if n := acts.Load(); n != 0 {
		t.Errorf("%d orders", n)
	}
}
