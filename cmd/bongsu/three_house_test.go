package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"bongsu/bcp"
)

// trio is three data centers on one machine: three worlds, the messenger in the first, and three nodes as real
// processes. Each desk reaches the members of the other sites through cables that can be cut.
type trio struct {
	t       testing.TB
	nodes   []*seat
	resumed int // how often a person had to resume the run
}

// seat is one node with the way to it.
type seat struct {
	*house
	name   string
	proc   *exec.Cmd // nil while it is dead
	cables []*cable  // from this desk to the other sites' members
}

// newTrio starts everything and waits until one node leads and all know it.
func newTrio(t testing.TB, change map[string]func(string) string) *trio {
	t.Helper()
	bin, err := binaries()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "sites"), os.DirFS("../../sites")); err != nil {
		t.Fatal(err)
	}
	three := filepath.Join(dir, "sites", "three")
	ports := movePorts(t, filepath.Join(dir, "sites", "demo"), three)
	for file, fn := range change {
		changed(t, filepath.Join(three, file), fn)
	}
	tr := &trio{t: t}
	control := freePorts(t, 2)
	for i, name := range []string{"n1", "n2", "n3"} {
		s := &seat{name: name, house: &house{t: t, bin: bin, site: filepath.Join(three, name+".yaml"), data: filepath.Join(dir, name), nodeLog: &lockedBuffer{},
			base: fmt.Sprintf("http://127.0.0.1:%d", ports[fmt.Sprint(8080+i)]), sim: fmt.Sprintf("http://127.0.0.1:%d", ports["8090"])}}
		args := []string{"--site", s.site, "--listen", strings.TrimPrefix(s.sim, "http://")}
		if i > 0 {
			args = []string{"--bare", "--site", s.site, "--listen", fmt.Sprintf("127.0.0.1:%d", control[i-1])}
		}
		s.world(exec.Command(filepath.Join(bin, "bongsu-sim"), args...))
		for other := range 3 {
			if other != i {
				s.lay(ports[fmt.Sprint(12379+2*other)])
			}
		}
		tr.nodes = append(tr.nodes, s)
	}
	t.Cleanup(tr.down)
	for _, s := range tr.nodes {
		s.boot()
	}
	for _, s := range tr.nodes {
		s.up()
	}
	tr.leader(60*time.Second, "")
	return tr
}

