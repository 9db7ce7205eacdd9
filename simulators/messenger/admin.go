package messenger

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	trafficNormal    = "normal"
	trafficEmergency = "emergency"
)

// refusals lists what the messenger refuses: status and title by sentinel. It is the only place to add one.
var refusals = map[error]struct {
	status int
	title  string
}{
	errStaleEpoch:   {http.StatusConflict, "A newer epoch was promised"},
	errEpochClaims:  {http.StatusConflict, "This epoch belongs to another site"},
	errReadOnly:     {http.StatusConflict, "Read-only"},
	errHole:         {http.StatusPreconditionFailed, "The log lacks a committed record"},
	errWrongEpoch:   {http.StatusPreconditionFailed, "The epoch is another"},
	errGap:          {http.StatusConflict, "Records are missing in between"},
	errDiverged:     {http.StatusConflict, "The stores disagree"},
	errNotPrimary:   {http.StatusMisdirectedRequest, "Another site writes"},
	errNoMajority:   {http.StatusServiceUnavailable, "No majority: the outcome is unknown"},
	errUnknownGroup: {http.StatusNotFound, "Unknown service group"},
	errDraining:     {http.StatusServiceUnavailable, "This site is being drained"},
	errThrottled:    {http.StatusTooManyRequests, "Background work waits"},
	errOverloaded:   {http.StatusServiceUnavailable, "Over capacity"},
	errNoSession:    {http.StatusUnauthorized, "Log in first"},
	errNoOperator:   {http.StatusUnauthorized, "Only operators may call this"},
	errNotFound:     {http.StatusNotFound, "Not found"},
	errBadRequest:   {http.StatusBadRequest, "Bad request"},
	errWrongHost:    {http.StatusMisdirectedRequest, "This name is served elsewhere"},
	errQueueFull:    {http.StatusServiceUnavailable, "Too much waits already"},
	errShardDown:    {http.StatusServiceUnavailable, "The part that keeps these messages is down"},
	errAuthDown:     {http.StatusServiceUnavailable, "Nobody can be recognised now"},
	errWitness:      {http.StatusConflict, "A witness never leads"},
}

var (
	errWrongEpoch = errors.New("wrong-epoch")
	errDraining   = errors.New("draining")
	errThrottled  = errors.New("throttled")
	errOverloaded = errors.New("overloaded")
	errNoSession  = errors.New("no-session")
	errNoOperator = errors.New("no-operator")
	errNotFound   = errors.New("not-found")
	errBadRequest = errors.New("bad-request")
	errWrongHost  = errors.New("wrong-host")
	errQueueFull  = errors.New("queue-full")
	errShardDown  = errors.New("shard-down")
	errAuthDown   = errors.New("auth-down")
	errWitness    = errors.New("witness")
)

// codeOf is the code of an error, empty for none.
func codeOf(err error) string {
	if err == nil {
		return ""
	}
	for s := range refusals {
		if errors.Is(err, s) {
			return s.Error()
		}
	}
	return err.Error()
}

// sentinelOf is the sentinel of a code from the wire.
func sentinelOf(code string) error {
	for s := range refusals {
		if s.Error() == code {
			return s
		}
	}
	return errors.New(code)
}

// groupState is what an operator sees of one group.
type groupState struct {
	Role      groupRole `json:"role"`
	Epoch     uint64    `json:"epoch"`   // the newest promised here
	Primary   string    `json:"primary"` // to whom, empty when nobody
	Last      int64     `json:"last"`    // last record in the log
	LastEpoch uint64    `json:"last_epoch"`
	Committed int64     `json:"committed"` // last committed record
	Known     int64     `json:"known"`     // last commit heard of anywhere; above last it means a hole
	Lag       int64     `json:"lag"`       // records behind what is known
	// Peers is how far each peer is known to follow, while this site leads.
	Peers map[string]int64 `json:"peers,omitempty"`
	// SilentMS is how long the primary has not spoken, while another one leads.
	SilentMS int64 `json:"silent_ms"`
}

