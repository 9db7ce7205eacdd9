package fire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"
)

// evalCase is one case of a case file: a site, what happens in it, and what must follow.
type evalCase struct {
	ID     string       `json:"id"`
	Title  string       `json:"title"`
	Note   string       `json:"note"`
	Config evalConfig   `json:"config"`
	Steps  []evalStep   `json:"steps"`
	Expect []evalExpect `json:"expect"`
}

type evalConfig struct {
	Racks              []string          `json:"racks"`
	Rooms              map[string]string `json:"rooms"`
	PeerRooms          []string          `json:"peer_rooms"`
	Stuck              []string          `json:"stuck"`
	NozzleWaitISO      *float64          `json:"nozzle_wait_iso"`
	ZoneTripPermissive *bool             `json:"zone_trip_permissive"`
	ResetDwell         *float64          `json:"reset_dwell"`
	StuckS             *float64          `json:"stuck_s"`
	AutoRefresh        *bool             `json:"auto_refresh"`
	Drill              bool              `json:"drill"`
}

type evalStep struct {
	T   int        `json:"t_s"`
	Set evalInputs `json:"set"`
}

// evalInputs keeps the order in which the file names the inputs.
type evalInputs []evalInput

type evalInput struct {
	name  string
	value json.RawMessage
}

// UnmarshalJSON reads an object and keeps its order.
func (in *evalInputs) UnmarshalJSON(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	if tok, err := dec.Token(); err != nil || tok != json.Delim('{') {
		return errors.New("set must be an object of inputs")
	}
	for dec.More() {
		tok, err := dec.Token()
		if err != nil {
			return err
		}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return err
		}
		*in = append(*in, evalInput{name: tok.(string), value: raw})
	}
	return nil
}

type evalExpect struct {
	ByS         int              `json:"by_s"`
	Rack        string           `json:"rack"`
	Commands    []string         `json:"commands"`
	NotCommands []string         `json:"not_commands"`
	Alarms      []string         `json:"alarms"`
	NotAlarms   []string         `json:"not_alarms"`
	Stage       *Stage           `json:"stage"`
	Stages      map[string]Stage `json:"stages"`
	Count       map[string]int   `json:"count"`
}

// maxEvalSeconds bounds a case: a day, so that a slip of the pen does not run for ever.
const maxEvalSeconds = 86400

// readCases takes a case file apart without judging the cases yet.
func readCases(r io.Reader) ([]json.RawMessage, error) {
	var raws []json.RawMessage
	dec := json.NewDecoder(r)
	if err := dec.Decode(&raws); err != nil {
		return nil, fmt.Errorf("read the case file: %w; it must be a list of cases", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("read the case file: something follows the list of cases")
	}
	return raws, nil
}

// parseCase reads one case strictly and turns its steps into what the run will do; a word it does
// not know is an error that names the case and the step. The id is returned as far as it is known.
func parseCase(raw json.RawMessage) (*evalRun, string, error) {
	var head struct {
		ID string `json:"id"`
	}
	// A case that cannot even be read so far is named by the strict decoder below.
	_ = json.Unmarshal(raw, &head)
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	var c evalCase
	if err := dec.Decode(&c); err != nil {
		return nil, head.ID, fmt.Errorf("case %s: %w", head.ID, err)
	}
	if c.ID == "" {
		return nil, "", errors.New("a case has no id")
	}
	cfg, err := c.Config.engine()
	if err != nil {
		return nil, c.ID, fmt.Errorf("case %s: config: %w", c.ID, err)
	}
	run, err := newEvalRun(&c, cfg)
	if err != nil {
		return nil, c.ID, fmt.Errorf("case %s: config: %w", c.ID, err)
	}
	for i := range c.Steps {
		step := &c.Steps[i]
		if step.T < 0 || step.T > maxEvalSeconds {
			return nil, c.ID, fmt.Errorf("case %s: step %d: t_s %d is outside 0..%d", c.ID, i, step.T, maxEvalSeconds)
		}
		for _, in := range step.Set {
			do, err := run.parseInput(in)
			if err != nil {
				return nil, c.ID, fmt.Errorf("case %s: step %d (t_s %d): input %q: %w", c.ID, i, step.T, in.name, err)
			}
			run.script = append(run.script, evalDo{t: step.T, do: do})
		}
		run.end = max(run.end, step.T)
	}
	slices.SortStableFunc(run.script, func(a, b evalDo) int { return a.t - b.t })
	if err := run.checkExpect(); err != nil {
		return nil, c.ID, fmt.Errorf("case %s: %w", c.ID, err)
	}
	return run, c.ID, nil
}

// engine is the configuration a case describes.
func (c evalConfig) engine() (Config, error) {
	cfg := Config{Limits: DefaultLimits(), PeerRooms: c.PeerRooms, ZoneTripPermissive: true, Drill: c.Drill}
	racks := c.Racks
	if len(racks) == 0 {
		racks = []string{"R1"}
	}
	for _, id := range racks {
		room := c.Rooms[id]
		if room == "" {
			room = "ROOM"
		}
		cfg.Racks = append(cfg.Racks, RackConfig{ID: id, Room: room})
	}
	for id := range c.Rooms {
		if !slices.Contains(racks, id) {
			return cfg, fmt.Errorf("rooms: there is no rack %q", id)
		}
	}
	if c.ZoneTripPermissive != nil {
		cfg.ZoneTripPermissive = *c.ZoneTripPermissive
	}
	var err error
	duration := func(key string, s *float64, to *time.Duration) {
		if s == nil {
			return
		}
		d, ok := seconds(*s)
		if !ok {
			err = fmt.Errorf("%s: %v is no time in seconds", key, *s)
		}
		*to = d
	}
	duration("reset_dwell", c.ResetDwell, &cfg.Limits.ResetDwell)
	duration("stuck_s", c.StuckS, &cfg.Limits.Stuck)
	if c.NozzleWaitISO != nil {
		cfg.NozzleWaitISO = new(time.Duration)
		duration("nozzle_wait_iso", c.NozzleWaitISO, cfg.NozzleWaitISO)
	}
	return cfg, err
}

// seconds turns a number of seconds into a duration, as far as that makes sense.
func seconds(s float64) (time.Duration, bool) {
	if math.IsNaN(s) || s < 0 || s > 1e9 {
		return 0, false
	}
	return time.Duration(s * float64(time.Second)), true
}

func (run *evalRun) checkExpect() error {
	for i := range run.expect {
		x := &run.expect[i]
		if x.ByS < 0 || x.ByS > maxEvalSeconds {
			return fmt.Errorf("expect %d: by_s %d is outside 0..%d", i, x.ByS, maxEvalSeconds)
		}
		if x.Rack != "" && run.rackAt(x.Rack) < 0 {
			return fmt.Errorf("expect %d: there is no rack %q", i, x.Rack)
		}
		for id := range x.Stages {
			if run.rackAt(id) < 0 {
				return fmt.Errorf("expect %d: stages: there is no rack %q", i, id)
			}
		}
		run.end = max(run.end, x.ByS)
	}
	return nil
}
