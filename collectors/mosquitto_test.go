package collectors

import (
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"bongsu/facility"
)

// mosquitto is a broker of another author's than the one in this process: Debian's, which make test unpacks.
type mosquitto struct {
	t       *testing.T
	path    string
	config  string
	address string
	cmd     *exec.Cmd
}

func newMosquitto(t *testing.T, settings ...string) *mosquitto {
	t.Helper()
	path, err := filepath.Abs("../.tools/debian/usr/sbin/mosquitto")
	if _, missing := os.Stat(path); err != nil || missing != nil {
		path = tool(t, "mosquitto")
	}
	b := &mosquitto{t: t, path: path, address: freeAddress(t)}
	dir := t.TempDir()
	host, port, _ := net.SplitHostPort(b.address)
	text := fmt.Sprintf("user root\nlistener %s %s\nallow_anonymous true\nmax_queued_messages 20000\nmax_inflight_messages 0\npersistence_location %s/\n%s\n", port, host, dir, strings.Join(settings, "\n"))
	b.config = filepath.Join(dir, "mosquitto.conf")
	if err := os.WriteFile(b.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.stop)
	b.start()
	return b
}

func (b *mosquitto) start() {
	b.t.Helper()
	b.cmd = exec.Command(b.path, "-c", b.config)
	out := &lockedText{}
	b.cmd.Stdout, b.cmd.Stderr = out, out
	if err := b.cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if conn, err := net.Dial("tcp", b.address); err == nil {
			_ = conn.Close()
			return
		}
	}
	b.t.Fatalf("mosquitto does not listen: %s", out.String())
}

// stop ends it as its own service would be ended: it saves its sessions where it was told to.
func (b *mosquitto) stop() {
	if b.cmd != nil {
		_ = b.cmd.Process.Signal(os.Interrupt)
		_ = b.cmd.Wait()
		b.cmd = nil
	}
}

// speaker is a client that publishes.
func (b *mosquitto) speaker(config *tls.Config) mqtt.Client {
	b.t.Helper()
	scheme := "tcp"
	if config != nil {
		scheme = "ssl"
	}
	c := mqtt.NewClient(mqtt.NewClientOptions().AddBroker(scheme + "://" + b.address).SetClientID("speaker").SetTLSConfig(config).SetAutoReconnect(false))
	if t := c.Connect(); !t.WaitTimeout(patience) || t.Error() != nil {
		b.t.Fatal("the speaker does not connect: ", t.Error())
	}
	b.t.Cleanup(func() { c.Disconnect(0) })
	return c
}

func (b *mosquitto) say(c mqtt.Client, topic string, retain bool, payload string) {
	b.t.Helper()
	if t := c.Publish(topic, 1, retain, payload); !t.WaitTimeout(patience) || t.Error() != nil {
		b.t.Fatal("the broker takes no message: ", t.Error())
	}
}

func stamped(value float64, seq int, at time.Time) string {
	return fmt.Sprintf(`{"v":%v,"seq":%d,"t":%q}`, value, seq, at.UTC().Format(time.RFC3339Nano))
}

// What a real broker kept while we were away comes after we are back, each value at its own age: the old ones for the
// history, the newest as what is so now. It holds over a restart of the broker itself.
func TestMosquittoKeepsOurSessionOverItsRestart(t *testing.T) {
	b := newMosquitto(t, "persistence true")
	site := func() *facility.Site {
		s := unhurriedSite(b.address, topicPoint("x"))
		s.Links[0].MaxBackoff = 50 * time.Millisecond
		return s
	}
	c, p, stop := run(t, site(), Options{Canary: 2 * time.Second})
	subscribed(t, c)
	b.say(b.speaker(nil), "hall/r1/x", false, stamped(1, 1, time.Now()))
	p.await(t, "the first value", is("1 good"))
	stop()
	before := b.speaker(nil)
	away := time.Now().Add(-time.Hour)
	for n := range 20 {
		b.say(before, "hall/r1/x", false, stamped(10+float64(n), 2+n, away.Add(time.Duration(n)*time.Second)))
	}
	b.stop()
	b.start()
	const backlog = 3 * time.Second // on a busy machine they take a while
	c, p, stop = run(t, site(), Options{Canary: 2 * time.Second, backlog: backlog})
	var past []float64
	var live []string
	look := func(s facility.Sample) {
		switch {
		case s.Past():
			past = append(past, s.Value)
			if at := away.Add(time.Duration(s.Value-10) * time.Second); s.At.Sub(at).Abs() > time.Second {
				t.Errorf("%v went into the history at %v, want %v", s.Value, s.At, at)
			}
		case isGood(s):
			live = append(live, written(s))
		}
	}
	eventually(t, "the kept ones", func() bool { return c.Devices()[0].Stale == 20 })
	if len(p.drain()) == 0 {
		t.Error("nothing is said of old values")
	}
	time.Sleep(backlog + 100*time.Millisecond) // what comes from now on is no longer taken for kept
	s, seq := b.speaker(nil), 22
	eventually(t, "the history behind a value of now", func() bool { // again, should the connection have been opened anew meanwhile
		b.say(s, "hall/r1/x", false, stamped(90, seq, time.Now()))
		seq++
		for _, x := range p.drain() {
			look(x)
		}
		return len(past) > 0
	})
	if len(past) != 20 || past[0] != 10 || past[19] != 29 || slices.ContainsFunc(live, func(s string) bool { return s != "90 good" }) {
		t.Errorf("live %v, history %v", live, past)
	}
	forgetsUsTwice(t, b, c, p, seq)
	stop()
	awaitNothingLeft(t)
}

