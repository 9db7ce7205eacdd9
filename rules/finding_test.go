package rules

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"bongsu/facility"
)

// The field loses samples and says so: an alarm stands with words for the operator. Saying it again writes nothing;
// that it is over ends the condition, and somebody still has to see that it was.
func TestWhatANodeFindsWrongWithItselfIsAnAlarm(t *testing.T) {
	story(t, func(t *testing.T, h *house) {
		say := func(subject string, standing bool, detail string) facility.ActResult {
			return h.engine.Do(t.Context(), Found("f1", subject, standing, detail, 3210))
		}
		alarm := func(subject string) (facility.Alarm, bool) {
			p, err := h.engine.Picture(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range p.Alarms {
				if a.ID == "system:"+subject {
					return a, true
				}
			}
			return facility.Alarm{}, false
		}
		if res := say(FoundEvicted, true, ""); res.Code != http.StatusOK || res.Seq == 0 {
			t.Fatalf("answered %+v", res)
		}
		a, ok := alarm(FoundEvicted)
		if !ok || a.Priority != 2 || a.Class != "system" || a.Value != 3210 || a.Text.KO == "" || a.Consequence.EN == "" || a.Action.KO == "" {
			t.Fatalf("the alarm is %+v", a)
		}
		if res := say(FoundEvicted, true, ""); res.Seq != 0 {
			t.Errorf("said again it was written again: entry %d", res.Seq)
		}
		time.Sleep(time.Second)
		say(FoundEvicted, false, "")
		if a, ok = alarm(FoundEvicted); !ok || a.State != facility.AlarmReturned {
			t.Errorf("after it was over the alarm is %+v", a)
		}
		say(FoundInflux, true, "connection refused")
		if a, ok = alarm(FoundInflux); !ok || !strings.HasSuffix(a.Text.KO, "(connection refused)") {
			t.Errorf("the database's alarm says %+v", a.Text)
		}
		if res := say("the-moon", true, ""); res.Code != http.StatusNotFound {
			t.Errorf("an unknown finding is answered %+v", res)
		}
	})
}
