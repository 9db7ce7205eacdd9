package ui

import "bongsu/facility"

// collectorView is one process that serves links beside the field's, with the API's times.
type collectorView struct {
	Name      string   `json:"name"`
	Connected bool     `json:"connected"`
	Since     *stamp   `json:"since" doc:"it is connected, or away; null when it never was there"`
	Build     string   `json:"build,omitempty"`
	From      string   `json:"from,omitempty"`
	Links     []string `json:"links" doc:"that it serves now"`
	Own       int      `json:"own" doc:"links it is the first choice for"`
	LagMS     int64    `json:"lag_ms" doc:"the longest a sample took lately from the wire's answer to the field"`
	ClockMS   int64    `json:"clock_ms" doc:"its clock minus the field's"`
	Samples   uint64   `json:"samples"`
	Late      uint64   `json:"late" doc:"samples that came too late to be judged, for the history only"`
	Refused   uint64   `json:"refused" doc:"samples of links that were not, or no longer, its own"`
	Evicted   uint64   `json:"evicted" doc:"samples it could not keep while it was cut off"`
	Why       string   `json:"why,omitempty"`
}

func collectorViews(all []facility.CollectorStatus) []collectorView {
	out := make([]collectorView, 0, len(all))
	for _, c := range all {
		out = append(out, collectorView{
			Name: c.Name, Connected: c.Connected, Since: stampOf(c.Since), Build: c.Build, From: c.From, Links: c.Links, Own: c.Own,
			LagMS: c.LagMS, ClockMS: c.ClockMS, Samples: c.Samples, Late: c.Late, Refused: c.Refused, Evicted: c.Evicted, Why: c.Why,
		})
	}
	return out
}
