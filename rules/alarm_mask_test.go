package rules

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"bongsu/facility"
)

// maskedAssets are those of maskSite: name, kind, parent.
var maskedAssets = [][3]string{
	{"feed", "feed", "m"}, {"gen", "generator", "m"}, {"ats", "ats", "m"}, {"z", "ups-zone", "m"}, {"ups", "ups", "m/z"},
	{"b", "battery-room", "m/z"}, {"s1", "battery-rack", "m/b"}, {"h", "it-hall", "m"}, {"pdu", "pdu", "m/h"}, {"r1", "it-rack", "m/h"},
	{"r2", "it-rack", "m/h"}, {"cw", "cooling-loop", "m"}, {"ch", "chiller", "m/cw"}, {"tank", "tank", "m/cw"}, {"p", "pump", "m/cw"},
	{"air", "crah", "m/h"}, {"fan", "crah", "m/b"}, {"sump", "sump", "m"},
}

// maskedRules stand for one alarm of every asset each.
const maskedRules = `
  - {id: off, points: m/*/io/off, kind: state, limit: 1, priority: 3, class: it, text: {ko: 가, en: a}}
  - {id: two, points: m/*/io/two, kind: state, limit: 1, priority: 2, class: power, text: {ko: 가, en: a}}
  - {id: one, points: m/*/io/one, kind: state, limit: 1, priority: 1, class: power, text: {ko: 가, en: a}}
  - {id: smoke, points: m/*/io/smoke, kind: state, limit: 1, priority: 3, class: fire, text: {ko: 가, en: a}}
  - {id: guard, points: m/*/io/guard, kind: state, limit: 1, priority: 3, class: safety, text: {ko: 가, en: a}}
  - {id: warm, points: m/*/io/warm, kind: state, limit: 1, priority: 3, class: cooling, text: {ko: 가, en: a}}
  - {id: hot, points: m/*/io/hot, kind: state, limit: 1, priority: 2, class: cooling, text: {ko: 가, en: a}}
  - {id: latched, points: m/*/io/latched, kind: state, limit: 1, priority: 3, latch: true, class: it, text: {ko: 가, en: a}}
  - {id: leak, points: m/*/io/leak, kind: state, limit: 1, priority: 3, class: cooling, follows: none, text: {ko: 가, en: a}}
  - {id: slow, points: m/*/io/slow, kind: state, limit: 1, priority: 3, class: it, on_delay: 30s, off_delay: 20s, text: {ko: 가, en: a}}
  - {id: idle, points: m/*/io/idle, kind: state, limit: 1, priority: 3, class: it, text: {ko: 가, en: a},
     suppress_when: {expr: "off == 1", inputs: {off: m/*/io/standby}, why: {ko: 가, en: a}}}
`

var maskedCuts = []string{"feed power P3", "gen power P3", "ats power P2", "ups power P3", "pdu power P3", "ch cooling P3", "tank cooling P2", "p cooling P3", "air cooling P3"}

