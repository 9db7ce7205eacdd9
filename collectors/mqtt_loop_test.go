package collectors

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/facility"
)

// mqttLoop is one link and a real broker in virtual time, joined by pipes.
type mqttLoop struct {
	t      *testing.T
	broker *testBroker
	link   *mqttLink
	tap    *tap
}

// runMQTT runs the link of a site in the bubble that it is called in, until the test ends there.
func runMQTT(t *testing.T, site *facility.Site, then func(*mqttLoop)) {
	synctest.Test(t, func(t *testing.T) {
		line := newPipes()
		bus := facility.NewBus()
		m := &mqttLoop{t: t, broker: serveBroker(t, line), tap: newTap(bus)}
		var devices []*facility.Device
		for i := range site.Devices {
			devices = append(devices, &site.Devices[i])
		}
		d, err := openMQTT(wire{
			site: site, link: site.Links[0], devices: devices, bus: bus, log: slogDiscard(), opts: Options{}.withDefaults(), dial: line.dial,
		})
		if err != nil {
			t.Fatal(err)
		}
		m.link = d.(*mqttLink)
		ctx, cancel := context.WithCancel(context.Background())
		var running sync.WaitGroup
		running.Go(func() { m.link.run(ctx, time.Now()) })
		defer func() { // also when the story breaks off: nothing may stay in the bubble
			cancel()
			running.Wait()
			m.broker.stop()
		}()
		synctest.Wait()
		then(m)
	})
}

func (m *mqttLoop) sleep(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// say publishes a message and returns the samples that came of it.
func (m *mqttLoop) say(topic, payload string) []facility.Sample {
	m.t.Helper()
	synctest.Wait()
	m.tap.drain()
	m.broker.publish(topic, payload, false)
	synctest.Wait()
	return m.tap.drain()
}

func clockPoint() facility.PointDef {
	return facility.PointDef{Name: "skew", Path: facility.SkewPath, Range: []float64{-60, 60}, Scan: time.Second, Stale: 5 * time.Second}
}

// A device whose clock is ten seconds ahead: its values are doubted until it is plain that the clock is
// off, and good from then on; the skew is shown the whole time.
func TestSkewedClockIsShownAndItsValuesAreGood(t *testing.T) {
	runMQTT(t, mqttSite("x:1", topicPoint("x"), clockPoint()), func(m *mqttLoop) {
		payload := func(n int, skew time.Duration) string {
			return fmt.Sprintf(`{"v":%d,"t":%q,"seq":%d}`, n%100, time.Now().Add(skew).UTC().Format(time.RFC3339Nano), n)
		}
		n := 0
		for ; n < 30; n++ {
			if s := m.say("hall/r1/x", payload(n, 10*time.Second)); len(s) != 1 || s[0].Quality != facility.Uncertain || s[0].Reason != facility.ClockSkew {
				t.Fatalf("second %d: %v", n, s)
			}
			m.sleep(time.Second)
		}
		for ; n < 40; n++ {
			if s := m.say("hall/r1/x", payload(n, 10*time.Second)); len(s) != 1 || !isGood(s[0]) || !s[0].At.Equal(s[0].Seen) {
				t.Fatalf("second %d: %v", n, s)
			}
			m.sleep(time.Second)
		}
		if s := m.tap.newest[1]; s.Value != 10 || !isGood(s) {
			t.Errorf("the point of the clock shows %v", s)
		}
		if s := m.link.deviceStatus()[0]; s.SkewMS != 10_000 || s.Bad != 0 || s.Messages != 40 {
			t.Errorf("device status %+v", s)
		}
		if s := m.link.status(); s.Skewed != 1 {
			t.Errorf("link status %+v", s)
		}
		// An old reading of such a device is told from a fresh one all the same.
		if s := m.say("hall/r1/x", payload(n, 4*time.Second)); len(s) != 1 || s[0].Reason != facility.TooOld {
			t.Errorf("a reading of 6 s ago: %v", s)
		}
		if s := m.say("hall/r1/x", payload(n+1, 0)); len(s) != 1 || !isGood(s[0]) {
			t.Errorf("after the clock was put right: %v", s)
		}
		if s := m.link.deviceStatus()[0]; s.SkewMS != 0 {
			t.Errorf("device status %+v", s)
		}
	})
}

// The broker keeps the connection and answers pings, but passes nothing on any more.
func TestConnectedButSilentIsFoundByOurOwnMessages(t *testing.T) {
	def := topicPoint("x")
	def.Scan, def.Stale = time.Minute, time.Hour // the values alone would show it an hour later
	runMQTT(t, mqttSite("x:1", def), func(m *mqttLoop) {
		if s := m.link.status(); !s.Connected || s.Error != "" {
			t.Fatalf("proven by our own message, but %+v", s)
		}
		m.broker.door.deaf.Store(true)
		m.sleep(canariesMissed*10*time.Second - time.Second)
		if s := m.link.status(); s.Failures != 0 {
			t.Errorf("given up too early: %+v", s)
		}
		m.sleep(2 * time.Second)
		if s := m.link.status(); s.Failures == 0 {
			t.Errorf("not given up: %+v", s)
		}
		if s := m.tap.drain(); len(s) == 0 || !isLost(s[0]) {
			t.Errorf("the points are not lost: %v", s)
		}
		m.broker.door.deaf.Store(false)
		m.sleep(maxReconnect)
		if s := m.link.status(); !s.Connected || s.Error != "" {
			t.Errorf("not back: %+v", s)
		}
		if s := m.say("hall/r1/x", `{"v":5}`); len(s) != 1 || s[0].Value != 5 {
			t.Errorf("nothing is heard again: %v", s)
		}
	})
}

// An account that may not publish on our topics: only the values' own ages show the silence, each time
// with more patience.
func TestSilenceWithoutTheRightToTestMessages(t *testing.T) {
	f := flow{silence: 5 * time.Second, patient: 5 * time.Second, every: 10 * time.Second}
	now := epoch
	for _, want := range []time.Duration{5, 10, 20, 40} {
		f.opened(now)
		if f.proven() {
			t.Error("proven by nothing")
		}
		until, err := f.check(now)
		if err != nil || until.Sub(now) != want*time.Second {
			t.Fatalf("silence is borne for %v, %v; want %ds", until.Sub(now), err, want)
		}
		if _, err := f.check(until); err == nil {
			t.Error("silence is borne for ever")
		}
		now = until
	}
	f.opened(now)
	f.live(now.Add(-time.Millisecond))
	if f.proven() {
		t.Error("proven by a message of the connection before")
	}
	f.live(now)
	if until, err := f.check(now); err != nil || until.Sub(now) != 5*time.Second || !f.proven() {
		t.Errorf("after a message: %v, %v", until.Sub(now), err)
	}
}

func TestTestMessagesThatWereNeverHeardAreNotMissed(t *testing.T) {
	f := flow{every: time.Second}
	f.opened(epoch)
	if until, err := f.check(epoch.Add(time.Hour)); err != nil || !until.IsZero() {
		t.Errorf("%v, %v", until, err)
	}
	f.echo(epoch)
	if until, err := f.check(epoch); err != nil || !until.Equal(epoch.Add(canariesMissed*time.Second)) {
		t.Errorf("%v, %v", until, err)
	}
	if _, err := f.check(epoch.Add(canariesMissed * time.Second)); err == nil {
		t.Error("not missed")
	}
	f.opened(epoch.Add(time.Minute))
	if _, err := f.check(epoch.Add(time.Hour)); err != nil {
		t.Error("missed again although the account may have lost the right to them")
	}
}
