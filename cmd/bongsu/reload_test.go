package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"bongsu/facility"
)

// hzRule is an alarm rule of the tests: mains are above 50 Hz here, so that it raises one alarm a meter.
func hzRule(limit string) string {
	return `  - {id: hz-test, points: "demo/*/meter/hz", kind: high, limit: ` + limit + `, priority: 3, class: power, text: {ko: 시험, en: Test}, consequence: {ko: 시험, en: Test}, action: {ko: 시험, en: Test}, respond: 1h}
`
}

// edit rewrites the site file as somebody with an editor would.
func (h *house) edit(old, new string) {
	h.t.Helper()
	changed(h.t, h.site, func(text string) string {
		if !strings.Contains(text, old) {
			h.t.Fatalf("the site file has no %q", old)
		}
		return strings.Replace(text, old, new, 1)
	})
}

// reload asks as the administrator and gives the report, also of a refusal.
func (h *house) reload(dry bool) (int, facility.Reload) {
	h.t.Helper()
	var code int
	var body string
	h.eventually(3*time.Minute, "the field is reached", func() bool { // one that begins anew may not be reached at once
		code, body = h.post("site/reload", map[string]bool{"dry_run": dry})
		return code < 500
	})
	var refused struct{ Report facility.Reload }
	var report facility.Reload
	if err := json.Unmarshal([]byte(body), &report); err != nil {
		h.t.Fatalf("%d %s", code, body)
	}
	if code == http.StatusConflict {
		if err := json.Unmarshal([]byte(body), &refused); err != nil {
			h.t.Fatalf("%d %s", code, body)
		}
		report = refused.Report
	}
	return code, report
}

// revisions are the desk's and the field's, as the desk was told last.
func (h *house) revisions() (desk, field string) {
	h.t.Helper()
	var site struct {
		Revision string
		Field    string `json:"field_revision"`
	}
	h.eventually(time.Minute, "the desk says by which site it works", func() bool { return h.get("site", &site) && site.Field != "" })
	return site.Revision, site.Field
}

// follows waits until the field and the desk work by a revision.
func (h *house) follows(revision string) {
	h.t.Helper()
	h.eventually(time.Minute, "field and desk work by "+revision, func() bool {
		desk, field := h.revisions()
		return desk == revision && field == revision
	})
}

func (h *house) alarm(id string) (a facility.Alarm) {
	h.t.Helper()
	var list struct{ Items []facility.Alarm }
	h.eventually(time.Minute, "the alarms are listed", func() bool { return h.get("alarms", &list) })
	for _, a := range list.Items {
		if a.ID == id {
			return a
		}
	}
	return facility.Alarm{}
}

// worstGap is the longest time between two samples of a point since a time, by the history.
func (h *house) worstGap(point string, since time.Time) (worst time.Duration) {
	h.t.Helper()
	h.eventually(time.Minute, "the history has the newest samples", func() (ok bool) { worst, ok = h.gap(point, since); return ok })
	return worst
}

// gap is worstGap as the history has it now; false while the newest samples are not in it.
func (h *house) gap(point string, since time.Time) (worst time.Duration, ok bool) {
	now := time.Now().UTC()
	var answer struct{ Buckets []struct{ T time.Time } }
	q := url.Values{"from": {since.UTC().Format(time.RFC3339Nano)}, "to": {now.Format(time.RFC3339Nano)}, "max": {"10000"}}
	if !h.get("points/"+point+"/history?"+q.Encode(), &answer) || len(answer.Buckets) < 2 || now.Sub(answer.Buckets[len(answer.Buckets)-1].T) > 3*time.Second {
		return 0, false
	}
	for i, b := range answer.Buckets[1:] {
		worst = max(worst, b.T.Sub(answer.Buckets[i].T))
	}
	return worst, true
}

