package fire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// parseInput turns one named input of a step into what it does to the run.
func (run *evalRun) parseInput(in evalInput) (func(), error) {
	switch {
	case in.name == "WALL":
		return run.parseWall(in.value)
	case in.name == "CMD.RESTART":
		return run.parseRestart(in.value)
	case strings.HasPrefix(in.name, "FB."):
		return run.parseFeedback(in.name[len("FB."):], in.value)
	case strings.HasPrefix(in.name, "INH."):
		return run.parseInhibit(in.name[len("INH."):], in.value)
	case strings.HasPrefix(in.name, "BYP."):
		return run.parseBypass(in.name[len("BYP."):], in.value)
	case strings.HasPrefix(in.name, "SIM."):
		return run.parseSim(in.name[len("SIM."):], in.value)
	case strings.HasPrefix(in.name, "OP."):
		return run.parseOp(in.name[len("OP."):], in.value)
	}
	return run.parseField(in)
}

var errInput = errors.New("unknown input")

func (run *evalRun) parseField(in evalInput) (func(), error) {
	dot := strings.LastIndexByte(in.name, '.')
	if dot < 0 {
		return nil, errInput
	}
	owner, field := in.name[:dot], in.name[dot+1:]
	if i := run.rackAt(owner); i >= 0 {
		if ch, ok := channelNamed(field); ok {
			return run.parseChannel(&run.in.Racks[i].Channels[ch], in.value)
		}
		return rackFlag(&run.in.Racks[i], field, in.value)
	}
	if i := slices.Index(run.rooms, owner); i >= 0 {
		return roomValue(&run.in.Rooms[i], field, in.value)
	}
	return nil, fmt.Errorf("%w: there is no rack or room %q", errInput, owner)
}

func channelNamed(s string) (Channel, bool) {
	for ch := RT; ch < channelCount; ch++ {
		if ch.String() == s {
			return ch, true
		}
	}
	return 0, false
}

// parseChannel reads 61.0, "NaN", null, or {"v":61.0,"q":"GOOD"}.
func (run *evalRun) parseChannel(to *Reading, value json.RawMessage) (func(), error) {
	v, good, err := parseReading(value)
	if err != nil {
		return nil, err
	}
	return func() { *to = Reading{Value: v, Good: good, Refreshed: true} }, nil
}

func parseReading(value json.RawMessage) (float64, bool, error) {
	switch string(value) {
	case `"NaN"`, "null":
		return math.NaN(), false, nil
	}
	if value[0] != '{' {
		v, err := number(value)
		return v, err == nil, err
	}
	var q struct {
		V *float64 `json:"v"`
		Q string   `json:"q"`
	}
	if err := strict(value, &q); err != nil {
		return 0, false, err
	}
	if q.Q != "" && q.Q != "GOOD" && q.Q != "BAD" {
		return 0, false, fmt.Errorf("quality %q is neither GOOD nor BAD", q.Q)
	}
	if q.V == nil || q.Q == "BAD" {
		return math.NaN(), false, nil
	}
	return *q.V, true, nil
}

func rackFlag(to *RackInputs, field string, value json.RawMessage) (func(), error) {
	flags := map[string]*bool{"SM": &to.Smoke, "OG": &to.OffGas, "EV": &to.EV, "ARC": &to.Arc}
	flag := flags[field]
	if flag == nil {
		return nil, errInput
	}
	v, err := number(value)
	return func() { *flag = v != 0 }, err
}

func roomValue(to *RoomInputs, field string, value json.RawMessage) (func(), error) {
	v, err := number(value)
	if err != nil {
		return nil, err
	}
	switch field {
	case "ASD":
		return func() { to.ASD = int(v) }, nil
	case "LEL":
		return func() { to.LEL = v }, nil
	case "OCC":
		return func() { to.Occupants = int(v) }, nil
	case "ABORT":
		return func() { to.Abort = v != 0 }, nil
	case "MANUAL_STATION":
		return func() { to.ManualStation = v != 0 }, nil
	case "PARTNER_OK":
		return func() {
			to.PartnerOK = Refused
			if v != 0 {
				to.PartnerOK = Permitted
			}
		}, nil
	}
	return nil, errInput
}

func (run *evalRun) parseWall(value json.RawMessage) (func(), error) {
	v, err := number(value)
	if err == nil && math.Abs(v) > 1e12 {
		err = errors.New("is no wall clock time in seconds")
	}
	whole, part := math.Modf(v)
	return func() { run.wall = time.Unix(int64(whole), int64(part*1e9)) }, err
}

