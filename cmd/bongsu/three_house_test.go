package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
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
	proc   *exec.Cmd    // nil while it is dead
	pid    atomic.Int64 // of proc, for those who look from elsewhere; 0 while it is dead
	clock  string       // file that says how far its clock is ahead, "" for none
	cables []*cable     // from this desk to the other sites' members
	in     func(func()) // runs what starts its processes where they shall live
}

// newTrio starts everything and waits until one node leads and all know it.
func newTrio(t testing.TB, change map[string]func(string) string) *trio {
	t.Helper()
	return raise(t, trioOptions{change: change})
}

// trioOptions change three nodes before they start.
type trioOptions struct {
	change map[string]func(string) string // of the site's files, by name
	// places, where given, start the nodes' processes in networks of their own; between is then called to join them, before
	// any node is started. It is given the folder and the ports by their numbers in the demo. Without places each desk has
	// cables to the others' members.
	places  []func(func())
	between func(dir string, ports map[string]int, nodes []*seat)
	// apart, where given, lets the worlds and the members listen on ports that the nodes' files do not name: what stands
	// between carries it, see between. It is given their ports by their numbers in the demo.
	apart func(ports map[string]int)
	// clocks, where given, is where a program of the nodes lies whose clocks can be set.
	clocks string
}

// raise starts everything and waits until one node leads and all know it.
func raise(t testing.TB, o trioOptions) *trio {
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
	worlds := three
	if o.apart != nil {
		worlds = filepath.Join(dir, "worlds", "three")
		if err := os.CopyFS(filepath.Join(dir, "worlds"), os.DirFS("../../sites")); err != nil {
			t.Fatal(err)
		}
	}
	ports := movePorts(t, filepath.Join(dir, "sites", "demo"), three)
	own := ports
	if o.apart != nil {
		own = movePorts(t, filepath.Join(dir, "worlds", "demo"), worlds)
		setApart(t, three, worlds, ports, own)
		o.apart(own)
	}
	for file, fn := range o.change {
		changed(t, filepath.Join(three, file), fn)
	}
	tr := &trio{t: t}
	control := freePorts(t, 2)
	for i, name := range []string{"n1", "n2", "n3"} {
		s := &seat{name: name, in: func(fn func()) { fn() }, house: &house{t: t, bin: bin, site: filepath.Join(three, name+".yaml"), data: filepath.Join(dir, name), nodeLog: &lockedBuffer{},
			base: fmt.Sprintf("http://127.0.0.1:%d", ports[fmt.Sprint(8080+i)]), sim: fmt.Sprintf("http://127.0.0.1:%d", own["8090"])}}
		world := filepath.Join(worlds, name+".yaml")
		args := []string{"--site", world, "--listen", strings.TrimPrefix(s.sim, "http://")}
		if i > 0 {
			args = []string{"--bare", "--site", world, "--listen", fmt.Sprintf("127.0.0.1:%d", control[i-1])}
		}
		s.world(exec.Command(filepath.Join(bin, "bongsu-sim"), args...))
		for other := range 3 {
			if other != i && o.places == nil {
				s.lay(ports[fmt.Sprint(12379+2*other)])
			}
		}
		if o.clocks != "" {
			s.bin, s.clock = o.clocks, filepath.Join(dir, name+".clock")
			s.setClock(0)
		}
		if o.places != nil {
			s.in = o.places[i]
		}
		tr.nodes = append(tr.nodes, s)
	}
	if o.between != nil {
		o.between(dir, ports, tr.nodes)
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

// setApart writes into the files of nodes where their members listen, and into those of worlds by which ports the nodes
// find the messenger: what stands in the names is what everybody follows.
func setApart(t testing.TB, three, worlds string, ports, own map[string]int) {
	t.Helper()
	for i := range 3 {
		changed(t, filepath.Join(three, fmt.Sprintf("n%d.yaml", i+1)), func(text string) string {
			for m := range 3 {
				client, peer := fmt.Sprint(12379+2*m), fmt.Sprint(12380+2*m)
				text = strings.Replace(text, fmt.Sprintf(`peer: "127.0.0.1:%d"}`, ports[peer]),
					fmt.Sprintf(`peer: "127.0.0.1:%d", listen_client: "127.0.0.1:%d", listen_peer: "127.0.0.1:%d"}`, ports[peer], own[client], own[peer]), 1)
			}
			return text
		})
	}
	changed(t, filepath.Join(worlds, "continuity.yaml"), func(text string) string {
		for _, name := range []string{"18001", "18002", "18003"} {
			text = strings.ReplaceAll(text, fmt.Sprintf("port: %d", own[name]), fmt.Sprintf("port: %d", ports[name]))
		}
		return text
	})
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
	if s.clock != "" {
		s.proc.Env = append(os.Environ(), "BONGSU_TEST_CLOCK="+s.clock)
	}
	var err error
	s.in(func() { err = s.proc.Start() })
	if err != nil {
		s.t.Fatal(err)
	}
	s.pid.Store(int64(s.proc.Process.Pid))
}

// up waits until the console answers and the journal of all sites was read.
func (s *seat) up() {
	s.t.Helper()
	s.eventually(60*time.Second, s.name+" serves", func() bool { return s.status("/readyz") == http.StatusOK })
	s.login("operator")
	s.eventually(60*time.Second, s.name+" follows", func() bool { p, ok := s.picture(); return ok && p.Control.Quorum && p.Control.Leader != "" })
}

// children are the processes of the node by their names, whatever was noted on its disk.
func (s *seat) children() map[string]int {
	out := map[string]int{}
	for pid, name := range childrenOf(s.proc.Process.Pid) {
		out[name] = pid
	}
	return out
}

// childrenOf are the processes that one has started, with the first word each was given.
func childrenOf(parent int) map[int]string {
	out := map[int]string{}
	all, _ := os.ReadDir("/proc")
	for _, d := range all {
		pid, err := strconv.Atoi(d.Name())
		if err != nil {
			continue
		}
		stat, _ := os.ReadFile(filepath.Join("/proc", d.Name(), "stat"))
		after := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:])) // state, parent, ...
		if len(after) < 2 || after[1] != fmt.Sprint(parent) {
			continue
		}
		args, _ := os.ReadFile(filepath.Join("/proc", d.Name(), "cmdline"))
		if words := strings.Split(string(args), "\x00"); len(words) > 1 {
			out[pid] = words[1]
		}
	}
	return out
}

// signal sends a signal to all processes of the node, the supervisor first, so that it starts none again.
func (s *seat) signal(sig syscall.Signal) {
	s.t.Helper()
	children := s.children()
	_ = s.proc.Process.Signal(sig)
	for _, pid := range children {
		_ = syscall.Kill(pid, sig)
	}
}

// signalChild sends a signal to one process of the node.
func (s *seat) signalChild(name string, sig syscall.Signal) {
	if pid := s.children()[name]; pid > 1 {
		_ = syscall.Kill(pid, sig)
	}
}

// die ends the node the hard way, all of it at once.
func (s *seat) die() {
	s.t.Helper()
	s.signal(syscall.SIGKILL)
	_ = s.proc.Wait()
	s.pid.Store(0)
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
