package messenger

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/miekg/dns"

	"bongsu/facility"
)

// patience is how long a test waits for what has to come, on a machine that may be busy with other things.
const patience = 60 * time.Second

// talkRig is a messenger world on free ports.
type talkRig struct {
	t *testing.T
	w *World
}

func rigConfig(users int, rate float64) *facility.Messenger {
	return &facility.Messenger{
		Sites: []facility.MessengerSite{{ID: "dc1", Address: "127.0.0.1:1"}, {ID: "dc2", Address: "127.0.0.1:2"}, {ID: "dc3", Address: "127.0.0.1:3"}},
		Zone:  "talk.test.", TTL: time.Second, DNS: []string{"127.0.0.1:4", "127.0.0.1:5"},
		TSIG:  facility.TSIG{Name: "rig.", Secret: base64.StdEncoding.EncodeToString([]byte("only for the rig of these tests!"))},
		Users: users, Rate: rate, Late: 3 * time.Second, Capacity: 1000, SMTP: "127.0.0.1:6", Gateway: "127.0.0.1:7",
		Password: "rig", AdminToken: "rig-admin",
		People: []facility.Person{{ID: "kim", Phone: "+82-1"}},
	}
}

// startMessenger runs a world alone and checks at the end that nothing of it is left running.
func startMessenger(t *testing.T, users int, rate float64) *talkRig {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		if text := leftRunning(before); text != "" {
			t.Fatal(text)
		}
	})
	return startWith(t, rigConfig(users, rate))
}

// leftRunning waits for all but a few goroutines to end, and shows them if they do not.
func leftRunning(before int) string {
	for deadline := time.Now().Add(patience); runtime.NumGoroutine() > before+2; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			text := make([]byte, 1<<16)
			return fmt.Sprintf("%d goroutines left of %d:\n%s", runtime.NumGoroutine(), before, text[:runtime.Stack(text, true)])
		}
	}
	return ""
}

// TestMain checks that the tests which run side by side leave nothing running either.
func TestMain(m *testing.M) {
	before := runtime.NumGoroutine()
	code := m.Run()
	if text := leftRunning(before); text != "" {
		fmt.Fprintln(os.Stderr, text)
		code = 1
	}
	os.Exit(code)
}

// startWith runs the world of a configuration, beside others if the test does.
func startWith(t *testing.T, cfg *facility.Messenger) *talkRig {
	t.Helper()
	w, err := New(cfg, "", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Open(true); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the world ended with %v", err)
		}
	})
	r := &talkRig{t, w}
	eventually(t, "the first site serves", func() bool { return w.State().Sites[0].Serving })
	return r
}

func (r *talkRig) site(id string) *site { return r.w.site(id) }

// order gives one order to a site over its admin API and returns its state.
func (r *talkRig) order(site, what string, body map[string]any) (out adminState, err error) {
	r.t.Helper()
	ctx, stop := context.WithTimeout(r.t.Context(), patience)
	defer stop()
	method := "POST"
	if what == "state" {
		method = "GET"
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	operator := http.Header{"Authorization": {"Bearer rig-admin"}}
	err = postJSON(ctx, &client, method, "http://"+r.site(site).address+"/admin/v1/"+what, body, &out, operator)
	return out, err
}

// promote makes a site the primary. The sites give each other a second to answer, which a busy machine may not: the
// outcome is then unknown, and the same order is given again, as operators would.
func (r *talkRig) promote(site string, body map[string]any) (st adminState, err error) {
	r.t.Helper()
	err = insist(func() error { st, err = r.order(site, "promote", body); return err })
	return st, err
}

// insist does again what ended with an unknown outcome, until a busy machine had time enough.
func insist(act func() error) error {
	for deadline := time.Now().Add(patience); ; {
		if err := act(); !errors.Is(err, errNoMajority) || time.Now().After(deadline) {
			return err
		}
	}
}

// outsider is a client of an account that no user has.
func outsider() *talkClient {
	return &talkClient{http: &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}, zone: "talk.test.", user: "probe", pass: "rig"}
}

// probe logs an outside account in at a site under the public name.
func (r *talkRig) probe(site string) *talkClient {
	r.t.Helper()
	c := outsider()
	eventually(r.t, "an outsider logs in at "+site, func() bool { return c.login(r.t.Context(), r.site(site).address) == nil })
	return c
}

// send sends a message, again under its own id where the outcome is unknown.
func (r *talkRig) send(c *talkClient, site, id string) error { return r.sendTo(c, site, "u001", id) }

func (r *talkRig) sendTo(c *talkClient, site, user, id string) error {
	return insist(func() error {
		return c.call(r.t.Context(), "POST", r.site(site).address, "/v1/messages", talkMessage{ID: id, To: user, Body: id}, nil)
	})
}

// shift leads the public to a site, from one epoch of the zone to the next.
func (r *talkRig) shift(site string, from, to int) {
	r.t.Helper()
	m := new(dns.Msg)
	m.SetUpdate("talk.test.")
	m.Used(rrs(r.t, fmt.Sprintf(`_epoch.talk.test. 0 IN TXT "%d"`, from)))
	m.RemoveRRset(rrs(r.t, `_talk._tcp.talk.test. 0 IN SRV 0 0 0 .`, `_epoch.talk.test. 0 IN TXT ""`))
	m.Insert(rrs(r.t, fmt.Sprintf(`_talk._tcp.talk.test. 1 IN SRV 0 100 %d %s.talk.test.`, port(r.site(site).address), site),
		fmt.Sprintf(`_epoch.talk.test. 1 IN TXT "%d"`, to)))
	r.update(m)
}

// update sends a signed update to the primary name server.
func (r *talkRig) update(m *dns.Msg) {
	r.t.Helper()
	key := r.w.cfg.TSIG
	m.SetTsig(key.Name, dns.HmacSHA256, 300, time.Now().Unix())
	c := dns.Client{Net: "tcp", Timeout: patience, TsigSecret: map[string]string{key.Name: key.Secret}}
	reply, _, err := c.Exchange(m, r.w.dns[0].Address())
	if err != nil || reply.Rcode != dns.RcodeSuccess {
		r.t.Fatalf("update: %v, %v", reply, err)
	}
}

func rrs(t *testing.T, lines ...string) (out []dns.RR) {
	t.Helper()
	for _, l := range lines {
		rr, err := dns.NewRR(l)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, rr)
	}
	return out
}

// settled waits until every acknowledged message was read back from the site that serves now.
func (r *talkRig) settled(acked int, epoch uint64) State {
	r.t.Helper()
	var s State
	deadline := time.Now().Add(patience)
	// The count of what is still to be read back leaves out the last second: that has to pass first.
	for time.Sleep(settleTime + 2*auditEvery); ; {
		s = r.w.State()
		if s.Acked >= acked && s.Epoch == epoch && s.Unverified == 0 {
			return s
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("not settled: %+v", s)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// eventually waits until a condition holds; what is waited for is named in the failure.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", patience, what)
		}
		select {
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}
