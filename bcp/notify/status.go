package notify

import (
	"time"

	"bongsu/bcp"
)

// ChannelStatus is how one configured channel does; the numbers count since the start.
type ChannelStatus struct {
	Name     string    `json:"name"`
	Kind     string    `json:"kind"`
	Domain   string    `json:"domain"`
	Waiting  int       `json:"waiting"`
	UnderWay int       `json:"under_way"`
	Tried    int64     `json:"tried"`
	Sent     int64     `json:"sent"`
	Failed   int64     `json:"failed"`
	Unknown  int64     `json:"unknown"`
	Spared   int64     `json:"spared"`
	Refused  int64     `json:"refused"` // by a full queue
	Retried  int64     `json:"retried"`
	Sick     bool      `json:"sick"`
	Error    string    `json:"error,omitempty"` // the newest
	LastSent time.Time `json:"last_sent"`
}

// Status tells how each channel does, by name.
func (p *Post) Status() []ChannelStatus {
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []ChannelStatus
	for _, q := range p.desk.queues {
		out = append(out, ChannelStatus{Name: q.name, Kind: q.cfg.Kind, Domain: q.cfg.Domain, Waiting: len(q.waiting), UnderWay: len(q.flying),
			Tried: q.counts.started, Sent: q.counts.sent, Failed: q.counts.failed, Unknown: q.counts.unknown, Spared: q.counts.spared,
			Refused: q.counts.refused, Retried: p.sender.lines[q.name].retried.Load(), Sick: q.sick(now), Error: q.lastErr, LastSent: q.lastSent})
	}
	return out
}

// Settle gives what became of an act from the last results of all its messages: done when one got out,
// unknown when one may have, not done when certainly none has. Detail is the first trouble.
func Settle(results []Result) (state, detail string) {
	state = bcp.ActNotDone
	for _, r := range results {
		switch {
		case r.State == StateSent:
			return bcp.ActDone, ""
		case r.State == StateUnknown || r.State == StateSending:
			state = bcp.ActUnknown
		}
		if detail == "" && r.State != StateSpared {
			detail = r.Channel + ": " + r.Detail
		}
	}
	return state, detail
}
