package rules

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"bongsu/facility"
)

// proof puts an act on a proof test to the desk.
func (w *ward) proof(kind, subject, test string, more ...string) facility.ActResult {
	args := map[string]string{"subject": subject, "test": test}
	for i := 0; i < len(more); i += 2 {
		args[more[i]] = more[i+1]
	}
	_, res := w.desk.request(facility.Act{Kind: kind, Subject: "B1", By: []string{"kim"}, At: w.now, Args: args, Reason: "injector 4"})
	return res
}

func TestAProofTestIsRecordedAndRemembered(t *testing.T) {
	w := newWard(t, nil)
	w.desk.care.proofs.begun = w.now.AddDate(-2, 0, 0)
	w.desk.care.proofs.plannedAt = time.Time{}
	w.run(1)
	w.stands(map[string]bool{"PROOF_TEST_DUE:R3.smoke": true, "PROOF_TEST_DUE:B1.bank": true})
	if res := w.proof(actProofBegin, "R3", "smoke"); res.Code != http.StatusOK {
		t.Fatal(res)
	}
	w.run(2)
	if res := w.proof(actProofTest, "R3", "smoke", "result", "passed"); res.Code != http.StatusConflict || !strings.Contains(res.Detail, "SM") {
		t.Errorf("passed without smoke: %+v", res)
	}
	w.values["demo/b1/r3/io/smoke-alarm"] = 1
	w.run(2)
	w.values["demo/b1/r3/io/smoke-alarm"] = 0
	w.run(1)
	if v := w.room(); len(v.Testing) != 1 || v.Testing[0].Signals[0].Seen == nil {
		t.Fatalf("under way: %+v", v.Testing)
	}
	if res := w.proof(actProofTest, "R3", "smoke", "result", "passed"); res.Code != http.StatusOK {
		t.Fatal(res)
	}
	w.run(1)
	w.stands(map[string]bool{"PROOF_TEST_DUE:R3.smoke": false, "PROOF_TEST_DUE:R4.smoke": true})
	v := w.room()
	if len(v.Tests) == 0 || slices.ContainsFunc(v.Tests, func(x facility.FireProofTest) bool { return x.Subject == "R3" && x.Test == "smoke" }) {
		t.Errorf("%d tests are shown overdue", len(v.Tests))
	}
	if len(v.Tested) != 1 || !v.Tested[0].Passed || v.Tested[0].By != "kim" || !slices.Equal(v.Tested[0].Seen, []string{"SM"}) || v.Tested[0].Note != "injector 4" {
		t.Errorf("the results are %+v", v.Tested)
	}
	if s := lastState(t, w); s.Care == nil || s.Care.Tested["R3.smoke"].IsZero() || len(s.Care.Results) != 1 {
		t.Errorf("the journal keeps %+v", s.Care)
	}
}

// A failure stands until the same test has passed, also over a restart; a test that people judge by eye needs no begin.
func TestAFailedProofTestStandsUntilItPasses(t *testing.T) {
	w := newWard(t, nil)
	if res := w.proof(actProofTest, "B1", "solenoid", "result", "failed"); res.Code != http.StatusOK {
		t.Fatal(res)
	}
	w.run(1)
	w.stands(map[string]bool{"PROOF_TEST_FAILED:B1.solenoid": true})
	if v := w.room(); len(v.Tests) == 0 || !v.Tests[0].Failed || v.Tests[0].Test != "solenoid" {
		t.Errorf("the room shows %+v", v.Tests)
	}
	state := lastState(t, w)
	w.desk, _ = newFireDesk(w.site, w.now)
	if err := w.desk.restore(state, nil, w.now); err != nil {
		t.Fatal(err)
	}
	w.run(2)
	w.stands(map[string]bool{"PROOF_TEST_FAILED:B1.solenoid": true})
	w.proof(actProofTest, "B1", "solenoid", "result", "passed")
	w.run(1)
	w.stands(map[string]bool{"PROOF_TEST_FAILED:B1.solenoid": false})
}

