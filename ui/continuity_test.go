package ui

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/bcp"
)

// situation is a picture with one of everything.
func situation(seq uint64) *bcp.Picture {
	at := time.Now()
	return &bcp.Picture{
		At:      at,
		Control: bcp.Control{Node: "n1", Leader: "n2", Epoch: 7, Quorum: true, Seq: seq},
		Org:     bcp.Org{State: bcp.OrgAlert},
		Incidents: []bcp.IncidentView{
			{Incident: &bcp.Incident{ID: "i2", State: bcp.IncidentHandling, Site: "house", Grade: 1}, Can: []string{"close"}},
			{Incident: &bcp.Incident{ID: "i1", State: bcp.IncidentArchived, Site: "house", Grade: 2}},
		},
		Groups: []bcp.GroupView{
			{ID: "talk", Tier: 1, Run: &bcp.Run{Group: "talk", State: bcp.RunFencing, Source: "house", Target: "ansan"}}, {ID: "ads"},
		},
		Plays:     []*bcp.Play{{ID: "p1", State: "RUNNING", Playbook: bcp.Playbook{ID: "battery-room-fire"}}},
		Services:  []bcp.ServiceView{{Service: bcp.Service{ID: "messaging"}, State: bcp.ServiceUp}},
		Playbooks: []bcp.Playbook{{ID: "battery-room-fire"}},
		Sites:     []bcp.SiteView{{ID: "house", Alive: bcp.Yes}},
	}
}

func TestTheSituationCanBeRead(t *testing.T) {
	h, _ := newOrgHouse(t)
	h.model.SetContinuity(situation(3))
	b := h.as("admin")
	for path, want := range map[string]string{
		"bcp":          `"control":{"node":"n1","leader":"n2","leads":false,"epoch":7,"quorum":true,"seq":3`,
		"incidents":    `{"items":[{"id":"i2","state":"HANDLING"`,
		"incidents/i1": `{"id":"i1","state":"ARCHIVED"`,
		"playbooks":    `{"items":[{"id":"battery-room-fire"`,
		"runs":         `{"items":[{"id":"p1","state":"RUNNING"`,
		"runs/p1":      `{"id":"p1","state":"RUNNING"`,
		"services":     `{"items":[{"id":"messaging"`,
		"failover":     `"names":[],"brake":{"on":false`,
	} {
		if text := string(b.get(path).want(200).body); !strings.Contains(text, want) {
			t.Errorf("%s answers %s, want in it %s", path, text, want)
		}
	}
	var f struct {
		Items []struct{ ID, State string }
		Sites []struct{ ID, Alive string }
	}
	b.get("failover").want(200).into(&f)
	if len(f.Items) != 2 || f.Items[0].State != bcp.RunFencing || f.Items[1].State != "" || len(f.Sites) != 1 || f.Sites[0].Alive != "yes" {
		t.Errorf("failover answers %+v", f)
	}
	b.get("incidents/i9").problem(404, "i9")
	b.get("runs/p9").problem(404, "p9")
	h.model.SetContinuity(&bcp.Picture{})
	for _, path := range []string{"incidents", "playbooks", "runs", "services", "failover"} {
		if text := string(b.get(path).want(200).body); !strings.HasPrefix(text, `{"items":[]`) {
			t.Errorf("with nothing to tell %s answers %s", path, text)
		}
	}
}

func TestASiteWithoutContinuitySaysSo(t *testing.T) {
	h := newHouse(t)
	b := h.as("chair")
	n := 0
	for _, r := range routes {
		path := inBraces.ReplaceAllString(r.path, "x")
		switch {
		case r.need == rightAsk, r.path == callbackPath:
			b.post(path, "{}").problem(404, "no continuity configured")
		case strings.HasPrefix(path, "/api/v1/bcp"), strings.HasPrefix(path, "/api/v1/incidents"), strings.HasPrefix(path, "/api/v1/runs"),
			strings.HasPrefix(path, "/api/v1/playbooks"), strings.HasPrefix(path, "/api/v1/failover"), strings.HasPrefix(path, "/api/v1/services"):
			b.get(path).problem(404, "no continuity configured")
		default:
			continue
		}
		n++
	}
	if n < 48 {
		t.Errorf("only %d calls of the organisation were found", n)
	}
	b.get("journal?scope=shared").problem(404, "no continuity configured")
	b.get("live?view=continuity").problem(404, "no continuity configured")
	for _, with := range []bool{false, true} {
		if with {
			h, _ = newOrgHouse(t)
		}
		var site siteView
		h.browser().get("site").want(200).into(&site)
		if site.Continuity != with {
			t.Errorf("the site tells continuity %v", site.Continuity)
		}
	}
}