func (run *evalRun) parseRestart(value json.RawMessage) (func(), error) {
	v, err := number(value)
	if err == nil && (v < 0 || v > maxEvalSeconds || v != math.Trunc(v)) {
		err = errors.New("must be whole seconds of outage")
	}
	return func() { run.crash(int(v)) }, err
}

func (run *evalRun) parseFeedback(command string, value json.RawMessage) (func(), error) {
	if !run.known(command) {
		return nil, fmt.Errorf("%w: there is no command %q", errInput, command)
	}
	v, err := number(value)
	return func() {
		if v != 0 {
			run.in.Confirmed = append(run.in.Confirmed, command)
		}
	}, err
}

// evalPeople are the people behind a request and what they declare.
type evalPeople struct {
	By        []string `json:"by"`
	S         float64  `json:"s"`
	Inspected bool     `json:"inspected"`
	ICConfirm bool     `json:"ic_confirm"`
}

// parsePeople reads the object; a bare number stands for a request nobody signed.
func parsePeople(value json.RawMessage) (evalPeople, error) {
	var p evalPeople
	if value[0] != '{' {
		_, err := number(value)
		return p, err
	}
	err := strict(value, &p)
	return p, err
}

func (run *evalRun) parseInhibit(command string, value json.RawMessage) (func(), error) {
	if !run.known(command) {
		return nil, fmt.Errorf("%w: there is no command %q", errInput, command)
	}
	p, err := parsePeople(value)
	return run.ask(Request{Kind: RequestInhibit, By: p.By, Subject: command}), err
}

func (run *evalRun) parseBypass(name string, value json.RawMessage) (func(), error) {
	rack, ch, err := run.rackChannel(name)
	if err != nil {
		return nil, err
	}
	p, err := parsePeople(value)
	if err != nil {
		return nil, err
	}
	d, ok := seconds(p.S)
	if !ok {
		return nil, fmt.Errorf("%v is no time in seconds", p.S)
	}
	return run.ask(Request{Kind: RequestBypass, By: p.By, Subject: run.racks[rack], Channel: ch, For: d}), nil
}

func (run *evalRun) parseSim(name string, value json.RawMessage) (func(), error) {
	rack, ch, err := run.rackChannel(name)
	if err != nil {
		return nil, err
	}
	v, good, err := parseReading(value)
	return func() {
		r := &run.in.Racks[rack]
		r.SimSet[ch], r.Sim[ch] = true, Reading{Value: v, Good: good, Refreshed: true}
	}, err
}

func (run *evalRun) rackChannel(name string) (int, Channel, error) {
	dot := max(0, strings.LastIndexByte(name, '.'))
	rack := run.rackAt(name[:dot])
	ch, ok := channelNamed(strings.TrimPrefix(name[dot:], "."))
	if rack < 0 || !ok {
		return 0, 0, fmt.Errorf("%w: there is no channel %q", errInput, name)
	}
	return rack, ch, nil
}

func (run *evalRun) parseOp(name string, value json.RawMessage) (func(), error) {
	p, err := parsePeople(value)
	if err != nil {
		return nil, err
	}
	op, subject, _ := strings.Cut(name, ":")
	q := Request{By: p.By, Subject: subject, Inspected: p.Inspected, ICConfirm: p.ICConfirm}
	switch op {
	case "AUTHORITY_TAKEOVER":
		q.Kind = RequestTakeover
	case "POWER_CUT":
		q.Kind = RequestPowerCut
	case "ACK":
		q.Kind = RequestAck
	case "GAS_RELEASE":
		q.Kind = RequestRelease
		if !slices.Contains(run.rooms, subject) {
			return nil, fmt.Errorf("%w: there is no room %q", errInput, subject)
		}
	case "RESET":
		q.Kind = RequestReset
		if run.rackAt(subject) < 0 {
			return nil, fmt.Errorf("%w: there is no rack %q", errInput, subject)
		}
	case "DRILL":
		q.Kind = RequestDrillOn
		if string(value) == "0" || string(value) == "false" {
			q.Kind = RequestDrillOff
		}
	default:
		return nil, errInput
	}
	return run.ask(q), nil
}

func (run *evalRun) ask(q Request) func() {
	return func() { run.in.Requests = append(run.in.Requests, q) }
}

// number reads a finite number; true and false count as 1 and 0.
func number(value json.RawMessage) (float64, error) {
	switch string(value) {
	case "true":
		return 1, nil
	case "false":
		return 0, nil
	}
	var v *float64
	if err := json.Unmarshal(value, &v); err != nil || v == nil {
		return 0, fmt.Errorf("%s is not a number", value)
	}
	return *v, nil
}

func strict(value json.RawMessage, to any) error {
	dec := json.NewDecoder(bytes.NewReader(value))
	dec.DisallowUnknownFields()
	return dec.Decode(to)
}
