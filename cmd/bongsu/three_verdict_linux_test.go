package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"bongsu/bcp"
)

// prompt holds the building's field to its stages: each came when its fire made it come, and what it orders was on the wire
// at once.
func (v *voyage) prompt(told []entry) {
	v.t.Helper()
	stage, sent := map[string]time.Time{}, map[string]time.Time{}
	for _, e := range told {
		var x struct {
			Rack, To, Name string
			Sent           *time.Time
		}
		_ = json.Unmarshal(e.Data, &x)
		switch {
		case e.Kind == "stage" && x.Rack != "" && stage[x.To].IsZero():
			stage[x.To] = e.Time
		case e.Kind == "command" && x.Sent != nil:
			if name := x.Name[strings.LastIndex(x.Name, ".")+1:]; sent[name].IsZero() {
				sent[name] = *x.Sent
			}
		}
	}
	for _, want := range []struct {
		stage, order string
		after        time.Duration // it takes the fire to that stage
	}{{"S1", "ISOLATE", 44 * time.Second}, {"S2", "FD_CALL", 56 * time.Second}, {"S3", "NOZZLE", 77 * time.Second}} {
		at, done := stage[want.stage], sent[want.order]
		if late := at.Sub(v.alight) - want.after; at.IsZero() || late > 20*time.Second {
			v.t.Errorf("stage %s came %v later than the fire makes it come", want.stage, late)
		}
		if d := done.Sub(at); done.IsZero() || d > 3*time.Second {
			v.t.Errorf("%s was sent %v after stage %s", want.order, d, want.stage)
		}
		v.t.Logf("stage %s %.1f s after the fire began, %s sent %d ms later", want.stage, at.Sub(v.alight).Seconds(), want.order, done.Sub(at).Milliseconds())
	}
}

// settle waits until all three have come to one mind, and holds what was written meanwhile to the promises.
func (v *voyage) settle(told string) {
	v.t.Helper()
	over := false
	defer func() {
		if !over {
			v.t.Log(told + "; and then:")
		}
	}()
	for _, s := range v.nodes {
		v.patiently(s.name+" serves", func() bool { return s.status("/readyz") == http.StatusOK })
	}
	v.agree()
	var open []string
	eventually(v.t, 60*time.Second, "every act has its outcome", func() bool {
		for i, s := range v.nodes {
			var ok bool
			if v.held[i], ok = later(v.crowd.at(s, "facilities").get, v.held[i]); !ok {
				return false
			}
		}
		open = v.judgeActs(v.held[0])
		return len(open) == 0
	})
	for i := range v.nodes[1:] {
		for k := range min(len(v.held[0]), len(v.held[i+1])) {
			if v.held[0][k] != v.held[i+1][k] {
				v.t.Fatalf("entry %d at n1 is\n%s\nand at n%d\n%s", k+1, v.held[0][k], i+2, v.held[i+1][k])
			}
		}
	}
	v.crowd.mu.Lock()
	taken := slices.Clone(v.crowd.taken)
	v.crowd.mu.Unlock()
	v.judgeEntries(v.held[0], taken)
	if m := v.nodes[0].messenger(); m.Lost != 0 || m.Duplicated != 0 {
		v.t.Errorf("%+v", m)
	}
	over = true
}

// agree waits until all three have been seen at one entry and believed the same there. The journal may go on meanwhile, and
// whoever leads believes what it has written a moment before it has read it.
func (v *voyage) agree() {
	v.t.Helper()
	var minds [3]map[uint64][]string
	var last [3]uint64
	for i := range minds {
		minds[i] = map[uint64][]string{}
	}
	v.end = func() {
		for i, s := range v.nodes {
			v.t.Logf("at entry %d %s believes:\n%s", last[i], s.name, strings.Join(minds[i][last[i]], "\n"))
		}
	}
	v.patiently("the three have read the same and believe the same", func() bool {
		leads := 0
		for i, s := range v.nodes {
			p, ok := v.look(s)
			if !ok || !p.Control.Quorum {
				return false
			}
			if p.Control.Leads {
				leads++
			}
			last[i] = p.Control.Seq
			minds[i][last[i]] = mind(p)
		}
		if leads != 1 {
			return false
		}
		for seq, m := range minds[0] {
			if minds[1][seq] != nil && slices.Equal(m, minds[1][seq]) && minds[2][seq] != nil && slices.Equal(m, minds[2][seq]) {
				return true
			}
		}
		return false
	})
}

