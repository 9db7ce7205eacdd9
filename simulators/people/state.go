package people

import (
	"maps"
	"slices"
)

// State is GET /sim/v1/inbox: the newest message first.
type State struct {
	Items    []Message         `json:"items"`
	Total    int               `json:"total"` // received so far, forgotten ones too
	Bounced  int               `json:"bounced"`
	Channels map[string]string `json:"dead"` // dead channels and how they behave
	Conduct  []PersonConduct   `json:"conduct"`
}

// PersonConduct is an override in force.
type PersonConduct struct {
	Person  string  `json:"person"`
	Conduct Conduct `json:"conduct"`
	DelayS  float64 `json:"delay_s,omitempty"`
	Calls   int     `json:"calls,omitempty"` // that are still needed to wake
}

// State lists the newest messages.
func (b *Inbox) State() State {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := State{Items: []Message{}, Total: b.total, Bounced: b.bounced, Channels: map[string]string{}, Conduct: []PersonConduct{}}
	for _, id := range slices.Sorted(maps.Keys(b.conduct)) {
		o := b.conduct[id]
		out.Conduct = append(out.Conduct, PersonConduct{o.Who, o.Conduct, o.Delay.Seconds(), o.Calls})
	}
	for i := len(b.items) - 1; i >= 0; i-- {
		out.Items = append(out.Items, *b.items[i])
	}
	for c, how := range b.dead {
		out.Channels[c] = how
	}
	return out
}