// adminState is GET /admin/v1/state.
type adminState struct {
	Site     string                `json:"site"`
	Power    bool                  `json:"power"`
	Serving  bool                  `json:"serving"` // it would take messages if clients came
	Groups   map[string]groupState `json:"groups"`
	Traffic  string                `json:"traffic"`
	Draining bool                  `json:"draining"`
	Sessions int                   `json:"sessions"`
	Config   string                `json:"config"` // version of what has to be equal on all sites
	Frozen   bool                  `json:"frozen"` // deployments and configuration changes wait
	Capacity float64               `json:"capacity_per_s"`
	Load     float64               `json:"load_per_s"`
	Failed   float64               `json:"failed_per_s"` // answers of 500 and above
	Time     time.Time             `json:"time"`

	Witness bool                  `json:"witness,omitempty"`
	Offered float64               `json:"offered_per_s"` // load and what was turned away
	Classes map[string]classCount `json:"classes"`       // since the power came on
	Scale   *scaleState           `json:"scale,omitempty"`
	Queues  map[string]queueState `json:"queues"`
	Tiers   map[string]tierState  `json:"tiers"`
}

func (s *site) state() adminState {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	out := adminState{Site: s.id, Power: s.on, Groups: map[string]groupState{}, Traffic: s.traffic, Draining: s.draining,
		Sessions: len(s.sockets), Capacity: s.capacity(), Config: s.config.version(), Frozen: s.frozen, Load: s.meter.perSecond(now), Failed: s.failed.perSecond(now), Time: now.UTC()}
	out.Witness, out.Offered, out.Classes, out.Scale = s.witness, s.offered.perSecond(now), s.all.counts(), s.scaler.state()
	out.Tiers, out.Queues = s.tierStates(now), s.queueStates(now)
	out.Serving = s.on && !s.draining && !s.witness
	for g, l := range s.groups {
		gs := groupState{Role: l.role, Epoch: l.promised, Primary: l.promisedTo, Last: l.last().Seq, LastEpoch: l.last().Epoch,
			Committed: l.committed, Known: l.known, Lag: max(0, l.known-l.last().Seq)}
		if l.role == rolePrimary {
			gs.Peers = map[string]int64{}
			for _, p := range s.peers {
				gs.Peers[p.id] = s.sent[p.id][g]
			}
		} else if at, ok := s.heard[g]; ok {
			gs.SilentMS = now.Sub(at).Milliseconds()
		}
		out.Serving = out.Serving && l.role == rolePrimary
		out.Groups[g] = gs
	}
	return out
}

// adminOrder is the body of every order; each takes what it needs.
type adminOrder struct {
	promotion
	Mode string `json:"mode"` // traffic: normal or emergency

	Instances int   `json:"instances"` // scale: at least so many, whatever the load; 0 for as the load wants
	On        *bool `json:"on"`        // drain and freeze: true when not given
}

// adminRoutes are the operators' calls.
func (s *site) adminRoutes(mux *http.ServeMux) {
	handle := func(pattern string, act func(*http.Request) (any, error)) {
		mux.HandleFunc(pattern, s.reply(func(r *http.Request) (any, error) {
			if !s.isOperator(r.Header.Get("Authorization")) {
				return nil, errNoOperator
			}
			return act(r)
		}))
	}
	handle("GET /admin/v1/state", func(*http.Request) (any, error) { return s.state(), nil })
	orders := map[string]func(*http.Request, adminOrder) error{
		"readonly": func(_ *http.Request, o adminOrder) error { return s.fence(o.groups(), o.Epoch, o.Dry) },
		"promote": func(r *http.Request, o adminOrder) error {
			for _, g := range o.groups() {
				o.Group = g
				if err := s.promote(r.Context(), o.promotion); err != nil {
					return err
				}
			}
			return nil
		},
		"traffic":        func(_ *http.Request, o adminOrder) error { return s.setTraffic(o.Mode, o.Dry) },
		"sessions/close": func(_ *http.Request, o adminOrder) error { s.closeSockets(o.Dry); return nil },
		"drain": func(_ *http.Request, o adminOrder) error {
			if !o.Dry {
				s.drain(o.On == nil || *o.On)
			}
			return nil
		},
		"scale":  func(_ *http.Request, o adminOrder) error { return s.prewarm(o.Instances, o.Dry) },
		"freeze": func(_ *http.Request, o adminOrder) error { s.freeze(o.On == nil || *o.On, o.Dry); return nil },
	}
	for name, act := range orders {
		handle("POST /admin/v1/"+name, func(r *http.Request) (any, error) {
			var o adminOrder
			dec := json.NewDecoder(r.Body)
			dec.DisallowUnknownFields()
			if err := dec.Decode(&o); err != nil && !errors.Is(err, io.EOF) {
				return nil, fmt.Errorf("%w: %w", errBadRequest, err)
			}
			if err := act(r, o); err != nil {
				return nil, err
			}
			return s.state(), nil
		})
	}
}