// patiently waits for what has to come by itself.
func (v *voyage) patiently(what string, ok func() bool) {
	v.t.Helper()
	eventually(v.t, 90*time.Second, what, ok)
}

// arrive is the end: all is still, and each node finds that the two others have its history and its state.
func (v *voyage) arrive() {
	v.t.Helper()
	v.patiently("no run is under way", func() bool {
		p, ok := v.look(v.nodes[0])
		return ok && !p.Groups[0].Run.Under()
	})
	var seen [3][]string
	v.end = func() {
		held, _ := later(v.crowd.at(v.nodes[0], "facilities").get, v.held[0])
		v.t.Logf("%q\nand the newest entries are\n%s", seen, strings.Join(held[max(0, len(held)-20):], "\n"))
	}
	v.patiently("the three agree", func() bool {
		agree := 0
		for i, s := range v.nodes {
			seen[i] = nil
			for line := range strings.Lines(s.page("/metrics")) {
				if strings.HasPrefix(line, "bongsu_shared_state_") {
					seen[i] = append(seen[i], strings.TrimSpace(line))
				}
				if strings.HasPrefix(line, "bongsu_shared_node_agrees{") && strings.HasSuffix(line, " 1\n") {
					agree++
				}
			}
		}
		return agree == 9 && len(seen[0]) == 2 && slices.Equal(seen[0], seen[1]) && slices.Equal(seen[1], seen[2])
	})
	v.t.Logf("all three: %s", seen[0])
}

// judgeActs holds each run and each playbook to acts that were done once, and gives those without an outcome.
func (v *voyage) judgeActs(journal []string) (open []string) {
	v.t.Helper()
	type doing struct{ name, of string }
	acts, states, done := map[string]doing{}, map[string]string{}, map[doing]int{}
	runs := 0
	for _, line := range journal {
		var e struct {
			Kind string
			Data json.RawMessage
		}
		_ = json.Unmarshal([]byte(line), &e)
		switch e.Kind {
		case bcp.KindMove:
			var m bcp.Transition
			_ = json.Unmarshal(e.Data, &m)
			if m.Machine == bcp.MachineFailover && m.From == bcp.RunArmed && m.From != m.To {
				runs++
			}
			for _, f := range m.Effects {
				if f.Repeatable() {
					continue
				}
				d := doing{fmt.Sprintf("%s %s %s %s", f.Kind, f.To, f.Args["percent"], f.Args["step"]), fmt.Sprint(m.Machine, m.ID)}
				if m.Machine == bcp.MachineFailover {
					d.of = fmt.Sprint("run ", runs)
				}
				acts[f.Key] = d
			}
		case bcp.KindOutcome:
			var o bcp.Outcome
			_ = json.Unmarshal(e.Data, &o)
			states[o.Key] = o.State
		}
	}
	for key, d := range acts {
		switch states[key] {
		case bcp.ActDone:
			done[d]++
		case bcp.ActNotDone:
		default:
			open = append(open, d.name+" of "+d.of+": "+states[key])
		}
	}
	for d, n := range done {
		// What a person resumes may ask for its act anew; nothing else may.
		if n > 1+v.resumed {
			v.t.Errorf("%s of %s was done %d times", d.name, d.of, n)
		}
	}
	return open
}

// page is what a node answers to anybody.
func (s *seat) page(path string) string {
	resp, err := http.Get(s.base + path)
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	return string(text)
}