func TestBeforeTheJournalWasReadNothingIsKnown(t *testing.T) {
	h, org := newOrgHouse(t)
	b := h.as("chair")
	for _, path := range []string{"bcp", "incidents", "incidents/i1", "playbooks", "runs", "runs/p1", "failover", "services", "journal?scope=shared"} {
		b.get(path).problem(503, "has not read the shared journal yet")
	}
	b.post("incidents/i1/ack", nil).want(200)
	if len(org.seen()) != 1 {
		t.Error("a person's word did not reach the organisation")
	}
	if text := string(b.get("/metrics").want(200).body); strings.Contains(text, "bongsu_quorum") || strings.Contains(text, "bongsu_organisation") {
		t.Error("/metrics has figures of an organisation nobody has seen")
	}
}

func TestTheSharedJournalIsPaged(t *testing.T) {
	h, org := newOrgHouse(t)
	at := time.Date(2026, 3, 2, 5, 0, 0, 123456789, time.UTC)
	for i := range uint64(5) {
		org.entries = append(org.entries, SharedEntry{Entry: Entry{Seq: i + 1, Time: at, Kind: "bcp.move", Data: []byte(`{}`)}, Site: "house", Node: "n1"})
	}
	org.entries[4].Epoch, org.entries[4].Origin = 7, &Origin{Field: "f1", Seq: 40, Time: at}
	h.model.SetContinuity(situation(5))
	b := h.as("member")
	text := string(b.get("journal?scope=shared&after=4").want(200).body)
	want := `{"items":[{"seq":5,"kind":"bcp.move","actor":"","subject":"","data":{},"hash":"","time":"2026-03-02T05:00:00.123Z",` +
		`"site":"house","node":"n1","epoch":7,"origin":{"field":"f1","seq":40,"time":"2026-03-02T05:00:00.123Z"}}]}`
	if got := strings.TrimSpace(text); got != want {
		t.Errorf("the entry is\n%s, want\n%s", got, want)
	}
	type page struct {
		Items []struct {
			Seq  uint64
			Site *string
		}
		Next string
	}
	for query, want := range map[string]string{"limit=2": "4 5 ", "limit=100": "1 2 3 4 5 ", "after=1&limit=2": "2 3 next 3", "after=5": ""} {
		var p page
		b.get("journal?scope=shared&" + query).want(200).into(&p)
		got := ""
		for _, e := range p.Items {
			got += fmt.Sprint(e.Seq, " ")
		}
		if p.Next != "" {
			got += "next " + p.Next
		}
		if got != want {
			t.Errorf("?%s answers %q, want %q", query, got, want)
		}
	}
	h.writes(1, "note", nil)
	for _, query := range []string{"", "?scope=field"} {
		var p page
		b.get("journal" + query).want(200).into(&p)
		if len(p.Items) != 1 || p.Items[0].Site != nil {
			t.Errorf("the field's journal%s answers %+v", query, p.Items)
		}
	}
	b.get("journal?scope=world").problem(422, "scope")
	org.err = errors.New("no quorum")
	b.get("journal?scope=shared").problem(503, "majority")
}

func TestTheFiguresOfTheOrganisation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, _ := newOrgHouse(t)
		h.model.SetContinuity(situation(3))
		b := h.browser()
		time.Sleep(2 * time.Second)
		text := string(b.get("/metrics").want(200).body)
		for _, line := range []string{
			`bongsu_organisation_state{state="ALERT"} 1`, `bongsu_incidents_open{grade="1"} 1`, `bongsu_incidents_open{grade="2"} 0`,
			`bongsu_failover_run_state{group="talk",state="FENCING"} 1`, `bongsu_failover_run_state{group="ads",state="none"} 1`,
			`bongsu_quorum 1`, `bongsu_leads 0`, `bongsu_leader_epoch 7`, `bongsu_continuity_turn_age_seconds 2`,
		} {
			if !strings.Contains(text, line+"\n") {
				t.Errorf("/metrics lacks %s", line)
			}
		}
		time.Sleep(pictureFreshFor)
		text = string(b.get("/metrics").want(200).body)
		if strings.Contains(text, "bongsu_quorum") || !strings.Contains(text, "bongsu_continuity_turn_age_seconds 17") {
			t.Error("a loop that stands still goes on saying that there is a quorum")
		}
	})
}
