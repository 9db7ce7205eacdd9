package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"bongsu/bcp"
)

// whole reads the shared journal as a node has it, entry by entry.
func (s *seat) whole() []string {
	s.t.Helper()
	out, ok := later(s.get, nil)
	if !ok {
		s.t.Fatalf("%s: the shared journal cannot be read", s.name)
	}
	return out
}

// later reads on from where the last reading of the shared journal ended; false if it could not be read to its end.
func later(get func(path string, into any) bool, out []string) ([]string, bool) {
	var page struct {
		Items []json.RawMessage
	}
	for {
		page.Items = nil
		if !get(fmt.Sprintf("journal?scope=shared&after=%d&limit=200", len(out)), &page) {
			return out, false
		}
		if len(page.Items) == 0 {
			return out, true
		}
		for _, e := range page.Items {
			out = append(out, string(e))
		}
	}
}

// believed is what of a node's picture follows from the journal alone, and how far it had read.
func (s *seat) believed() (seq uint64, out []string) {
	s.t.Helper()
	p, ok := s.picture()
	if !ok {
		return 0, nil
	}
	return p.Control.Seq, mind(p)
}

// mind is what of a picture follows from the journal alone.
func mind(p bcp.Picture) (out []string) {
	parts := []any{p.Org, p.Motions, p.Summons, p.Brake, p.Plays}
	for _, i := range p.Incidents {
		parts = append(parts, i.Incident)
	}
	for _, g := range p.Groups {
		parts = append(parts, g.Run)
	}
	for _, v := range parts {
		raw, _ := json.Marshal(v)
		out = append(out, string(raw))
	}
	return out
}

// judge holds the three to their promises: one journal, one mind, one leader of an epoch, every answered request in the
// journal once, every act done once and none left open, and no message lost.
func (tr *trio) judge(taken []string, acts ...string) {
	tr.t.Helper()
	first := tr.nodes[0]
	minds := make([][]string, 3)
	tr.t.Cleanup(func() {
		if tr.t.Failed() {
			tr.t.Logf("what they believe:\n%s", strings.Join(slices.Concat(minds...), "\n"))
		}
	})
	// Whoever leads believes what it has written a moment before it has read it: they agree once all is still.
	eventually(tr.t, 60*time.Second, "the three have read the same and believe the same", func() bool {
		var seqs [3]uint64
		for i, s := range tr.nodes {
			seqs[i], minds[i] = s.believed()
		}
		return seqs[0] > 0 && seqs[0] == seqs[1] && seqs[1] == seqs[2] && slices.Equal(minds[0], minds[1]) && slices.Equal(minds[1], minds[2])
	})
	var journals [3][]string
	for i, s := range tr.nodes {
		journals[i] = s.whole()
	}
	for i, s := range tr.nodes[1:] {
		for k := range min(len(journals[0]), len(journals[i+1])) {
			if journals[0][k] != journals[i+1][k] {
				tr.t.Fatalf("entry %d at %s is\n%s\nand at %s\n%s", k+1, first.name, journals[0][k], s.name, journals[i+1][k])
			}
		}
	}
	tr.judgeEntries(journals[0], taken)
	done, open := first.acts()
	if len(open) > 0 {
		tr.t.Errorf("without an outcome: %v", open)
	}
	for _, name := range acts {
		// What a person resumes may ask for its act anew; nothing else may.
		if done[name] == 0 || done[name] > 1+tr.resumed {
			tr.t.Errorf("%s was done %d times: %v", name, done[name], done)
		}
	}
	if m := first.messenger(); m.Lost != 0 || m.Duplicated != 0 {
		tr.t.Errorf("%+v", m)
	}
}

// judgeEntries looks at who wrote what.
func (tr *trio) judgeEntries(journal, taken []string) {
	tr.t.Helper()
	asked, replied, leads := map[string]int{}, map[string]int{}, map[uint64]string{}
	epoch := uint64(0)
	for _, line := range journal {
		var e struct {
			Kind, Node, Subject string
			Seq, Epoch          uint64
			Data                struct{ ID string }
		}
		_ = json.Unmarshal([]byte(line), &e)
		switch e.Kind {
		case bcp.KindRequest:
			asked[e.Data.ID]++
		case bcp.KindReply:
			replied[e.Subject]++
		}
		if e.Epoch == 0 {
			continue
		}
		if leads[e.Epoch] == "" {
			leads[e.Epoch] = e.Node
		}
		if leads[e.Epoch] != e.Node || e.Epoch < epoch {
			tr.t.Errorf("entry %d of epoch %d is %s's, after epoch %d and %s", e.Seq, e.Epoch, e.Node, epoch, leads[e.Epoch])
		}
		epoch = max(epoch, e.Epoch)
	}
	for _, id := range taken {
		if asked[id] != 1 || replied[id] != 1 {
			tr.t.Errorf("request %s was answered to its person and stands in the journal %d times with %d replies", id, asked[id], replied[id])
		}
	}
	for id, n := range replied {
		if n != 1 {
			tr.t.Errorf("request %s has %d replies", id, n)
		}
	}
	tr.t.Logf("%d entries, %d epochs, %d lines of people", len(journal), len(leads), len(taken))
}
