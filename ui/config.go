package ui

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"regexp"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bongsu/facility"
)

// Entry is one journal entry as the console shows it; Data is the entry's own JSON.
type Entry struct {
	Seq     uint64          `json:"seq"`
	Time    time.Time       `json:"time"`
	Kind    string          `json:"kind"`
	Actor   string          `json:"actor"`
	Subject string          `json:"subject"`
	Data    json.RawMessage `json:"data"`
	Hash    string          `json:"hash"`
}

// The kinds of entries the Model folds into records; every other kind is only shown.
const (
	KindAlarm   = "alarm"   // data is a facility.Alarm
	KindCommand = "command" // data is a facility.CommandRecord
	KindStage   = "stage"   // data is a facility.StageChange
)

// JournalReader pages through old entries: at most limit of those after a sequence number, in order.
type JournalReader interface {
	After(after uint64, limit int) ([]Entry, error)
}

// Bucket is what a point did in one slice of time starting at T. A slice without samples is missing.
type Bucket struct {
	T       time.Time
	Min     float64
	Max     float64
	Last    float64
	Quality facility.Quality // the worst in the slice
}

// Historian answers what a point did between two times in at most max buckets.
type Historian interface {
	Query(ctx context.Context, point facility.PointID, from, to time.Time, max int) ([]Bucket, error)
}

// Acts hands a person's act to the field. An error means that the field was not reached and nothing
// is known to have happened; a refusal is a result with a Code of 400 or above.
type Acts interface {
	Do(ctx context.Context, act facility.Act) (facility.ActResult, error)
}

// Reloads has the field work by what its site files say now. An error means that the field did not answer and
// nothing is known to have happened; a refusal is a report.
type Reloads interface {
	Reload(ctx context.Context, req facility.ReloadRequest) (facility.Reload, error)
}

// Config is everything the console is made of. Site, Model, Users, Acts and Node are required.
type Config struct {
	Listen string      // host:port
	TLS    *tls.Config // nil serves plain HTTP
	Node   string      // names the session cookie, so that two nodes on one host do not log each other out
	Build  string      // identifies this build; pages reload when it changes
	Lang   string      // "ko" (default) or "en": the console's first language

	Site  *facility.Site
	Model *Model
	Users *Users
	Acts  Acts

	Reloads    Reloads       // nil: the site is read once, and its call answers 503
	Historian  Historian     // nil: history answers 503
	Bands      Bands         // nil: no point has a learned band, and its call answers 503
	Journal    JournalReader // nil: only the newest entries can be read
	Continuity Continuity    // nil: this site takes no part in the organisation, and its calls answer 404
	Sites      Sites         // nil: this site is alone, and shows itself
	Simulator  string        // host:port of the simulator's control API, empty when the site has none
	Web        fs.FS         // the built front end, see Embedded

	SessionFile     string        // keeps sessions over a restart; empty keeps them in memory
	SessionIdle     time.Duration // a session unused this long ends; 8 h when not given
	SessionLifetime time.Duration // a session this old ends; 24 h when not given
	ActTimeout      time.Duration // how long an act may take to reach the field and be answered; 5 s when not given
	SlowAfter       time.Duration // a viewer that takes no byte for this long is disconnected; 10 s when not given
	MaxViewers      int           // streams at once; 2000 when not given

	Stores     func() []StoreHealth                                   // how the keepers of the history do; nil shows none
	Common     func() CommonHealth                                    // how the shared journal's servers and the relay do; nil on a site without one
	Counted    func(context.Context) ([]facility.DeviceStatus, error) // what the field counts of each device; nil shows none
	Collectors []prometheus.Collector                                 // shown on /metrics beside the console's own
	Log        *slog.Logger                                           // nil discards
}

var nodeName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// Validate reports everything that is missing or wrong.
func (c Config) Validate() error {
	var errs []error
	need := func(ok bool, text string) {
		if !ok {
			errs = append(errs, errors.New(text))
		}
	}
	need(c.Site != nil, "site: missing")
	need(c.Model != nil, "model: missing")
	need(c.Users != nil, "users: missing")
	need(c.Acts != nil, "acts: missing")
	need(nodeName.MatchString(c.Node), fmt.Sprintf("node: %q is no name of letters, digits, - and _", c.Node))
	need(c.Lang == "" || c.Lang == "ko" || c.Lang == "en", fmt.Sprintf("lang: %q is neither ko nor en", c.Lang))
	if c.Listen != "" {
		_, _, err := net.SplitHostPort(c.Listen)
		need(err == nil, fmt.Sprintf("listen: %q is no host:port", c.Listen))
	}
	if c.Simulator != "" {
		_, _, err := net.SplitHostPort(c.Simulator)
		need(err == nil, fmt.Sprintf("simulator: %q is no host:port", c.Simulator))
	}
	need(c.SessionIdle >= 0 && c.SessionLifetime >= 0, "session: a lifetime cannot be negative")
	return errors.Join(errs...)
}

func (c Config) withDefaults() Config {
	set := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	set(&c.SessionIdle, 8*time.Hour)
	set(&c.SessionLifetime, 24*time.Hour)
	set(&c.ActTimeout, 5*time.Second)
	set(&c.SlowAfter, 10*time.Second)
	if c.MaxViewers == 0 {
		c.MaxViewers = 2000
	}
	if c.Lang == "" {
		c.Lang = "ko"
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}