// maskSite is fed by one feed and a generator through a transfer; its chiller, pump and air handler hang on the intake, its
// hall on a UPS and one panel; the chilled water has a tank.
func maskSite() string {
	var s strings.Builder
	s.WriteString("id: m\ncomms: {after: 10s, priority: 3}\nassets:\n  - {id: m, kind: site, name: {ko: 현장, en: Site}}\n")
	for _, a := range maskedAssets {
		fmt.Fprintf(&s, "  - {id: m/%s, kind: %s, parent: %s, name: {ko: 가, en: a}}\n", a[0], a[1], a[2])
	}
	s.WriteString("topology:\n  halls: [{halls: [m/h], a: m/z}]\n  loads: [{kind: chiller, zones: [m]}, {kind: pump, zones: [m]}, {kind: crah, zones: [m]}]\n" +
		"  cooling: [{kind: crah, loops: [m/cw]}]\nlinks:\n")
	for i := range maskedAssets {
		fmt.Fprintf(&s, "  - {id: l%d, protocol: modbus, address: \"127.0.0.1:%d\"}\n", i, 600+i)
	}
	s.WriteString("devices:\n")
	for i, a := range maskedAssets {
		fmt.Fprintf(&s, "  - id: m/%s/io\n    asset: m/%s\n    link: l%d\n    unit: 1\n    points:\n", a[0], a[0], i)
		for k, p := range []string{"cut", "off", "two", "one", "smoke", "guard", "warm", "hot", "latched", "leak", "slow", "idle", "standby"} {
			fmt.Fprintf(&s, "      - {name: %s, kind: binary, unit: \"-\", scan: 1s, fn: 2, address: %d, type: bool}\n", p, k)
		}
	}
	s.WriteString("  - {id: m/ch/plain, asset: m/ch, link: l0, unit: 2, points: [{name: v, unit: V, range: [0, 900], scan: 1s, fn: 3, address: 0, type: uint16}]}\n")
	s.WriteString("alarms:" + maskedRules)
	for _, text := range maskedCuts {
		w := strings.Fields(text)
		class := w[1]
		fmt.Fprintf(&s, "  - {id: %s-cut, points: m/%s/io/cut, kind: state, limit: 1, priority: %s, class: %s, cuts: %s, text: {ko: 가, en: a}}\n", w[0], w[0], w[2][1:], class, w[1])
	}
	return s.String()
}

func newMaskRoom(t testing.TB) *room {
	r := newRoomOf(t, maskSite())
	for i := range r.site.Points {
		r.values[facility.Ref(i)] = facility.Sample{Quality: facility.Good}
	}
	r.pass(time.Second)
	return r
}

// maskID is the id of an alarm said as "RULE ASSET", or "cut ASSET".
func maskID(rule, asset string) string {
	if rule == "cut" {
		return fmt.Sprintf("%s-cut@m/%s/io/cut", asset, asset)
	}
	return fmt.Sprintf("%s@m/%s/io/%s", rule, asset, rule)
}

// playMask plays one line: "+cut ats" and "-cut ats" move a point, "wait 20" lets seconds go by, "ack off r1" and the other
// acts are those of a person, "bad cut ats" makes a value unusable.
func playMask(r *room, line string) (code int) {
	w := strings.Fields(line)
	point := func(rule, asset string) string { return fmt.Sprintf("m/%s/io/%s", asset, rule) }
	switch {
	case w[0] == "wait":
		d, err := time.ParseDuration(w[1] + "s")
		if err != nil {
			r.t.Fatal(err)
		}
		r.pass(d)
	case w[0] == "restart":
		r.restart()
	case w[0] == "bad":
		r.bad(point(w[1], w[2]), facility.Bad, facility.OutOfRange)
	case w[0] == "shelve":
		return r.act("alarm.shelve", maskID(w[1], w[2]), "seconds", "600").Code
	case w[0] == "out-of-service":
		return r.act("alarm.out-of-service", maskID(w[1], w[2]), "work_order", "WO-7").Code
	case w[0] == "in-service":
		return r.act("alarm.in-service", maskID(w[1], w[2]), "function_test", "done").Code
	case w[0] == "ack" || w[0] == "unshelve":
		return r.act("alarm."+w[0], maskID(w[1], w[2])).Code
	case w[0][0] == '+':
		r.set(point(w[0][1:], w[1]), 1)
	case w[0][0] == '-':
		r.set(point(w[0][1:], w[1]), 0)
	default:
		r.t.Fatalf("nobody knows how to play %q", line)
	}
	return 0
}

