package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// atOnce is how many houses stand at a time. Each waits for physics at its own pace and takes a tenth of a core.
const atOnce = "5"

// TestMain lets the houses stand beside each other on a machine of few cores: they wait far more than they compute.
func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		if err := flag.Set("test.parallel", atOnce); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// binaries builds the two programs once for all tests of this package.
var binaries = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "bongsu-test")
	if err != nil {
		return "", err
	}
	out, err := exec.Command("go", "build", "-o", dir, "bongsu/cmd/bongsu", "bongsu/cmd/bongsu-sim").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return dir, nil
})

// house is a simulated facility and one node, as real processes on free ports, seen over HTTP only.
type house struct {
	t       testing.TB
	bin     string
	site    string
	data    string
	base    string
	sim     string
	client  *http.Client
	node    *exec.Cmd
	nodeLog *lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

var loopbackPort = regexp.MustCompile(`(127\.0\.0\.1:|port: )(\d+)`)

// movePorts gives every port that the files of sites name another one, the same in all of them.
func movePorts(t testing.TB, dirs ...string) map[string]int {
	t.Helper()
	var files []string
	for _, dir := range dirs {
		found, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
		if err != nil || len(found) == 0 {
			t.Fatal("no site files", err)
		}
		files = append(files, found...)
	}
	moved := map[string]int{"8080": 0, "8090": 0}
	texts := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts[file] = string(text)
		for _, m := range loopbackPort.FindAllStringSubmatch(texts[file], -1) {
			moved[m[2]] = 0
		}
	}
	free := freePorts(t, len(moved))
	for port := range moved {
		moved[port], free = free[0], free[1:]
	}
	for file, text := range texts {
		text = loopbackPort.ReplaceAllStringFunc(text, func(s string) string {
			m := loopbackPort.FindStringSubmatch(s)
			return m[1] + strconv.Itoa(moved[m[2]])
		})
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return moved
}

// changed rewrites one file.
func changed(t testing.TB, file string, change func(string) string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(change(string(text))), 0o600); err != nil {
		t.Fatal(err)
	}
}

// houseOptions change a house before it starts.
type houseOptions struct {
	site   string                         // more settings for the site file
	before func(*house)                   // runs before the node's processes
	files  map[string]func(string) string // changes of the site's other files, by name
}

// newHouse copies the demo site onto free ports and starts the simulator and the node.
func newHouse(t testing.TB, o houseOptions) *house {
	t.Helper()
	bin, err := binaries()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	h := &house{t: t, bin: bin, site: filepath.Join(dir, "sites", "demo", "site.yaml"), data: filepath.Join(dir, "data"), nodeLog: &lockedBuffer{}}
	if err := os.CopyFS(filepath.Join(dir, "sites"), os.DirFS("../../sites")); err != nil {
		t.Fatal(err)
	}
	ports := movePorts(t, filepath.Dir(h.site))
	h.sim, h.base = fmt.Sprintf("http://127.0.0.1:%d", ports["8090"]), fmt.Sprintf("http://127.0.0.1:%d", ports["8080"])
	for file, change := range o.files {
		changed(t, filepath.Join(filepath.Dir(h.site), file), change)
	}
	changed(t, h.site, func(text string) string { return text + o.site })
	jar, _ := cookiejar.New(nil)
	h.client = &http.Client{Jar: jar, Timeout: 30 * time.Second}
	h.start(exec.Command(filepath.Join(bin, "bongsu-sim"), "--site", h.site, "--listen", strings.TrimPrefix(h.sim, "http://")))
	if o.before != nil {
		o.before(h)
	}
	h.node = exec.Command(filepath.Join(bin, "bongsu"), "run", "--site", h.site, "--data", h.data, "--listen", strings.TrimPrefix(h.base, "http://"))
	h.start(h.node)
	h.eventually(3*time.Minute, "the node is ready", func() bool { return h.status("/readyz") == http.StatusOK })
	h.login("operator")
	return h
}

// The houses' ports lie below those that the system gives to outgoing connections, and beside those of other packages'
// tests: one that is free now stays free until its process binds it. Runs of this package beside each other begin at
// different places.
const (
	firstPort = 25000
	lastPort  = 32000
)

var nextPort atomic.Int64

// freePorts takes n ports that nothing listens on, none of them twice in this process.
func freePorts(t testing.TB, n int) []int {
	t.Helper()
	nextPort.CompareAndSwap(0, int64(os.Getpid()*97))
	var ports []int
	for range lastPort - firstPort {
		if len(ports) == n {
			return ports
		}
		port := firstPort + int(nextPort.Add(1))%(lastPort-firstPort)
		at := fmt.Sprintf("127.0.0.1:%d", port)
		l, err := net.Listen("tcp", at)
		if err != nil {
			continue
		}
		_ = l.Close()
		p, err := net.ListenPacket("udp", at) // a name server takes both
		if err != nil {
			continue
		}
		_ = p.Close()
		ports = append(ports, port)
	}
	t.Fatalf("no %d free ports from %d to %d", n, firstPort, lastPort)
	return nil
}

