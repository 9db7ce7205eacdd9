package simulators

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"

	"bongsu/simulators/people"
	"bongsu/simulators/world"
)

const maxBody = 64 << 10

// problem is an RFC 9457 answer. Known lists what would have been accepted, where that is a list.
type problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Known  any    `json:"known,omitempty"`
}

// Error gives the problem in one line.
func (p *problem) Error() string { return p.Title + ": " + p.Detail }

// handler serves the simulator control API.
func (p *Plant) handler() http.Handler {
	mux := http.NewServeMux()
	routes := []struct {
		path    string
		methods map[string]func(*http.Request) (any, error)
	}{
		{"/sim/v1/state", map[string]func(*http.Request) (any, error){"GET": p.getState}},
		{"/sim/v1/scenarios", map[string]func(*http.Request) (any, error){"GET": p.getScenarios, "DELETE": p.deleteScenarios}},
		{"/sim/v1/scenarios/{name}", map[string]func(*http.Request) (any, error){"POST": p.postScenario}},
		{"/sim/v1/faults", map[string]func(*http.Request) (any, error){"POST": p.postFault, "GET": p.getFaults}},
		{"/sim/v1/faults/{id}", map[string]func(*http.Request) (any, error){"DELETE": p.deleteFault}},
		{"/sim/v1/pause", map[string]func(*http.Request) (any, error){"POST": p.postPause}},
		{"/sim/v1/resume", map[string]func(*http.Request) (any, error){"POST": p.postResume}},
		{"/sim/v1/step", map[string]func(*http.Request) (any, error){"POST": p.postStep}},
		{"/sim/v1/speed", map[string]func(*http.Request) (any, error){"PUT": p.putSpeed}},
		{"/sim/v1/messenger", map[string]func(*http.Request) (any, error){"GET": p.getMessenger}},
		{"/sim/v1/nodes", map[string]func(*http.Request) (any, error){"GET": p.getNodes}},
		{"/sim/v1/nodes/{name}/{act}", map[string]func(*http.Request) (any, error){"POST": p.postNode}},
		{"/sim/v1/inbox", map[string]func(*http.Request) (any, error){"GET": p.getInbox}},
	}
	for _, r := range routes {
		allowed := slices.Sorted(maps.Keys(r.methods))
		mux.HandleFunc(r.path, func(w http.ResponseWriter, req *http.Request) {
			act, ok := r.methods[req.Method]
			if !ok {
				answer(w, nil, &problem{"Method not allowed", http.StatusMethodNotAllowed, fmt.Sprintf("%s takes %v", r.path, allowed), allowed})
				return
			}
			req.Body = http.MaxBytesReader(w, req.Body, maxBody)
			body, err := act(req)
			answer(w, body, err)
		})
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, req *http.Request) {
		answer(w, nil, &problem{Title: "Not found", Status: http.StatusNotFound,
			Detail: req.URL.Path + " is no call of the simulator; start at /sim/v1/state"})
	})
	return mux
}

