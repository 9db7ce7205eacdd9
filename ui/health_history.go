package ui

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// StoreHealth is how one keeper of the history does: the embedded store, or the database beside it.
type StoreHealth struct {
	Name    string     `json:"name" enum:"embedded,influx"`
	OK      bool       `json:"ok"`
	Why     string     `json:"why,omitempty" doc:"what stands in the way, in words"`
	Points  uint64     `json:"points,omitempty" doc:"delivered since the start (influx)"`
	Refused uint64     `json:"refused" doc:"samples or lines that could not be placed, or will never be taken"`
	Amended uint64     `json:"amended,omitempty" doc:"samples stored at their arrival because their clock ran ahead (embedded)"`
	Behind  bool       `json:"behind" doc:"a backlog is being drained; the newest values go to the database before it"`
	Newest  *time.Time `json:"newest,omitempty" doc:"when the newest delivered value was taken in (influx)"`
	Reached *time.Time `json:"reached,omitempty" doc:"up to when everything is kept; absent while that is not known"`
}

var (
	storeOK      = prometheus.NewDesc("bongsu_history_ok", "1 when nothing stands in the way of a keeper of the history.", []string{"store"}, nil)
	storeRefused = prometheus.NewDesc("bongsu_history_refused_total", "Samples or lines a keeper of the history could not place or will never take.", []string{"store"}, nil)
	storePoints  = prometheus.NewDesc("bongsu_history_delivered_total", "Values the database has confirmed.", []string{"store"}, nil)
	storeAmended = prometheus.NewDesc("bongsu_history_amended_total", "Samples stored at their arrival because their clock ran ahead.", []string{"store"}, nil)
	storeBehind  = prometheus.NewDesc("bongsu_history_behind", "1 while a backlog is drained.", []string{"store"}, nil)
	spoolEvicted = prometheus.NewDesc("bongsu_spool_evicted_total", "Samples lost to a full spool or a slow reader.", nil, nil)
	spoolOK      = prometheus.NewDesc("bongsu_spool_ok", "1 when the spool takes samples.", nil, nil)
)

// historyCollector asks the keepers when it is asked.
type historyCollector struct {
	model  *Model
	stores func() []StoreHealth
}

// Describe lists what Collect can send.
func (h historyCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{storeOK, storeRefused, storePoints, storeAmended, storeBehind, spoolEvicted, spoolOK} {
		ch <- d
	}
}

// Collect sends the present figures; those of the spool are absent while the field has not reported.
func (h historyCollector) Collect(ch chan<- prometheus.Metric) {
	if st, at := h.model.fieldStatus(); !at.IsZero() {
		ch <- prometheus.MustNewConstMetric(spoolEvicted, prometheus.CounterValue, float64(st.Evicted))
		ch <- prometheus.MustNewConstMetric(spoolOK, prometheus.GaugeValue, one(st.SpoolOK))
	}
	if h.stores == nil {
		return
	}
	for _, s := range h.stores() {
		ch <- prometheus.MustNewConstMetric(storeOK, prometheus.GaugeValue, one(s.OK), s.Name)
		ch <- prometheus.MustNewConstMetric(storeBehind, prometheus.GaugeValue, one(s.Behind), s.Name)
		ch <- prometheus.MustNewConstMetric(storeRefused, prometheus.CounterValue, float64(s.Refused), s.Name)
		if s.Name == "embedded" {
			ch <- prometheus.MustNewConstMetric(storeAmended, prometheus.CounterValue, float64(s.Amended), s.Name)
		} else {
			ch <- prometheus.MustNewConstMetric(storePoints, prometheus.CounterValue, float64(s.Points), s.Name)
		}
	}
}
