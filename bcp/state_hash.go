package bcp

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// folded is everything that journal entries add up to, and nothing else: no times of the configuration, no
// facts, no doubt of this process. Each room's whole state is in it, so that two folds that would ever decide
// differently differ here.
type folded struct {
	Machines  map[string]machineState `json:"machines"`
	Acts      map[string]*ActRecord   `json:"acts"`
	Said      []string                `json:"said"`
	Settled   []string                `json:"settled"`
	Requests  map[string]bool         `json:"requests"`
	Incidents map[string]*Incident    `json:"incidents"`
	Opened    int                     `json:"opened"`
	Ended     []string                `json:"ended"`
	Motions   map[string]*Motion      `json:"motions"`
	Codes     map[string]bool         `json:"codes"`
	Org       Org                     `json:"org"`
	Runs      map[string]*Run         `json:"runs"`
	Brake     Brake                   `json:"brake"`
	Summons   map[string]*Summon      `json:"summons"`
	Calls     []string                `json:"calls"`
	Services  map[string]*ServiceRun  `json:"services"`
	Plays     map[string]*Play        `json:"plays"`
	Asked     []Request               `json:"asked"`
	Answers   map[string]Reply        `json:"answers"`
	Answered  []string                `json:"answered"`
	Waiting   map[string]*Request     `json:"waiting"`
}

type machineState struct {
	State string `json:"state"`
	N     uint64 `json:"n"`
	Epoch uint64 `json:"epoch"`
}

// StateJSON is the whole folded state in one canonical form: equal at all nodes after the same entries, byte for
// byte, the leader's included once it has read back what it wrote. Keys are sorted and what is empty looks the
// same however it became so.
func (o *Organisation) StateJSON() ([]byte, error) {
	f := folded{
		Machines: map[string]machineState{}, Acts: o.Ledger.acts, Said: filled(o.Ledger.said), Settled: filled(o.Ledger.settled), Requests: o.Ledger.requests,
		Incidents: o.Incidents.all, Opened: o.Incidents.opened, Ended: filled(o.Incidents.ended), Motions: o.Motions.all, Codes: o.Motions.codes,
		Org: o.Committee.org, Runs: o.Runs.all, Brake: o.Runs.brake, Summons: o.Summons.all, Calls: filled(o.Summons.calls),
		Services: o.Services.all, Plays: o.Plays.all, Asked: filled(o.asked), Answers: o.answers, Answered: filled(o.answered), Waiting: o.waiting,
	}
	for key, m := range o.Ledger.machines {
		if m.n > 0 { // one in doubt may never have been created
			f.Machines[key] = machineState{State: m.State(), N: m.n, Epoch: m.epoch}
		}
	}
	text, err := json.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("encode the organisation's state: %w", err)
	}
	return text, nil
}

// filled makes an empty list of none.
func filled[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// StateHash is the SHA-256 of StateJSON, as lower-case hex.
func (o *Organisation) StateHash() (string, error) {
	text, err := o.StateJSON()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}