func TestWhatAProofTestRefuses(t *testing.T) {
	w := newWard(t, nil)
	for _, c := range []struct {
		what string
		res  facility.ActResult
		code int
	}{
		{"a test that is not there", w.proof(actProofBegin, "R3", "tea"), http.StatusUnprocessableEntity},
		{"a rack that is not there", w.proof(actProofTest, "R99", "smoke", "result", "passed"), http.StatusUnprocessableEntity},
		{"a result that is none", w.proof(actProofTest, "R3", "smoke", "result", "perhaps"), http.StatusUnprocessableEntity},
		{"passed without a begin", w.proof(actProofTest, "R3", "smoke", "result", "passed"), http.StatusConflict},
		{"end to end without a rack", w.proof(actProofBegin, "B1", "end-to-end"), http.StatusUnprocessableEntity},
		{"end to end on a rack", w.proof(actProofBegin, "B1", "end-to-end", "rack", "R2"), http.StatusOK},
	} {
		if c.res.Code != c.code {
			t.Errorf("%s: %d %s", c.what, c.res.Code, c.res.Detail)
		}
	}
}

// What stood there before the test proves nothing: an isolator that is open already has not been seen to trip.
func TestASignalThatStoodBeforeTheTestProvesNothing(t *testing.T) {
	w := newWard(t, nil)
	isolate := w.site.Commands["demo/b1/r3/io/isolate"]
	at := w.site.Points[isolate.Feedback].ID
	closed := w.values[at]
	w.values[at] = isolate.Def.Equals
	w.run(1)
	w.proof(actProofBegin, "R3", "isolation")
	w.run(2)
	if s := w.room().Testing[0].Signals[0]; s.Seen != nil || s.Value == nil {
		t.Errorf("seen although it stood: %+v", s)
	}
	w.values[at] = closed
	w.run(1)
	w.values[at] = isolate.Def.Equals
	w.run(1)
	if s := w.room().Testing[0].Signals[0]; s.Seen == nil {
		t.Errorf("not seen although it tripped: %+v", s)
	}
}

// Somebody has to look every half an hour; a sign of fire begins the watch anew.
func TestRoundsOfTheFireWatch(t *testing.T) {
	w := newWard(t, nil)
	round := func(seen string) facility.ActResult {
		_, res := w.desk.request(facility.Act{Kind: actWatchRound, Subject: "B1", By: []string{"kim"}, Args: map[string]string{"seen": seen}, Reason: "from the door"})
		return res
	}
	if res := round("clear"); res.Code != http.StatusConflict {
		t.Errorf("without a watch: %+v", res)
	}
	w.heat(62)
	w.run(5)
	w.heat(25)
	if res := round("nothing"); res.Code != http.StatusUnprocessableEntity {
		t.Errorf("a word that is none: %+v", res)
	}
	w.now = w.now.Add(31 * time.Minute)
	w.run(1)
	w.stands(map[string]bool{"FIRE_WATCH_ROUND:B1": true})
	state := lastState(t, w)
	w.desk, _ = newFireDesk(w.site, w.now)
	if err := w.desk.restore(state, nil, w.now); err != nil {
		t.Fatal(err)
	}
	w.run(1)
	w.stands(map[string]bool{"FIRE_WATCH_ROUND:B1": true})
	if res := round("sign"); res.Code != http.StatusOK {
		t.Fatal(res)
	}
	w.run(1)
	w.stands(map[string]bool{"FIRE_WATCH_ROUND:B1": false})
	v := w.room()
	if len(v.Rounds) != 1 || !v.Rounds[0].Sign || v.Rounds[0].By != "kim" || v.Rounds[0].Note != "from the door" || v.NextRound == nil || v.NextRound.Sub(w.now) > 30*time.Minute {
		t.Errorf("the rounds are %+v, next %v", v.Rounds, v.NextRound)
	}
	if s := lastState(t, w); s.Care.Rounds["B1"] == nil || len(s.Care.Rounds["B1"].Rounds) != 1 {
		t.Errorf("the journal keeps %+v", s.Care.Rounds)
	}
}
