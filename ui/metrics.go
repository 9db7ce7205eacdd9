package ui

import (
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"bongsu/facility"
)

// metrics is the console's own registry.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	tickLate prometheus.Histogram
	sendLate prometheus.Histogram
}

func newMetrics(cfg Config) (*metrics, error) {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "bongsu_http_request_duration_seconds", Help: "Time from request to answer; streams are not counted.",
			Buckets: []float64{.001, .005, .025, .1, .5, 2.5, 10},
		}, []string{"method", "route", "code"}),
		tickLate: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "bongsu_stream_tick_late_seconds", Help: "Time from when a tick was due until it was built for every view.",
			Buckets: []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1},
		}),
		sendLate: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "bongsu_stream_send_late_seconds", Help: "Time from when an event was built until a viewer's connection took it.",
			Buckets: []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 5},
		}),
	}
	all := append([]prometheus.Collector{
		m.requests, m.tickLate, m.sendLate, modelCollector{cfg.Model}, continuityCollector{cfg.Model}, historyCollector{cfg.Model, cfg.Stores},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	}, cfg.Collectors...)
	for _, c := range all {
		if err := m.registry.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *metrics) sent(made time.Time)   { m.sendLate.Observe(time.Since(made).Seconds()) }
func (m *metrics) late(by time.Duration) { m.tickLate.Observe(by.Seconds()) }

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// measure times every answer by its route, not by its path: ids would make a series each.
func (m *metrics) measure(c *gin.Context) {
	began := time.Now()
	c.Next()
	route := c.FullPath()
	if route == livePath {
		return
	}
	if route == "" {
		route = "other"
	}
	m.requests.WithLabelValues(c.Request.Method, route, strconv.Itoa(c.Writer.Status())).Observe(time.Since(began).Seconds())
}

var (
	openAlarms = prometheus.NewDesc("bongsu_alarms_open", "Alarms that are not normal.", []string{"priority"}, nil)
	unackedNow = prometheus.NewDesc("bongsu_alarms_unacknowledged", "Alarms nobody has acknowledged.", []string{"priority"}, nil)
	fieldAge   = prometheus.NewDesc("bongsu_field_age_seconds", "Time since the field's last report.", nil, nil)
	fieldUp    = prometheus.NewDesc("bongsu_field_connected", "1 when the field reported within the last 3 s.", nil, nil)
	revisions  = prometheus.NewDesc("bongsu_site_revision", "1 for the revision of the site that a process works by; the desk follows the field.", []string{"process", "revision"}, nil)
	sampleAge  = prometheus.NewDesc("bongsu_sample_age_seconds", "Time since the newest sample arrived.", nil, nil)
)

// modelCollector reads the model when it is asked.
type modelCollector struct{ model *Model }

// Describe lists what Collect can send.
func (m modelCollector) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(m, ch) }

// Collect sends the present figures.
func (m modelCollector) Collect(ch chan<- prometheus.Metric) {
	now := time.Now()
	var open, loud [5]float64
	for _, a := range m.model.alarmsWhere(isOpen) {
		if a.Priority < 1 || a.Priority > 4 {
			continue
		}
		open[a.Priority]++
		if unacked(facility.AlarmState(a.State)) {
			loud[a.Priority]++
		}
	}
	for p := 1; p <= 4; p++ {
		ch <- prometheus.MustNewConstMetric(openAlarms, prometheus.GaugeValue, open[p], strconv.Itoa(p))
		ch <- prometheus.MustNewConstMetric(unackedNow, prometheus.GaugeValue, loud[p], strconv.Itoa(p))
	}
	ch <- prometheus.MustNewConstMetric(revisions, prometheus.GaugeValue, 1, "desk", m.model.site().Revision)
	if st, at := m.model.fieldStatus(); !at.IsZero() {
		ch <- prometheus.MustNewConstMetric(revisions, prometheus.GaugeValue, 1, "field", st.Revision)
	}
	h, up := m.model.health(now), 0.0
	if h.Connected {
		up = 1
	}
	ch <- prometheus.MustNewConstMetric(fieldUp, prometheus.GaugeValue, up)
	// An age that is not known is no figure: the series is then absent.
	if h.AgeMS >= 0 {
		ch <- prometheus.MustNewConstMetric(fieldAge, prometheus.GaugeValue, float64(h.AgeMS)/1000)
	}
	if lag := m.model.lag(now); lag >= 0 {
		ch <- prometheus.MustNewConstMetric(sampleAge, prometheus.GaugeValue, float64(lag)/1000)
	}
}

// viewerCollector counts the open streams.
type viewerCollector struct{ hub *hub }

var streamViewers = prometheus.NewDesc("bongsu_stream_viewers", "Open streams.", []string{"view"}, nil)

// Describe lists what Collect can send.
func (v viewerCollector) Describe(ch chan<- *prometheus.Desc) { ch <- streamViewers }

// Collect sends the present figures.
func (v viewerCollector) Collect(ch chan<- prometheus.Metric) {
	for name, n := range v.hub.viewersOf() {
		ch <- prometheus.MustNewConstMetric(streamViewers, prometheus.GaugeValue, float64(n), name)
	}
}
