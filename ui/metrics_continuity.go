package ui

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// pictureFreshFor is how long a picture's figures stand: a loop that stopped turning must not go on saying
// that there is a quorum.
const pictureFreshFor = 15 * time.Second

var (
	orgState      = prometheus.NewDesc("bongsu_organisation_state", "1 for the state the organisation is in.", []string{"state"}, nil)
	openIncidents = prometheus.NewDesc("bongsu_incidents_open", "Incidents that are not over, among the newest this node shows.", []string{"grade"}, nil)
	runState      = prometheus.NewDesc("bongsu_failover_run_state", "1 for the state of a group's run, none before its first.", []string{"group", "state"}, nil)
	hasQuorum     = prometheus.NewDesc("bongsu_quorum", "1 when the shared journal takes writes.", nil, nil)
	leads         = prometheus.NewDesc("bongsu_leads", "1 when this node leads.", nil, nil)
	leaderEpoch   = prometheus.NewDesc("bongsu_leader_epoch", "Number of the newest leadership this node knows.", nil, nil)
	turnAge       = prometheus.NewDesc("bongsu_continuity_turn_age_seconds", "Time since the organisation's loop last turned; the other figures go after 15 s.", nil, nil)
)

// continuityCollector reads the newest picture when it is asked. Without one there are no figures.
type continuityCollector struct{ model *Model }

// Describe lists what Collect can send.
func (c continuityCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{orgState, openIncidents, runState, hasQuorum, leads, leaderEpoch, turnAge} {
		ch <- d
	}
}

// Collect sends the present figures.
func (c continuityCollector) Collect(ch chan<- prometheus.Metric) {
	p := c.model.painted()
	if p == nil {
		return
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	age := time.Since(p.At)
	gauge(turnAge, age.Seconds())
	if age > pictureFreshFor {
		return
	}
	gauge(hasQuorum, one(p.Control.Quorum))
	gauge(leads, one(p.Control.Leads))
	gauge(leaderEpoch, float64(p.Control.Epoch))
	gauge(orgState, 1, p.Org.State)
	open := [4]float64{}
	for _, i := range p.Incidents {
		if !i.Over() && i.Grade >= 1 && i.Grade <= 3 {
			open[i.Grade]++
		}
	}
	for grade := 1; grade <= 3; grade++ {
		gauge(openIncidents, open[grade], strconv.Itoa(grade))
	}
	for _, g := range p.Groups {
		state := "none"
		if g.Run != nil {
			state = g.Run.State
		}
		gauge(runState, 1, g.ID, state)
	}
}

func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