// forgetsUsTwice has the broker go away under us and forget us: connected again is subscribed again, and proven by our
// own messages.
func forgetsUsTwice(t *testing.T, b *mosquitto, c *Collectors, p *tap, seq int) {
	t.Helper()
	for round := range 2 {
		b.stop()
		p.await(t, "the loss", isLost)
		if err := os.RemoveAll(filepath.Join(filepath.Dir(b.config), "mosquitto.db")); err != nil {
			t.Fatal(err)
		}
		b.start()
		eventually(t, "the proof", func() bool { s := c.Status()[0]; return s.Connected && s.Error == "" })
		b.say(b.speaker(nil), "hall/r1/x", false, stamped(50+float64(round), seq+round, time.Now()))
		p.await(t, "a value after the restart", is(fmt.Sprintf("%d good", 50+round)))
	}
}

// Ten thousand kept values, each with its age: the fresh are good, the old are stale, none is taken for what is so now;
// and then ten thousand live ones.
func TestMosquittoWithTenThousandTopics(t *testing.T) {
	const many = 10_000
	b := newMosquitto(t)
	var defs []facility.PointDef
	for n := range many {
		defs = append(defs, topicPoint(fmt.Sprintf("x%d", n)))
	}
	s := b.speaker(nil)
	now := time.Now()
	publish := func(n, seq int, retain bool, at time.Time) mqtt.Token {
		return s.Publish(fmt.Sprintf("hall/r1/x%d", n), 1, retain, stamped(float64(n%100), seq, at))
	}
	var last mqtt.Token
	for n := range many {
		at := now
		if n%2 == 1 {
			at = now.Add(-time.Hour)
		}
		last = publish(n, 1, true, at)
	}
	if !last.WaitTimeout(patience) {
		t.Fatal("mosquitto takes no messages")
	}
	c, p := start(t, unhurriedSite(b.address, defs...), Options{})
	subscribed(t, c)
	kept := map[facility.Ref]bool{}
	p.await(t, "every kept value", func(s facility.Sample) bool {
		if s.Quality != facility.Bad {
			kept[s.Point] = true
			if odd := s.Point%2 == 1; odd && s.Quality != facility.Stale {
				t.Fatalf("a value of an hour ago came as %s", written(s))
			}
		}
		return len(kept) == many
	})
	if d := c.Devices()[0]; d.Stale != many/2 {
		t.Errorf("%d stale", d.Stale)
	}
	live := map[facility.Ref]bool{}
	for n := range many {
		publish(n, 2, false, time.Now())
		if n%1000 != 999 {
			continue
		}
		p.await(t, "every live value", func(s facility.Sample) bool {
			if isGood(s) && s.Value == float64(s.Point%100) && s.At.After(now) && !s.Past() {
				live[s.Point] = true
			}
			return len(live) == n+1
		})
	}
	if s := c.Status()[0]; s.Overruns != 0 || s.Unbound != 0 {
		t.Errorf("status %+v", s)
	}
}

// A broker of another author's asks for our certificate and gets it, and is asked for its own.
func TestMosquittoOverTLS(t *testing.T) {
	a, other := newAuthority(t, "ours"), newAuthority(t, "another")
	cert, key := a.broker("", time.Hour)
	b := newMosquitto(t, "cafile "+a.file, "certfile "+cert, "keyfile "+key, "require_certificate true", "use_identity_as_username true")
	own, ownKey := a.client("bongsu")
	strange, strangeKey := other.client("somebody")
	for what, c := range map[string]struct {
		tls  *facility.TLS
		good bool
	}{
		"ours":                  {&facility.TLS{CAFile: a.file, CertFile: own, KeyFile: ownKey}, true},
		"none":                  {&facility.TLS{CAFile: a.file}, false},
		"a strange one":         {&facility.TLS{CAFile: a.file, CertFile: strange, KeyFile: strangeKey}, false},
		"the broker is strange": {&facility.TLS{CAFile: other.file, CertFile: own, KeyFile: ownKey}, false},
		"not encrypted":         {nil, false},
	} {
		t.Run(what, func(t *testing.T) {
			site := mqttSite(b.address, topicPoint("x"))
			site.Links[0].TLS, site.Links[0].MaxBackoff = c.tls, 50*time.Millisecond
			collectors, p := start(t, site, Options{Canary: 2 * time.Second})
			if !c.good {
				p.await(t, "the loss", isLost)
				if s := collectors.Status()[0]; s.Connected || s.Error == "" {
					t.Errorf("status %+v", s)
				}
				return
			}
			subscribed(t, collectors)
			config, err := tlsConfig(site.Links[0])
			if err != nil {
				t.Fatal(err)
			}
			b.say(b.speaker(config), "hall/r1/x", false, stamped(7, 1, time.Now()))
			p.await(t, "a value", is("7 good"))
		})
	}
}
