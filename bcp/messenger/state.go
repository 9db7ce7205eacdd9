package messenger

import (
	"encoding/json"
	"fmt"
	"time"
)

// The roles of a site for one service, as it says itself.
const (
	rolePrimary  = "primary"
	roleReplica  = "replica"
	roleReadOnly = "readonly"
)

// The traffic modes of a site.
const (
	trafficNormal    = "normal"
	trafficEmergency = "emergency"
)

// GroupState is what a site says of its store of one service.
type GroupState struct {
	Role      string           `json:"role"`
	Epoch     uint64           `json:"epoch"`   // the newest it has promised
	Primary   string           `json:"primary"` // to whom, empty when to nobody
	Last      int64            `json:"last"`    // last record of its log
	LastEpoch uint64           `json:"last_epoch"`
	Committed int64            `json:"committed"`
	Known     int64            `json:"known"` // last commit it has heard of anywhere
	Lag       int64            `json:"lag"`
	Peers     map[string]int64 `json:"peers"`     // how far its followers are, while it leads
	SilentMS  int64            `json:"silent_ms"` // since the primary spoke, while another leads; 0 also when it never did
}

// State is what a site says of itself.
type State struct {
	Site     string                `json:"site"`
	Power    bool                  `json:"power"`
	Serving  bool                  `json:"serving"` // it would take messages if clients came
	Groups   map[string]GroupState `json:"groups"`
	Traffic  string                `json:"traffic"`
	Draining bool                  `json:"draining"`
	Frozen   bool                  `json:"frozen"` // deployments and configuration
	Config   string                `json:"config"` // version of its configuration, empty when it does not say
	Sessions int                   `json:"sessions"`
	Capacity float64               `json:"capacity_per_s"`
	Load     float64               `json:"load_per_s"`
	Failed   float64               `json:"failed_per_s"` // answers of 500 and above
	Time     time.Time             `json:"time"`
}

// decodeState reads a site's answer. One that comes from another site, or says nothing of its stores, is an
// error: it must not be taken for this site's word. Fields we do not know are allowed, so that the messenger
// can grow before we do.
func decodeState(site string, text []byte) (State, error) {
	var s State
	if err := json.Unmarshal(text, &s); err != nil {
		return State{}, fmt.Errorf("state of %s: %w", site, err)
	}
	if s.Site != site {
		return State{}, fmt.Errorf("state of %s: %w: %q", site, errWrongSite, s.Site)
	}
	if len(s.Groups) == 0 {
		return State{}, fmt.Errorf("state of %s: %w: it names no service", site, errOdd)
	}
	for name, g := range s.Groups {
		if g.Role != rolePrimary && g.Role != roleReplica && g.Role != roleReadOnly {
			return State{}, fmt.Errorf("state of %s: %w: role %q for %s", site, errOdd, g.Role, name)
		}
	}
	return s, nil
}