// What lacks its supply because of alarms that stand is born behind the first of them; everything in doubt calls.
func TestWhatACutPathMasks(t *testing.T) {
	for _, tt := range []struct {
		name, play string
		alarm      string // "RULE ASSET"
		behind     string // the asset of the cause, empty for an alarm that calls
	}{
		{"a machine on the intake whose transfer failed", "+cut ats; wait 1; +off ch", "off ch", "ats"},
		{"as urgent as its cause", "+cut ats; wait 1; +two ch", "two ch", "ats"},
		{"more urgent than its cause", "+cut ups; wait 1; +two pdu", "two pdu", ""},
		{"the generator is a way", "+cut feed; wait 1; +off ch", "off ch", ""},
		{"the last of two ways is cut", "+cut feed; wait 1; +cut gen; wait 1; +off ch", "off ch", "feed"},
		{"began when only the first way was cut", "+cut feed; wait 1; +off ch; wait 40; +cut gen", "off ch", ""},
		{"began long before its cause, and its delay ends after it", "+slow ch; wait 25; +cut ats; wait 10", "slow ch", ""},
		{"seen a scan before its cause, and its delay ends after it", "+slow ch; wait 10; +cut ats; wait 30", "slow ch", "ats"},
		{"arrived a scan before its cause: it called already", "+off ch; wait 2; +cut ats", "off ch", ""},
		{"batteries still carry the zone", "+cut ats; wait 1; +off pdu", "off pdu", ""},
		{"the UPS itself on battery", "+cut ats; wait 1; +off ups", "off ups", ""},
		{"what hangs on a dead UPS", "+cut ups; wait 1; +off r1", "off r1", "ups"},
		{"the dead UPS itself has troubles of its own", "+cut ups; wait 1; +off ups", "off ups", ""},
		{"the panel that is open has troubles of its own", "+cut pdu; wait 1; +off pdu", "off pdu", ""},
		{"a rack behind its open panel", "+cut pdu; wait 1; +off r1", "off r1", "pdu"},
		{"a rack with cords on no other panel, the next cause above", "+cut pdu; wait 1; +cut ups; wait 1; +off r1", "off r1", "ups"},
		{"a cause behind another cause", "+cut ups; wait 1; +cut pdu", "cut pdu", "ups"},
		{"priority 1", "+cut ats; wait 1; +one ch", "one ch", ""},
		{"fire", "+cut ats; wait 1; +smoke ch", "smoke ch", ""},
		{"safety", "+cut ats; wait 1; +guard ch", "guard ch", ""},
		{"a latch is a person's to lift", "+cut ats; wait 1; +latched ch", "latched ch", ""},
		{"a leak follows from nothing", "+cut ats; wait 1; +leak ch", "leak ch", ""},
		{"the feed is a source", "+cut ats; wait 1; +off feed", "off feed", ""},
		{"what stands beside the paths", "+cut ats; wait 1; +off sump", "off sump", ""},
		{"chilled water that lost its chiller: the tank still gives", "+cut ch; wait 1; +warm r1", "warm r1", ""},
		{"how warm a room gets without chilled water: it tells how long there is", "+cut tank; wait 1; +warm r1", "warm r1", ""},
		{"a battery room that no fire response watches: it may be the first sign of a fire", "+cut ats; wait 1; +warm b", "warm b", ""},
		{"the air handler of such a room", "+cut ats; wait 1; +off fan", "off fan", ""},
		{"an air handler as urgent as the cause", "+cut tank; wait 1; +hot air", "hot air", "tank"},
		{"no flow and another class", "+cut tank; wait 1; +off r1", "off r1", ""},
		{"an air handler without chilled water", "+cut tank; wait 1; +warm air", "warm air", "tank"},
		{"how warm a room gets when the pumps have no power", "+cut ats; wait 1; +warm r1", "warm r1", ""},
		{"a cause whose value cannot be used", "+cut ats; wait 1; bad cut ats; wait 1; +off ch", "off ch", ""},
		{"a cause on the shelf", "+cut ats; wait 1; shelve cut ats; +off ch", "off ch", ""},
		{"a cause out of service", "+cut ats; wait 1; out-of-service cut ats; +off ch", "off ch", ""},
		{"an acknowledged cause", "+cut ats; ack cut ats; wait 1; +off ch", "off ch", "ats"},
		{"a cause that is over", "+cut ats; wait 1; -cut ats; wait 1; +off ch", "off ch", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newMaskRoom(t)
			for line := range strings.SplitSeq(tt.play, ";") {
				playMask(r, line)
			}
			r.pass(2 * time.Second)
			rule, asset, _ := strings.Cut(tt.alarm, " ")
			id := maskID(rule, asset)
			got, _ := r.e.Get(id)
			want, parent := facility.AlarmUnacked, ""
			if tt.behind != "" {
				want, parent = facility.AlarmSuppressed, maskID("cut", tt.behind)
			}
			if got.State != want || got.Parent != parent || !got.Active {
				t.Errorf("%s is %q behind %q, want %q behind %q", id, got.State, got.Parent, want, parent)
			}
		})
	}
}