func (h *house) start(cmd *exec.Cmd) {
	h.t.Helper()
	cmd.Stdout, cmd.Stderr = h.nodeLog, h.nodeLog
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		kill := time.AfterFunc(90*time.Second, func() { _ = cmd.Process.Kill() })
		defer kill.Stop()
		if err := cmd.Wait(); err != nil {
			h.t.Errorf("%s did not stop cleanly: %v", filepath.Base(cmd.Path), err)
		}
		if h.t.Failed() && cmd == h.node {
			h.t.Logf("the processes said:\n%s", tail(h.nodeLog.String(), 6000))
		}
	})
}

func tail(s string, n int) string { return s[max(0, len(s)-n):] }

func (h *house) eventually(within time.Duration, what string, ok func() bool) {
	h.t.Helper()
	eventually(h.t, within, what, ok)
}

func eventually(t testing.TB, within time.Duration, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(within); time.Now().Before(end); <-tick.C {
		if ok() {
			return
		}
	}
	t.Fatalf("not within %v: %s", within, what)
}

func (h *house) status(path string) int {
	resp, err := h.client.Get(h.base + path)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

func (h *house) login(user string) {
	h.t.Helper()
	if code, body := h.post("session", map[string]string{"user": user, "password": "bongsu-demo"}); code/100 != 2 {
		h.t.Fatalf("log in as %s: %d %s", user, code, body)
	}
}

// post sends JSON and answers with the code and the body.
func (h *house) post(path string, body any) (int, string) {
	h.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		h.t.Fatal(err)
	}
	resp, err := h.client.Post(h.base+"/api/v1/"+path, "application/json", bytes.NewReader(b))
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text)
}

// get reads JSON; it answers false while the desk is away.
func (h *house) get(path string, into any) bool {
	resp, err := h.client.Get(h.base + "/api/v1/" + path)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.StatusCode == http.StatusOK && json.NewDecoder(resp.Body).Decode(into) == nil
}

func (h *house) pid(child string) int {
	h.t.Helper()
	b, err := os.ReadFile(filepath.Join(h.data, child+".pid"))
	if err != nil {
		h.t.Fatal(err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		h.t.Fatal(err)
	}
	return n
}

// kill9 ends one child of the node the hard way and waits until it is another process.
func (h *house) kill9(child string) {
	h.t.Helper()
	old := h.pid(child)
	if err := syscall.Kill(old, syscall.SIGKILL); err != nil {
		h.t.Fatal(err)
	}
	h.eventually(time.Minute, child+" is started again", func() bool { return h.pid(child) != old })
}

// room is what the tests read of GET fire/rooms/B1.
type room struct {
	Stage    string
	Commands []roomCommand
	Racks    []struct {
		ID, Stage string
		Hottest   *float64
		Commands  []roomCommand
	}
}

type roomCommand struct {
	Name, State     string
	Attempts        int
	Sent, Confirmed *time.Time
}

func (h *house) room() (r room, ok bool) { return r, h.get("fire/rooms/B1", &r) }

// stageOrder is how the stages of a room follow each other.
var stageOrder = []string{"S0", "SP", "S1", "S2", "S3", "S4", "S5A", "S5B", "S5C", "S6"}

// reach waits for a stage of the room, which may be passed between two looks, and says when it was seen.
func (h *house) reach(within time.Duration, stage string) time.Time {
	h.t.Helper()
	h.eventually(within, "stage "+stage, func() bool {
		r, ok := h.room()
		return ok && slices.Index(stageOrder, r.Stage) >= slices.Index(stageOrder, stage)
	})
	return time.Now()
}

// entry is a journal entry as the API gives it.
type entry struct {
	Seq     uint64
	Time    time.Time
	Kind    string
	Subject string
	Data    json.RawMessage
}

// journal reads the whole journal page by page.
func (h *house) journal() []entry {
	h.t.Helper()
	var all []entry
	after := uint64(0)
	for {
		var page struct{ Items []entry }
		h.eventually(30*time.Second, "the journal is read", func() bool { return h.get(fmt.Sprintf("journal?after=%d&limit=200", after), &page) })
		if len(page.Items) == 0 {
			return all
		}
		for _, e := range page.Items {
			if e.Seq <= after {
				h.t.Fatalf("entry %d comes after %d", e.Seq, after)
			}
			after = e.Seq
			all = append(all, e)
		}
	}
}
