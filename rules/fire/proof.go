package fire

import (
	"slices"
	"strings"
	"time"
)

// ProofTest is one test that must be repeated, and what it is done to. A function that has not been
// tested for longer than its interval may have failed unnoticed.
type ProofTest struct {
	ID       string
	Interval time.Duration
	PerRack  bool // else per room
	KO, EN   string
	// Expect names what must be seen for the test to pass: channels, detectors, gauges and outputs as the site file
	// names them. Empty: people judge by eye.
	Expect []string
	// OnRack says that the test of a room is done on one of its racks.
	OnRack bool
}

const day = 24 * time.Hour

// proofTests are the tests and their intervals. The intervals are engineering judgement for functions
// that are demanded less than once a year.
var proofTests = [...]ProofTest{
	{"thermal", 365 * day, true, "열 및 BMS 신호 주입", "thermal and BMS injection into each channel", []string{"RT", "BM", "TC"}, false},
	{"smoke", 182 * day, true, "연기 감지기 시험", "smoke into each detector", []string{"SM"}, false},
	{"solenoid", 365 * day, false, "솔레노이드 시험 (안전핀 체결)", "solenoids, with the safety pin in", nil, false},
	{"bank", 182 * day, false, "소화가스 무게와 압력", "weight and pressure of the gas bank", []string{"BANK_BAR", "BANK_LOW"}, false},
	{"isolation", 365 * day, true, "전원 격리 차단 시험", "isolation trip", []string{"ISOLATE"}, false},
	{"end-to-end", 91 * day, false, "한 랙에서 감지부터 작동까지", "from sensor to actuator on one rack of the room",
		[]string{"RT", "BM", "ISOLATE", "CURTAIN", "EVAC_ALARM"}, true},
}

// The alarms of proof tests; their subject is "ROOM.test" or "RACK.test". Due stands while a test is overdue, Failed
// from a test that failed until the same one has passed.
const (
	AlarmProofTestDue    = "PROOF_TEST_DUE"
	AlarmProofTestFailed = "PROOF_TEST_FAILED"
)

// ProofTests lists the tests in order.
func ProofTests() []ProofTest { return slices.Clone(proofTests[:]) }

// ProofDue is one test of one subject: when it was done last (zero: never on record) and when it is due.
type ProofDue struct {
	Test    ProofTest
	Subject string // rack or room
	Last    time.Time
	Due     time.Time
	Overdue bool
}

// ProofTestNamed finds a test by its id.
func ProofTestNamed(id string) (ProofTest, bool) {
	i := slices.IndexFunc(proofTests[:], func(t ProofTest) bool { return t.ID == id })
	if i < 0 {
		return ProofTest{}, false
	}
	return proofTests[i], true
}

// ProofKey is how a done test is recorded: "R1.thermal".
func ProofKey(subject, test string) string { return subject + "." + test }

// ProofPlan lists every test of every rack and room with when it is due, by date: wall time is what test
// intervals are about, and nothing is decided by it. begun is when the record began; what has never been
// done since is due one interval after it.
func ProofPlan(e *Engine, done map[string]time.Time, begun, now time.Time) []ProofDue {
	var plan []ProofDue
	add := func(t ProofTest, subject string) {
		p := ProofDue{Test: t, Subject: subject, Last: done[ProofKey(subject, t.ID)]}
		from := p.Last
		if from.IsZero() {
			from = begun
		}
		p.Due = from.Add(t.Interval)
		p.Overdue = now.After(p.Due)
		plan = append(plan, p)
	}
	for _, t := range proofTests {
		if t.PerRack {
			for _, r := range e.real.racks {
				add(t, r.subject)
			}
			continue
		}
		for _, m := range e.real.rooms {
			if m.kind == BatteryRoom || (m.kind == GasRoom && t.ID != "end-to-end") {
				add(t, m.subject)
			}
		}
	}
	return plan
}

// ProofKnown says whether a key names a test of this engine's racks or rooms.
func ProofKnown(e *Engine, key string) bool {
	at := strings.LastIndexByte(key, '.')
	return at > 0 && slices.ContainsFunc(ProofPlan(e, nil, time.Time{}, time.Time{}), func(p ProofDue) bool {
		return p.Subject == key[:at] && p.Test.ID == key[at+1:]
	})
}