// One row for each way into and out of the mask, and for each override above and below it.
func TestLivesBehindACause(t *testing.T) {
	for _, tt := range []struct {
		name, play string
		alarm      string
		want       facility.AlarmState
		occ        uint64
		code       int
	}{
		{"masked, acknowledge", "+cut ats; wait 1; +off ch; ack off ch", "off ch", facility.AlarmSuppressed, 1, 409},
		{"masked, shelve", "+cut ats; wait 1; +off ch; shelve off ch", "off ch", facility.AlarmSuppressed, 1, 409},
		{"masked, over before its cause: nobody was called", "+cut ats; wait 1; +off ch; wait 5; -off ch; wait 1", "off ch", facility.AlarmNormal, 1, 0},
		{"masked again is a new occurrence", "+cut ats; wait 1; +off ch; wait 5; -off ch; wait 1; +off ch", "off ch", facility.AlarmSuppressed, 2, 0},
		{"the cause ends and its consequence a scan later", "+cut ats; wait 1; +off ch; wait 5; -cut ats; wait 9; -off ch; wait 60", "off ch", facility.AlarmNormal, 1, 0},
		{"the cause ends, the scans have their time", "+cut ats; wait 1; +off ch; wait 5; -cut ats; wait 14", "off ch", facility.AlarmSuppressed, 1, 0},
		{"the cause ends and its consequence stands", "+cut ats; wait 1; +off ch; wait 5; -cut ats; wait 17", "off ch", facility.AlarmUnacked, 1, 0},
		{"the cause ends while the consequence waits for its own end", "+cut ats; wait 1; +slow ch; wait 40; -cut ats; -slow ch; wait 17", "slow ch", facility.AlarmSuppressed, 1, 0},
		{"and ends", "+cut ats; wait 1; +slow ch; wait 40; -cut ats; -slow ch; wait 60", "slow ch", facility.AlarmNormal, 1, 0},
		{"or comes back", "+cut ats; wait 1; +slow ch; wait 40; -cut ats; -slow ch; wait 14; +slow ch; wait 5", "slow ch", facility.AlarmUnacked, 1, 0},
		{"the cause is shelved: at once", "+cut ats; wait 1; +off ch; shelve cut ats", "off ch", facility.AlarmUnacked, 1, 200},
		{"the cause goes out of service: at once", "+cut ats; wait 1; +off ch; out-of-service cut ats", "off ch", facility.AlarmUnacked, 1, 200},
		{"the cause comes off the shelf: what called stays", "+cut ats; wait 1; +off ch; shelve cut ats; unshelve cut ats; wait 30", "off ch", facility.AlarmUnacked, 1, 0},
		{"the cause is acknowledged", "+cut ats; wait 1; +off ch; ack cut ats; wait 60", "off ch", facility.AlarmSuppressed, 1, 0},
		{"the cause cannot be proven any more", "+cut ats; wait 1; +off ch; bad cut ats; wait 17", "off ch", facility.AlarmUnacked, 1, 0},
		{"one lost reading of the cause", "+cut ats; wait 1; +off ch; bad cut ats; wait 3; +cut ats; wait 60", "off ch", facility.AlarmSuppressed, 1, 0},
		{"one of two ways is back", "+cut feed; +cut gen; wait 1; +off ch; -cut gen; wait 17", "off ch", facility.AlarmUnacked, 1, 0},
		{"a cause above the cause ends", "+cut ups; wait 1; +cut pdu; wait 1; +off r1; -cut ups; wait 60", "off r1", facility.AlarmSuppressed, 1, 0},
		{"and the cause below it calls", "+cut ups; wait 1; +cut pdu; wait 1; +off r1; -cut ups; wait 60", "cut pdu", facility.AlarmUnacked, 1, 0},
		{"out of service beats the mask", "+cut ats; wait 1; +off ch; out-of-service off ch", "off ch", facility.AlarmOutOfService, 1, 200},
		{"and gives it back", "+cut ats; wait 1; +off ch; out-of-service off ch; in-service off ch", "off ch", facility.AlarmSuppressed, 1, 200},
		{"out of service, and the cause ends meanwhile", "+cut ats; wait 1; +off ch; out-of-service off ch; -cut ats; wait 30; in-service off ch", "off ch", facility.AlarmUnacked, 1, 200},
		{"the mask outlasts the design", "+cut ats; wait 1; +standby ch; +idle ch; wait 5; -standby ch; wait 5", "idle ch", facility.AlarmSuppressed, 1, 0},
		{"the design outlasts the mask", "+cut ats; wait 1; +standby ch; +idle ch; wait 5; -cut ats; wait 30", "idle ch", facility.AlarmSuppressed, 1, 0},
		{"neither is left", "+cut ats; wait 1; +standby ch; +idle ch; wait 5; -cut ats; wait 30; -standby ch; wait 1", "idle ch", facility.AlarmUnacked, 1, 0},
		{"an on-delay behind a cause shows nothing", "+cut ats; wait 1; +slow ch; wait 20", "slow ch", facility.AlarmNormal, 0, 0},
		{"an off-delay behind a cause stays hidden", "+cut ats; wait 1; +slow ch; wait 40; -slow ch; wait 10", "slow ch", facility.AlarmSuppressed, 1, 0},
		{"acknowledged before the cause", "+off ch; ack off ch; wait 1; +cut ats; wait 5", "off ch", facility.AlarmAcked, 1, 0},
		{"returned unacknowledged, and again behind the cause: it had called", "+off ch; wait 1; -off ch; wait 1; +cut ats; wait 1; +off ch", "off ch", facility.AlarmUnacked, 1, 0},
		{"a restart in between", "+cut ats; wait 1; +off ch; wait 5; restart; wait 60", "off ch", facility.AlarmSuppressed, 1, 0},
		{"the cause ends after a restart", "+cut ats; wait 1; +off ch; wait 5; restart; wait 5; -cut ats; wait 17", "off ch", facility.AlarmUnacked, 1, 0},
		{"the cause ended before the restart", "+cut ats; wait 1; +off ch; -cut ats; wait 5; restart; wait 14", "off ch", facility.AlarmSuppressed, 1, 0},
		{"and its rest begins anew", "+cut ats; wait 1; +off ch; -cut ats; wait 5; restart; wait 17", "off ch", facility.AlarmUnacked, 1, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newMaskRoom(t)
			code := 0
			for line := range strings.SplitSeq(tt.play, ";") {
				code = playMask(r, line)
			}
			rule, asset, _ := strings.Cut(tt.alarm, " ")
			id := maskID(rule, asset)
			got, _ := r.e.Get(id)
			if r.state(id) != tt.want || got.Occurrence != tt.occ || code != tt.code {
				t.Errorf("%s occurrence %d code %d, want %s %d %d", r.state(id), got.Occurrence, code, tt.want, tt.occ, tt.code)
			}
			if hidden := slices.ContainsFunc(r.e.Open(), func(a facility.Alarm) bool { return a.ID == id }); hidden != (tt.want != facility.AlarmNormal) {
				t.Errorf("among the open alarms: %v", hidden)
			}
		})
	}
}