// tells waits until the journal tells of the reload to a revision in these states and no others.
func (h *house) tells(revision, states string) {
	h.t.Helper()
	told := ""
	defer func() {
		if h.t.Failed() {
			h.t.Logf("the reload is told as %q", told)
		}
	}()
	h.eventually(30*time.Second, "the journal tells the reload as "+states, func() bool {
		told = strings.Join(h.reloads()[revision], " ")
		return told == states
	})
}

// reloads are the states of the reloads in the journal, by the revision they led to.
func (h *house) reloads() map[string][]string {
	out := map[string][]string{}
	for _, e := range h.journal() {
		var r facility.Reload
		if e.Kind == kindReload && json.Unmarshal(e.Data, &r) == nil {
			out[r.To] = append(out[r.To], r.State)
		}
	}
	return out
}

// The site of a running node is changed again and again: rules by call and by signal, a faulty file, links, a name
// of a point; then the field is killed in the middle of it. Nothing is lost that need not be, and what a person
// acknowledged stays so.
func TestSystemReloads(t *testing.T) {
	t.Parallel()
	h := newHouse(t, houseOptions{})
	const a, b = "hz-test@demo/feed-a/meter/hz", "hz-test@demo/feed-b/meter/hz"
	if code, body := h.post("site/reload", map[string]bool{}); code != http.StatusForbidden {
		t.Errorf("an operator reloads: %d %s", code, body)
	}
	h.login("admin")
	first, _ := h.revisions()

	// A rule comes: its alarms stand, and a person sees to one of them.
	h.edit("\nalarms:\n", "\nalarms:\n"+hzRule("50"))
	if code, plan := h.reload(true); code != 200 || plan.State != facility.ReloadPlanned || plan.Reach != "rules" || len(plan.Changes) != 1 || plan.From != first {
		t.Errorf("the plan is %d %+v", code, plan)
	}
	if _, field := h.revisions(); field != first {
		t.Error("a dry run was none")
	}
	code, done := h.reload(false)
	if code != 200 || done.State != facility.ReloadDone || done.By != "admin" {
		t.Fatalf("the reload is %d %+v", code, done)
	}
	h.follows(done.To)
	h.eventually(time.Minute, "both meters raise the new alarm", func() bool {
		return h.alarm(a).State == facility.AlarmUnacked && h.alarm(b).State == facility.AlarmUnacked
	})
	h.login("operator")
	if code, body := h.post("alarms/"+a+"/ack", map[string]string{}); code/100 != 2 {
		t.Fatalf("acknowledge: %d %s", code, body)
	}

	// Its limit moves, and somebody sends the signal twice, and to the desk as well.
	h.edit(hzRule("50"), hzRule("55"))
	for range 2 {
		if err := h.node.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Kill(h.pid("desk"), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	h.eventually(time.Minute, "the acknowledged alarm shows the new limit", func() bool { return h.alarm(a).Limit == 55 })
	if got := h.alarm(a); got.State != facility.AlarmAcked || got.Occurrence != 1 {
		t.Errorf("the acknowledged alarm is %+v", got)
	}
	if got := h.alarm(b); got.State != facility.AlarmUnacked || got.Occurrence != 1 {
		t.Errorf("the other one is %+v", got)
	}
	var now string
	h.eventually(time.Minute, "the desk hears of it", func() bool { _, now = h.revisions(); return now != done.To })
	h.tells(now, "begun done") // three signals
	h.refusesFaults()
	h.movesLinks()
	h.renamesAPoint()
	if got := h.alarm(a); got.State != facility.AlarmAcked || got.Occurrence != 1 {
		t.Errorf("after the hand-over the acknowledged alarm is %+v", got)
	}

	// The rule goes: its alarms end, and the journal says on whose word.
	h.login("admin")
	h.edit(hzRule("55"), "")
	if code, report := h.reload(false); code != 200 || report.Reach != "rules" {
		t.Errorf("the reload is %d %+v", code, report)
	}
	h.eventually(time.Minute, "the alarms of the removed rule end with the reason", func() bool {
		got := h.alarm(b)
		return got.State == facility.AlarmNormal && strings.Contains(got.Reason, "loaded by admin")
	})
	h.diesInTheMiddle()
	verifyJournal(t, h)
}

// refusesFaults asks for a torn file: nothing changes, and whoever asked is led to the place.
func (h *house) refusesFaults() {
	h.t.Helper()
	_, before := h.revisions()
	h.login("admin")
	h.edit("kind: high, limit: 55, priority: 3", "kind: hihg, limit: 55, priority: 9")
	code, report := h.reload(false)
	named := ""
	for _, f := range report.Faults {
		named += f.String() + "\n"
	}
	if code != http.StatusConflict || report.State != facility.ReloadRefused || !strings.Contains(named, h.site+":") || !strings.Contains(named, "hihg") || !strings.Contains(named, "priority") {
		h.t.Errorf("a faulty file: %d %+v", code, report)
	}
	h.kill9("field") // and a process that comes up meanwhile does not stumble over it either
	h.eventually(time.Minute, "the node is ready again", func() bool { return h.status("/readyz") == http.StatusOK })
	h.edit("kind: hihg, limit: 55, priority: 9", "kind: high, limit: 55, priority: 3")
	h.follows(before)
}

// movesLinks opens a link anew, adds one and takes it away again.
func (h *house) movesLinks() {
	h.t.Helper()
	const links = "\nlinks:\n"
	// A link that is opened anew counts anew. One that is not may be late, on a busy machine, but goes on.
	last := uint64(0)
	listed := func() bool {
		now := h.requests()
		if now["bms"] < last {
			h.t.Fatalf("a link that no reload touched was opened anew: %d requests, %d before", now["bms"], last)
		}
		last = now["bms"]
		_, is := now["spare"]
		return is
	}
	h.eventually(time.Minute, "the room's link has counted for a while", func() bool { return !listed() && last > 40 })
	began := time.Now()
	h.edit(links, links+"  - {id: spare, protocol: modbus, address: \"127.0.0.1:1\"}\n")
	changed(h.t, h.site, func(text string) string {
		return strings.Replace(text, "timeout: 500ms, max_backoff: 10s", "timeout: 450ms, max_backoff: 10s", 1)
	})
	code, report := h.reload(false)
	if code != 200 || report.Reach != "links" || strings.Join(report.Links, " ") != "power spare" {
		h.t.Errorf("the reload is %d %+v", code, report)
	}
	h.follows(report.To)
	h.eventually(time.Minute, "the new link is listed", listed)
	h.edit("  - {id: spare, protocol: modbus, address: \"127.0.0.1:1\"}\n", "")
	if code, report := h.reload(false); code != 200 || strings.Join(report.Links, " ") != "spare" {
		h.t.Errorf("the reload is %d %+v", code, report)
	}
	h.eventually(time.Minute, "the link is gone", func() bool { return !listed() })
	if gap := h.worstGap("demo/b1/r3/bms/t-max", began); gap > 10*time.Second {
		h.t.Errorf("a link that no reload touched stood still for %v", gap)
	}
	h.t.Logf("longest gap on the link that was opened anew: %v", h.worstGap("demo/feed-a/meter/kw", began))
}

// requests counts what was asked on each link since it was opened.
func (h *house) requests() map[string]uint64 {
	h.t.Helper()
	var nodes struct {
		Items []struct {
			Links []struct {
				ID       string
				Requests uint64
			}
		}
	}
	h.eventually(time.Minute, "the links are listed", func() bool { return h.get("nodes", &nodes) && len(nodes.Items) > 0 && len(nodes.Items[0].Links) > 0 })
	out := map[string]uint64{}
	for _, l := range nodes.Items[0].Links {
		out[l.ID] = l.Requests
	}
	return out
}

// renamesAPoint makes the table of points another one: a new process takes over, and the gap is told.
func (h *house) renamesAPoint() {
	h.t.Helper()
	began := time.Now()
	profile := filepath.Join(filepath.Dir(h.site), "..", "profiles", "sim-meter.yaml")
	changed(h.t, profile, func(text string) string { return strings.Replace(text, "name: pf,", "name: power-factor,", 1) })
	code, report := h.reload(false)
	if code != http.StatusAccepted || report.State != facility.ReloadHanded || report.Reach != "table" {
		h.t.Fatalf("the reload is %d %+v", code, report)
	}
	h.follows(report.To)
	h.eventually(time.Minute, "the point has its new name", func() bool {
		var p struct{ Quality string }
		return h.get("points/demo/feed-a/meter/power-factor", &p) && p.Quality == "good"
	})
	if code := h.status("/api/v1/points/demo/feed-a/meter/pf"); code != http.StatusNotFound {
		h.t.Errorf("the former name still answers %d", code)
	}
	gap := h.worstGap("demo/feed-a/meter/hz", began.Add(-2*time.Second))
	h.t.Logf("longest gap in a hand-over: %v", gap)
	if gap > 20*time.Second { // two processes start in it, on a machine that may be busy
		h.t.Errorf("the points stood still for %v", gap)
	}
	h.tells(report.To, "begun done")
}

// diesInTheMiddle kills the field while it reloads: it comes up on one of the two revisions, whole, the desk with
// it, and the journal says which.
func (h *house) diesInTheMiddle() {
	h.t.Helper()
	limits := [2]string{"50", "55"}
	h.edit("\nalarms:\n", "\nalarms:\n"+hzRule(limits[0]))
	_, report := h.reload(false)
	for i := range 3 {
		from, next := report.To, limits[(i+1)%2]
		h.edit(hzRule(limits[i%2]), hzRule(next))
		_, plan := h.reload(true)
		asked := make(chan struct{})
		go func() {
			defer close(asked)
			_, _ = h.client.Post(h.base+"/api/v1/site/reload", "application/json", strings.NewReader("{}"))
		}()
		time.Sleep(time.Duration(rand.IntN(40)) * time.Millisecond)
		h.kill9("field")
		<-asked
		h.eventually(time.Minute, "the node is ready again", func() bool { return h.status("/readyz") == http.StatusOK })
		var is string
		h.eventually(time.Minute, "field and desk work by one of the two", func() bool {
			desk, field := h.revisions()
			is = field
			return desk == field && (field == from || field == plan.To)
		})
		if is == plan.To {
			h.eventually(time.Minute, "the limit is that of the revision", func() bool {
				return fmt.Sprint(h.alarm("hz-test@demo/feed-a/meter/hz").Limit) == next
			})
		}
		h.eventually(30*time.Second, "the journal leaves no reload open", func() bool {
			states := h.reloads()[plan.To]
			return len(states) == 0 || states[len(states)-1] != facility.ReloadBegun
		})
		if code, again := h.reload(false); code != 200 || again.To != plan.To {
			h.t.Errorf("the next reload is %d %+v", code, again)
		}
		report.To = plan.To
	}
}

// refusesInFire asks a burning house for what the fire response may not let go of, and for what it does not mind.
func refusesInFire(h *house) {
	h.t.Helper()
	const other = "timeout: 500ms, max_backoff: 5s"
	h.login("admin")
	h.edit(other, "timeout: 400ms, max_backoff: 5s")
	code, report := h.reload(false)
	if code != http.StatusConflict || len(report.Refused) == 0 || !strings.Contains(report.Refused[0], "link bms changed") || !strings.Contains(report.Refused[0], "room B1 is not at S0") {
		h.t.Errorf("the link that brings the temperatures: %d %+v", code, report)
	}
	h.edit("timeout: 400ms, max_backoff: 5s", other)
	h.edit("\nalarms:\n", "\nalarms:\n"+hzRule("50"))
	if code, report := h.reload(false); code != 200 || report.State != facility.ReloadDone {
		h.t.Errorf("an alarm rule of the mains: %d %+v", code, report)
	}
	h.login("operator")
}
