package main

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"
)

var (
	memberOK     = prometheus.NewDesc("bongsu_member_ok", "1 while a server of the shared journal answers this node and knows a leader.", []string{"member"}, nil)
	memberLeader = prometheus.NewDesc("bongsu_member_leader", "1 for the server that leads the others.", []string{"member"}, nil)
	memberBytes  = prometheus.NewDesc("bongsu_member_bytes", "Size of a server's data when it last answered.", []string{"member"}, nil)
	memberIndex  = prometheus.NewDesc("bongsu_member_applied_index", "How far a server's log is applied.", []string{"member"}, nil)
	memberEnds   = prometheus.NewDesc("bongsu_member_certificate_end_timestamp_seconds", "When the certificate ends that a server shows.", []string{"member"}, nil)
	paperEnds    = prometheus.NewDesc("bongsu_certificate_end_timestamp_seconds", "When this node's certificate and its authority's end, as they are on the disk.", []string{"what"}, nil)
)

// Describe lists what Collect can send.
func (w *memberWatch) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{memberOK, memberLeader, memberBytes, memberIndex, memberEnds, paperEnds} {
		ch <- d
	}
}

// Collect sends the newest answers.
func (w *memberWatch) Collect(ch chan<- prometheus.Metric) {
	w.mu.Lock()
	seen, own := slices.Clone(w.seen), w.own
	w.mu.Unlock()
	gauge := func(d *prometheus.Desc, v float64, label string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, label)
	}
	for _, m := range seen {
		gauge(memberOK, oneIf(m.OK), m.Name)
		gauge(memberLeader, oneIf(m.Leader), m.Name)
		if m.At != nil {
			gauge(memberBytes, float64(m.Bytes), m.Name)
			gauge(memberIndex, float64(m.Index), m.Name)
		}
		if m.Ends != nil {
			gauge(memberEnds, float64(m.Ends.Unix()), m.Name)
		}
	}
	for _, p := range own {
		gauge(paperEnds, float64(p.Ends.Unix()), p.What)
	}
}
