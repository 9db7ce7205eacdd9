package main

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bongsu/facility"
)

// wireReport is what the collectors count: too much to be told each second, so it is asked for.
type wireReport struct {
	Links   []facility.LinkStatus   `json:"links"`
	Devices []facility.DeviceStatus `json:"devices"`

	Collectors []facility.CollectorStatus `json:"collectors,omitempty"`
	Unserved   []string                   `json:"unserved,omitempty"`
}

// wire answers with the collectors' counters.
func (d fieldDoor) wire(w http.ResponseWriter, _ *http.Request) {
	r := wireReport{Links: d.state.wire.Status(), Devices: d.state.wire.Devices()}
	if s := d.state.sharers; s != nil {
		r.Collectors, r.Unserved = s.Collectors(), s.Unserved()
	}
	answer(w, http.StatusOK, r)
}

// wireMetrics shows the collectors' counters on /metrics. It asks the field when it is asked; while the field does
// not answer, there are no such series.
type wireMetrics struct {
	ask func(context.Context, *wireReport) error
}

func (f *fieldLink) wireReport(ctx context.Context, into *wireReport) error {
	return f.get(ctx, "/wire", into)
}

// counted gives what the field counts of each device.
func (f *fieldLink) counted(ctx context.Context) ([]facility.DeviceStatus, error) {
	var r wireReport
	if err := f.wireReport(ctx, &r); err != nil {
		return nil, err
	}
	return r.Devices, nil
}

// wirePatience is how long a scrape waits for the field.
const wirePatience = 2 * time.Second

var (
	linkUp       = prometheus.NewDesc("bongsu_link_connected", "1 while the link has its connection.", []string{"link", "protocol"}, nil)
	linkGood     = prometheus.NewDesc("bongsu_link_good_age_seconds", "Time since the link's last valid answer or message.", []string{"link"}, nil)
	linkRequests = prometheus.NewDesc("bongsu_link_requests_total", "Requests sent, or messages taken, since the field started.", []string{"link"}, nil)
	linkFailures = prometheus.NewDesc("bongsu_link_failures_total", "Of them those that failed, and tries to connect that did.", []string{"link"}, nil)
	linkOverruns = prometheus.NewDesc("bongsu_link_overruns_total", "Scans that were left out, or messages that came faster than they could be taken.", []string{"link"}, nil)
	linkUnbound  = prometheus.NewDesc("bongsu_link_unbound_total", "Messages of topics that belong to no device.", []string{"link"}, nil)
	linkSkewed   = prometheus.NewDesc("bongsu_link_skewed_devices", "Devices whose clock is further off than it may be.", []string{"link"}, nil)
	linkDoubted  = prometheus.NewDesc("bongsu_link_foreign_firmware_devices", "Devices whose firmware is none their profile is for.", []string{"link"}, nil)
	deviceAway   = prometheus.NewDesc("bongsu_device_away", "1 while a device behind a broker is away, as it or its gateway says.", []string{"device"}, nil)
	deviceSkew   = prometheus.NewDesc("bongsu_device_clock_skew_seconds", "The device's clock minus ours, 0 while within its limit.", []string{"device"}, nil)
	sharerUp     = prometheus.NewDesc("bongsu_collector_connected", "1 while a collector is connected to the field.", []string{"collector"}, nil)
	sharerLinks  = prometheus.NewDesc("bongsu_collector_links", "Links a collector serves, and those it is the first choice for.", []string{"collector", "which"}, nil)
	sharerLag    = prometheus.NewDesc("bongsu_collector_lag_seconds", "The longest a sample took lately from the wire's answer to the field.", []string{"collector"}, nil)
	sharerClock  = prometheus.NewDesc("bongsu_collector_clock_seconds", "A collector's wall clock minus the field's.", []string{"collector"}, nil)
	sharerTook   = prometheus.NewDesc("bongsu_collector_samples_total", "Samples of a collector by what became of them: taken, late (for the history only), refused (of a lease that is over), evicted (never sent).", []string{"collector", "what"}, nil)
	linkOwned    = prometheus.NewDesc("bongsu_link_owned_seconds", "Since when a link is served by who serves it now; no series while nobody does.", []string{"link", "owner"}, nil)
	unserved     = prometheus.NewDesc("bongsu_links_unserved", "Links that nobody serves.", nil, nil)
	deviceTook   = prometheus.NewDesc("bongsu_device_messages_total", "Messages of a device by what was odd in them; all is every one.", []string{"device", "what"}, nil)
)

// Describe lists what Collect can send.
func (m wireMetrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{linkUp, linkGood, linkRequests, linkFailures, linkOverruns, linkUnbound, linkSkewed, linkDoubted, deviceAway, deviceSkew, deviceTook,
		sharerUp, sharerLinks, sharerLag, sharerClock, sharerTook, linkOwned, unserved} {
		ch <- d
	}
}

// Collect sends the present figures.
func (m wireMetrics) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), wirePatience)
	defer cancel()
	var r wireReport
	if m.ask(ctx, &r) != nil {
		return // the field's absence has a series of its own
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	count := func(d *prometheus.Desc, n uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	for _, l := range r.Links {
		gauge(linkUp, oneIf(l.Connected), l.ID, l.Protocol)
		if l.LastGood != nil {
			gauge(linkGood, time.Since(*l.LastGood).Seconds(), l.ID)
		}
		count(linkRequests, l.Requests, l.ID)
		count(linkFailures, l.Failures, l.ID)
		count(linkOverruns, l.Overruns, l.ID)
		count(linkUnbound, l.Unbound, l.ID)
		gauge(linkSkewed, float64(l.Skewed), l.ID)
		gauge(linkDoubted, float64(l.Doubted), l.ID)
		if l.OwnedSince != nil {
			gauge(linkOwned, time.Since(*l.OwnedSince).Seconds(), l.ID, l.Owner)
		}
	}
	if len(r.Collectors) > 0 {
		gauge(unserved, float64(len(r.Unserved)))
	}
	for _, c := range r.Collectors {
		gauge(sharerUp, oneIf(c.Connected), c.Name)
		gauge(sharerLinks, float64(len(c.Links)), c.Name, "serves")
		gauge(sharerLinks, float64(c.Own), c.Name, "own")
		gauge(sharerLag, float64(c.LagMS)/1000, c.Name)
		gauge(sharerClock, float64(c.ClockMS)/1000, c.Name)
		for what, n := range map[string]uint64{"taken": c.Samples, "late": c.Late, "refused": c.Refused, "evicted": c.Evicted} {
			count(sharerTook, n, c.Name, what)
		}
	}
	for _, d := range r.Devices {
		id := string(d.ID)
		gauge(deviceAway, oneIf(d.Away), id)
		gauge(deviceSkew, float64(d.SkewMS)/1000, id)
		for _, c := range []struct {
			what string
			n    uint64
		}{{"all", d.Messages}, {"refused", d.Bad}, {"copies", d.Copies}, {"out_of_order", d.Late}, {"stale", d.Stale},
			{"clock_doubted", d.Doubted}, {"historical", d.Historical}, {"forgotten", d.Forgotten}} {
			count(deviceTook, c.n, id, c.what)
		}
	}
}

func oneIf(on bool) float64 {
	if on {
		return 1
	}
	return 0
}