// world starts the building's simulator and waits until it stands.
func (s *seat) world(cmd *exec.Cmd) {
	s.t.Helper()
	s.start(cmd)
	control := "http://" + cmd.Args[len(cmd.Args)-1] + "/sim/v1/state"
	s.eventually(60*time.Second, "the world of "+s.name+" stands", func() bool {
		resp, err := http.Get(control)
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
}

// boot starts the node's processes.
func (s *seat) boot() {
	s.t.Helper()
	jar, _ := cookiejar.New(nil)
	s.client = &http.Client{Jar: jar, Timeout: 10 * time.Second}
	s.proc = exec.Command(filepath.Join(s.bin, "bongsu"), "run", "--site", s.site, "--data", s.data, "--listen", strings.TrimPrefix(s.base, "http://"), "--node", s.name)
	s.proc.Stdout, s.proc.Stderr = s.nodeLog, s.nodeLog
	if err := s.proc.Start(); err != nil {
		s.t.Fatal(err)
	}
}

// up waits until the console answers and the journal of all sites was read.
func (s *seat) up() {
	s.t.Helper()
	s.eventually(60*time.Second, s.name+" serves", func() bool { return s.status("/readyz") == http.StatusOK })
	s.login("operator")
	s.eventually(60*time.Second, s.name+" follows", func() bool { p, ok := s.picture(); return ok && p.Control.Quorum && p.Control.Leader != "" })
}

// signal sends a signal to all processes of the node, the supervisor first, so that it starts none again.
func (s *seat) signal(sig syscall.Signal) {
	s.t.Helper()
	_ = s.proc.Process.Signal(sig)
	for _, child := range []string{"desk", "member", "field"} {
		_ = syscall.Kill(s.pid(child), sig)
	}
}

// die ends the node the hard way, all of it at once.
func (s *seat) die() {
	s.t.Helper()
	s.signal(syscall.SIGKILL)
	_ = s.proc.Wait()
	s.proc = nil
}

// down stops what still runs.
func (tr *trio) down() {
	for _, s := range tr.nodes {
		if tr.t.Failed() {
			said := s.nodeLog.String()
			tr.t.Logf("%s said first:\n%s\nand last:\n%s", s.name, said[:min(len(said), 2000)], tail(said, 5000))
		}
		if s.proc == nil {
			continue
		}
		s.signal(syscall.SIGCONT)
		_ = s.proc.Process.Signal(syscall.SIGTERM)
		kill := time.AfterFunc(30*time.Second, func() { _ = s.proc.Process.Kill() })
		if err := s.proc.Wait(); err != nil {
			tr.t.Errorf("%s did not stop cleanly: %v", s.name, err)
		}
		kill.Stop()
	}
}

// leader waits until a node other than one leads and says which.
func (tr *trio) leader(within time.Duration, not string) (found *seat) {
	tr.t.Helper()
	eventually(tr.t, within, "a node other than "+not+" leads", func() bool {
		for _, s := range tr.nodes {
			if s.name == not || s.proc == nil {
				continue
			}
			if p, ok := s.picture(); ok && p.Control.Leads {
				found = s
				return true
			}
		}
		return false
	})
	return found
}

// others are the nodes beside one.
func (tr *trio) others(one *seat) (out []*seat) {
	for _, s := range tr.nodes {
		if s != one {
			out = append(out, s)
		}
	}
	return out
}

// notes are lines that people add to a case at all sites while things go wrong; what was taken is remembered.
type notes struct {
	mu    sync.Mutex
	taken []string
	stop  chan struct{}
	done  sync.WaitGroup
}

// write lets a person at each node add a line over and over.
func (tr *trio) write() *notes {
	n := &notes{stop: make(chan struct{})}
	for _, s := range tr.nodes {
		base := s.base + "/api/v1/"
		n.done.Go(func() {
			jar, _ := cookiejar.New(nil)
			client := &http.Client{Jar: jar, Timeout: 15 * time.Second}
			for {
				select {
				case <-n.stop:
					return
				case <-time.After(time.Second):
				}
				n.one(client, base)
			}
		})
	}
	return n
}

// one adds a line, and logs in where that is needed first.
func (n *notes) one(client *http.Client, base string) {
	ask := func(path, body string) (code int, id string) {
		resp, err := client.Post(base+path, "application/json", strings.NewReader(body))
		if err != nil {
			return 0, ""
		}
		defer resp.Body.Close()
		var out struct{ ID string }
		_ = json.NewDecoder(resp.Body).Decode(&out)
		return resp.StatusCode, out.ID
	}
	switch code, id := ask("incidents/i1/note", `{"text":"still here"}`); code {
	case http.StatusOK:
		n.mu.Lock()
		n.taken = append(n.taken, id)
		n.mu.Unlock()
	case http.StatusUnauthorized:
		ask("session", `{"user":"operator","password":"bongsu-demo"}`)
	}
}

func (n *notes) end() []string {
	close(n.stop)
	n.done.Wait()
	return n.taken
}

// whole reads the shared journal as a node has it, entry by entry.
func (s *seat) whole() (out []string) {
	s.t.Helper()
	var page struct {
		Items []json.RawMessage
	}
	for after := 0; ; after = len(out) {
		page.Items = nil
		if !s.get(fmt.Sprintf("journal?scope=shared&after=%d&limit=200", after), &page) {
			s.t.Fatalf("%s: the shared journal cannot be read", s.name)
		}
		if len(page.Items) == 0 {
			return out
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
	return p.Control.Seq, out
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