// isOperator judges the Authorization header of a call.
func (s *site) isOperator(header string) bool {
	want, have := sha256.Sum256([]byte("Bearer "+s.admin)), sha256.Sum256([]byte(header))
	return s.admin == "" || subtle.ConstantTimeCompare(want[:], have[:]) == 1
}

// groups is the one named, or all in their order.
func (o adminOrder) groups() []string {
	if o.Group == "" {
		return groupOrder
	}
	return []string{o.Group}
}

func (s *site) setTraffic(mode string, dry bool) error {
	if mode != trafficNormal && mode != trafficEmergency {
		return fmt.Errorf("%w: mode %q; normal or emergency", errBadRequest, mode)
	}
	if !dry {
		s.mu.Lock()
		s.traffic = mode
		s.mu.Unlock()
	}
	return nil
}

// drain sends clients away, or takes them again.
func (s *site) drain(on bool) {
	s.mu.Lock()
	s.draining = on
	s.mu.Unlock()
	if on {
		s.closeSockets(false)
	}
}

// peerRoutes are what the sites call of each other.
func (s *site) peerRoutes(mux *http.ServeMux) {
	handle := func(path string, act func(*json.Decoder) (any, error)) {
		mux.HandleFunc("POST /replica/v1/"+path, s.reply(func(r *http.Request) (any, error) {
			if r.Header.Get("X-Peer-Key") != s.net.key {
				return nil, fmt.Errorf("%w: only the other sites may call this", errNoSession)
			}
			return act(json.NewDecoder(r.Body))
		}))
	}
	handle("append", func(d *json.Decoder) (any, error) {
		var calls []appendCall
		if err := d.Decode(&calls); err != nil {
			return nil, fmt.Errorf("%w: %w", errBadRequest, err)
		}
		return s.takeAppend(calls)
	})
	handle("tier", s.takeTier)
	handle("promise", func(d *json.Decoder) (any, error) {
		var c promiseCall
		if err := d.Decode(&c); err != nil {
			return nil, fmt.Errorf("%w: %w", errBadRequest, err)
		}
		return s.takePromise(c)
	})
	handle("records", func(d *json.Decoder) (any, error) {
		var c pullCall
		if err := d.Decode(&c); err != nil {
			return nil, fmt.Errorf("%w: %w", errBadRequest, err)
		}
		return s.handOver(c)
	})
}

// reply turns what a handler returns into an answer.
func (s *site) reply(act func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := act(r)
		status, kind := http.StatusOK, "application/json"
		if err != nil {
			kind = "application/problem+json"
			prob := s.refuse(err)
			status, body = prob.Status, prob
		}
		text, err := json.Marshal(body)
		if err != nil {
			status, text = http.StatusInternalServerError, []byte("{}")
		}
		s.mu.Lock()
		on := s.on
		if status >= http.StatusInternalServerError {
			s.failed.add(time.Now(), 1)
		}
		s.mu.Unlock()
		if !on {
			panic(http.ErrAbortHandler) // nothing is answered once the power is gone
		}
		if status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", "Bearer")
		}
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_, _ = w.Write(append(text, '\n'))
	}
}

func (s *site) refuse(err error) *refusal {
	var known *refusal
	if errors.As(err, &known) {
		return known
	}
	out := &refusal{Title: "Internal error", Status: http.StatusInternalServerError, Detail: err.Error(), Code: codeOf(err)}
	for sentinel, as := range refusals {
		if errors.Is(err, sentinel) {
			out.Status, out.Title = as.status, as.title
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out.Epoch, out.Primary = s.groups[groupMessaging].promised, s.groups[groupMessaging].promisedTo
	return out
}