// answer writes a body or a problem.
func answer(w http.ResponseWriter, body any, err error) {
	status, kind := http.StatusOK, "application/json"
	if err != nil {
		var prob *problem
		if !errors.As(err, &prob) {
			prob = &problem{Title: "Internal error", Status: http.StatusInternalServerError, Detail: err.Error()}
		}
		status, kind, body = prob.Status, "application/problem+json", prob
	}
	text, merr := json.Marshal(body)
	if merr != nil {
		status, text = http.StatusInternalServerError, []byte(`{"title":"Internal error","status":500}`)
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n'))
}

// readBody decodes one strict JSON object.
func readBody(req *http.Request, out any) error {
	dec := json.NewDecoder(req.Body)
	dec.DisallowUnknownFields()
	err := dec.Decode(out)
	if err == nil && dec.More() {
		err = errors.New("more than one JSON value")
	}
	if errors.Is(err, io.EOF) {
		err = errors.New("the body is empty")
	}
	if err != nil {
		return &problem{Title: "Bad request", Status: http.StatusBadRequest, Detail: err.Error()}
	}
	return nil
}

func (p *Plant) getState(*http.Request) (any, error) { return p.State(), nil }

// scenarioItem is one line of the list of scenarios.
type scenarioItem struct {
	*Scenario
	LengthS float64 `json:"length_s"` // how long it is watched, simulated
}

func (p *Plant) getScenarios(*http.Request) (any, error) {
	items := []scenarioItem{}
	for _, name := range slices.Sorted(maps.Keys(p.scenarios)) {
		s := p.scenarios[name]
		items = append(items, scenarioItem{Scenario: s, LengthS: s.Length().Seconds()})
	}
	return map[string]any{"items": items}, nil
}

func (p *Plant) postScenario(req *http.Request) (any, error) {
	name := req.PathValue("name")
	err := p.StartScenario(name)
	switch {
	case errors.Is(err, ErrUnknownScenario):
		return nil, &problem{"Unknown scenario", http.StatusNotFound, err.Error(), slices.Sorted(maps.Keys(p.scenarios))}
	case errors.Is(err, ErrScenarioRunning):
		return nil, &problem{Title: "A scenario is running", Status: http.StatusConflict,
			Detail: err.Error() + " with DELETE /sim/v1/scenarios"}
	case err != nil:
		return nil, err
	}
	return map[string]any{"started": p.scenarios[name]}, nil
}

func (p *Plant) deleteScenarios(*http.Request) (any, error) {
	name, err := p.StopScenario()
	if err != nil {
		return nil, err
	}
	return map[string]any{"stopped": name, "restored": true,
		"detail": "every fault is cleared and the site is healthy again: new batteries, full gas banks, outputs at rest"}, nil
}

func (p *Plant) getFaults(*http.Request) (any, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return map[string]any{"items": p.active(), "kinds": knownFaults()}, nil
}

func (p *Plant) postFault(req *http.Request) (any, error) {
	var f world.Fault
	if err := readBody(req, &f); err != nil {
		return nil, err
	}
	id, err := p.Inject(f)
	if err == nil {
		p.log.Info("fault injected", "fault", id, "kind", f.Kind, "target", f.Target)
		return map[string]string{"id": id}, nil
	}
	prob := &problem{Title: "Bad fault", Status: http.StatusBadRequest, Detail: err.Error()}
	switch {
	case errors.Is(err, world.ErrUnknownFault):
		prob.Known = knownFaults()
	case errors.Is(err, world.ErrUnknownAsset):
		prob.Known = p.targets()
	}
	return nil, prob
}

// targets lists what faults can aim at, by kind of thing.
func (p *Plant) targets() map[string][]string {
	out := map[string][]string{"site": {p.layout.Config.Site}, "links": p.links.IDs(), "feeds": p.layout.Feeds,
		"zones": p.layout.Zones, "rooms": p.layout.Rooms, "racks": p.layout.Racks}
	for _, r := range p.layout.Config.ITRacks {
		out["it_racks"] = append(out["it_racks"], r.ID)
	}
	if p.messenger != nil {
		out["messenger"], out["dns"], out["people"] = p.messenger.Names()
		out["channels"] = people.Channels()
	}
	for i := range p.site.Devices {
		out["devices"] = append(out["devices"], string(p.site.Devices[i].ID))
	}
	return out
}

func (p *Plant) deleteFault(req *http.Request) (any, error) {
	id := req.PathValue("id")
	err := p.Clear(id)
	if errors.Is(err, world.ErrUnknownFault) {
		return nil, &problem{Title: "Unknown fault", Status: http.StatusNotFound, Detail: err.Error()}
	}
	if err != nil {
		return nil, err
	}
	p.log.Info("fault cleared", "fault", id)
	return map[string]string{"cleared": id}, nil
}

func (p *Plant) putSpeed(req *http.Request) (any, error) {
	var body struct {
		Speed *float64 `json:"speed"`
	}
	if err := readBody(req, &body); err != nil {
		return nil, err
	}
	if body.Speed == nil {
		return nil, &problem{Title: "Bad speed", Status: http.StatusBadRequest, Detail: `give {"speed": 1 to 100}`}
	}
	if err := checkSpeed(*body.Speed); err != nil {
		return nil, &problem{Title: "Bad speed", Status: http.StatusBadRequest, Detail: err.Error()}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = *body.Speed
	return p.speedState(), nil
}

func (p *Plant) getMessenger(*http.Request) (any, error) {
	if s, ok := p.Messenger(); ok {
		return s, nil
	}
	return nil, noMessenger()
}

func (p *Plant) getInbox(*http.Request) (any, error) {
	if s, ok := p.Inbox(); ok {
		return s, nil
	}
	return nil, noMessenger()
}

func noMessenger() error {
	return &problem{Title: "No messenger", Status: http.StatusNotImplemented,
		Detail: "this site has no messenger world: give its simulator block a messenger section"}
}
