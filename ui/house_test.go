package ui

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"bongsu/facility"
	"bongsu/rules"
)

// house is a console with its own network in memory, so that its stories run in virtual time too.
type house struct {
	t       *testing.T
	site    *facility.Site
	model   *Model
	users   *Users
	acts    *fakeActs
	server  *Server
	network *pipeNet
	stop    func()
}

func newHouse(t *testing.T, change ...func(*Config)) *house {
	t.Helper()
	site, faults := facility.Load("testdata/house/site.yaml")
	if site == nil {
		t.Fatal(faults)
	}
	h := &house{t: t, site: site, model: NewModel(site, "ko"), users: demoUsers(t), acts: &fakeActs{}, network: newPipeNet()}
	cfg := Config{Node: "n1", Build: "test-1", Site: site, Model: h.model, Users: h.users, Acts: h.acts, Web: fakeWeb}
	for _, c := range change {
		c(&cfg)
	}
	server, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	h.server = server
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, h.network) }()
	h.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the console ended with %v", err)
		}
	})
	t.Cleanup(h.stop)
	return h
}

// demoFile is the demo accounts' file, hashed once for all tests: that is slow by design.
var demoFile = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "bongsu-ui-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "users.json")
	if _, err := OpenUsers(file, true); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
})

func demoUsers(t *testing.T) *Users {
	t.Helper()
	text, err := demoFile()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "users.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	u, err := OpenUsers(file, true)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// fakeActs is the field as the console sees it: it remembers what it was asked.
type fakeActs struct {
	mu     sync.Mutex
	asked  []facility.Act
	answer func(facility.Act) (facility.ActResult, error)
}

func (f *fakeActs) Do(_ context.Context, act facility.Act) (facility.ActResult, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, act)
	if f.answer != nil {
		return f.answer(act)
	}
	return facility.ActResult{Code: 200, Detail: "done", Seq: uint64(len(f.asked))}, nil
}

// seen lists what was asked of the field, but for notes of what the desk itself refused.
func (f *fakeActs) seen() []facility.Act {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(f.asked), func(a facility.Act) bool { return a.Kind == rules.ActRefused })
}

// refused lists those notes.
func (f *fakeActs) refused() []facility.Act {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(f.asked), func(a facility.Act) bool { return a.Kind != rules.ActRefused })
}

// pipeNet is a listener whose connections never leave the process.
type pipeNet struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newPipeNet() *pipeNet { return &pipeNet{conns: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipeNet) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipeNet) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipeNet) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

func (p *pipeNet) dial() (net.Conn, error) {
	mine, theirs := net.Pipe()
	select {
	case p.conns <- theirs:
		return mine, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

// browser is one person's browser: it keeps cookies.
type browser struct {
	h      *house
	client *http.Client
	header map[string]string // sent with every request
}

func (h *house) browser() *browser {
	jar, _ := cookiejar.New(nil)
	tr := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return h.network.dial() }}
	h.t.Cleanup(tr.CloseIdleConnections)
	return &browser{h: h, client: &http.Client{Jar: jar, Transport: tr}, header: map[string]string{}}
}

// as is a browser in which a demo account is logged in.
func (h *house) as(user string) *browser {
	h.t.Helper()
	b := h.browser()
	b.do("POST", "session", credentials{User: user, Password: demoPassword}).want(200)
	return b
}

// answer is what came back, whole.
type answer struct {
	t      *testing.T
	call   string
	status int
	header http.Header
	body   []byte
}

func (b *browser) do(method, path string, body any, headers ...string) *answer {
	b.h.t.Helper()
	if !strings.HasPrefix(path, "/") {
		path = "/api/v1/" + path
	}
	var in io.Reader
	switch v := body.(type) {
	case nil:
	case string:
		in = strings.NewReader(v)
	default:
		text, err := json.Marshal(v)
		if err != nil {
			b.h.t.Fatal(err)
		}
		in = bytes.NewReader(text)
	}
	r, err := http.NewRequest(method, "http://console.test"+path, in)
	if err != nil {
		b.h.t.Fatal(err)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for k, v := range b.header {
		r.Header.Set(k, v)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := b.client.Do(r)
	if err != nil {
		b.h.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.h.t.Fatalf("%s %s: %v", method, path, err)
	}
	return &answer{t: b.h.t, call: method + " " + path, status: res.StatusCode, header: res.Header, body: text}
}

func (b *browser) get(path string) *answer { b.h.t.Helper(); return b.do("GET", path, nil) }

func (b *browser) post(path string, body any, headers ...string) *answer {
	b.h.t.Helper()
	return b.do("POST", path, body, headers...)
}

func (b *browser) cookie() string {
	u, _ := url.Parse("http://console.test/")
	for _, c := range b.client.Jar.Cookies(u) {
		if c.Name == "bongsu_n1" {
			return c.Value
		}
	}
	return ""
}

func (a *answer) want(status int) *answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("%s: answered %d %s, want %d", a.call, a.status, a.body, status)
	}
	return a
}

// problem checks that the answer is a problem whose detail says what to do.
func (a *answer) problem(status int, says string) {
	a.t.Helper()
	a.want(status)
	if kind := a.header.Get("Content-Type"); kind != "application/problem+json" {
		a.t.Errorf("%s: a problem of type %q", a.call, kind)
	}
	var p struct {
		Title, Detail string
		Status        int
	}
	a.into(&p)
	if p.Title == "" || p.Status != status || !strings.Contains(p.Detail, says) {
		a.t.Errorf("%s: problem %+v, want status %d and a detail with %q", a.call, p, status, says)
	}
}

func (a *answer) into(v any) *answer {
	a.t.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		a.t.Fatalf("%s: %v in %s", a.call, err, a.body)
	}
	return a
}

// What the field does, in the words of the stories.

func (h *house) reads(point facility.PointID, value float64) {
	h.t.Helper()
	ref, ok := h.site.Ref(point)
	if !ok {
		h.t.Fatalf("no point %s", point)
	}
	now := time.Now()
	h.model.ApplySamples([]facility.Sample{{Point: ref, Quality: facility.Good, Value: value, At: now, Seen: now}})
}

func (h *house) alive() {
	h.model.ApplyStatus(facility.FieldStatus{Time: time.Now(), Node: "n1", JournalOK: true, SpoolOK: true, Collecting: true})
}

func (h *house) writes(seq uint64, kind string, record any) {
	h.t.Helper()
	data, err := json.Marshal(record)
	if err != nil {
		h.t.Fatal(err)
	}
	subject := ""
	if a, ok := record.(facility.Alarm); ok {
		subject = a.ID
	}
	if err := h.model.ApplyEntry(Entry{Seq: seq, Time: time.Now(), Kind: kind, Actor: "rules", Subject: subject, Data: data, Hash: fmt.Sprint(seq)}); err != nil {
		h.t.Fatal(err)
	}
}

const hot = "t-high@house/b1/r1/bms/rt"

func hotAlarm(revision uint64) facility.Alarm {
	raised := time.Now()
	return facility.Alarm{
		ID: hot, Revision: revision, Point: "house/b1/r1/bms/rt", Asset: "house/b1/r1", Class: "cooling", Priority: 2,
		State: facility.AlarmUnacked, Active: true, Text: facility.Text{KO: "고온", EN: "Hot"}, Raised: &raised, Value: 61.5, Limit: 60, Unit: "degC",
	}
}
