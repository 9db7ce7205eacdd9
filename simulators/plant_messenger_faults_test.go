package simulators

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"bongsu/simulators/messenger"
)

// Every kind of fault of the messenger and of people can be ordered over the control API, and is taken back there.
func TestMessengerFaultsOverTheControlAPI(t *testing.T) {
	p := startDemo(t, nil)
	cases := []struct {
		body string
		ok   bool
	}{
		{`{"kind":"replication-lag","target":"dc2","params":{"mode":"tier2","amount":30}}`, true},
		{`{"kind":"replication-lag","target":"dc2","params":{"mode":"tier9","amount":30}}`, false},
		{`{"kind":"one-way-partition","target":"dc1","params":{"mode":"dc3"}}`, true},
		{`{"kind":"one-way-partition","target":"dc1","params":{"mode":"dc1"}}`, false},
		{`{"kind":"shard-down","target":"dc2","params":{"amount":7}}`, true},
		{`{"kind":"shard-down","target":"dc2","params":{"amount":8}}`, false},
		{`{"kind":"shard-down","target":"dc2","params":{"amount":2.5}}`, false},
		{`{"kind":"fanout-fault","target":"dc2","params":{"mode":"shuffle","channel":"shard/3"}}`, true},
		{`{"kind":"fanout-fault","target":"dc2","params":{"mode":"sing"}}`, false},
		{`{"kind":"stale-reads","target":"dc2"}`, true},
		{`{"kind":"stale-reads","target":"dc2","params":{"channel":"shard/3"}}`, false},
		{`{"kind":"auth-down","target":"dc2","params":{"mode":"hang"}}`, true},
		{`{"kind":"early-acks","target":"dc2"}`, true},
		{`{"kind":"early-acks","target":"dc9"}`, false},
		{`{"kind":"traffic-surge","target":"all","params":{"mode":"earthquake","amount":5,"seconds":60}}`, true},
		{`{"kind":"traffic-surge","target":"dc1","params":{"mode":"goal"}}`, false},
		{`{"kind":"traffic-surge","target":"all","params":{"mode":"party"}}`, false},
		{`{"kind":"client-backoff","target":"all","params":{"mode":"relogin"}}`, true},
		{`{"kind":"client-dns","target":"all","params":{"amount":0.2,"seconds":10}}`, true},
		{`{"kind":"client-dns","target":"all","params":{"amount":1.2,"seconds":10}}`, false},
		{`{"kind":"channel-slow","target":"sms","params":{"amount":20}}`, true},
		{`{"kind":"channel-lossy","target":"webhook/board","params":{"amount":0.3}}`, true},
		{`{"kind":"channel-lossy","target":"pigeon","params":{"amount":0.3}}`, false},
		{`{"kind":"person-conduct","target":"chair","params":{"mode":"asleep","amount":3,"seconds":120}}`, true},
		{`{"kind":"person-conduct","target":"legal","params":{"mode":"abroad","amount":90}}`, true},
		{`{"kind":"person-conduct","target":"chair","params":{"mode":"cheerful"}}`, false},
		{`{"kind":"person-conduct","target":"stranger","params":{"mode":"asleep"}}`, false},
	}
	var ids []string
	for _, c := range cases {
		status, _, body := call(t, p, "POST", "/sim/v1/faults", c.body)
		var got struct{ ID string }
		if err := json.Unmarshal(body, &got); err != nil || (status == http.StatusOK) != c.ok || (got.ID != "") != c.ok {
			t.Errorf("%s: %d %s", c.body, status, body)
		}
		if got.ID != "" {
			ids = append(ids, got.ID)
		}
	}
	if s, ok := p.Inbox(); !ok || len(s.Conduct) != 2 {
		t.Errorf("the inbox does not show how people behave: %+v", s.Conduct)
	}
	for _, id := range ids {
		if status, _, body := call(t, p, "DELETE", "/sim/v1/faults/"+id, ""); status != http.StatusOK {
			t.Errorf("clear %s: %d %s", id, status, body)
		}
	}
	if s, _ := p.Inbox(); len(s.Conduct) != 0 {
		t.Errorf("left behind: %+v", s.Conduct)
	}
}

// What GET /sim/v1/messenger has always answered stays, and the new figures stand beside it.
func TestTheMessengersAnswerKeepsItsWords(t *testing.T) {
	p := startDemo(t, nil)
	eventually(t, "all tiers are written", func() bool {
		s, _ := p.Messenger()
		return s.Acked > 5 && len(s.Tiers) == 3 && s.Tiers[1].Acked > 0 && s.Tiers[2].Acked > 0
	})
	status, _, text := call(t, p, "GET", "/sim/v1/messenger", "")
	var got map[string]any
	if err := json.Unmarshal(text, &got); err != nil || status != http.StatusOK {
		t.Fatalf("%d, %v", status, err)
	}
	for _, key := range strings.Fields("acked delivered lost duplicated late reordered undelivered unverified repeated reads stale_reads shed") {
		if _, ok := got[key].(float64); !ok {
			t.Errorf("%s is %v", key, got[key])
		}
	}
	sites, ok := got["sites"].([]any)
	if !ok || len(sites) != 3 {
		t.Fatalf("sites are %v", got["sites"])
	}
	site, ok := sites[0].(map[string]any)
	if !ok || site["id"] != "dc1" || site["serving"] != true || site["primary"] != true || site["power"] != true {
		t.Errorf("the first site is %v", site)
	}
}

// A scenario file takes the new kinds as any other.
func TestScenariosTakeTheMessengersFaults(t *testing.T) {
	text := `name: silent
title: {ko: 조용한 고장, en: Silent failures}
text: {ko: 시험, en: test}
expect: {ko: 시험, en: test}
events:
  - {at: 0s, inject: {as: surge, kind: traffic-surge, target: all, mode: goal, amount: 10, seconds: 60}}
  - {at: 1s, inject: {kind: person-conduct, target: chair, mode: asleep, amount: 2, seconds: 90}}
  - {at: 5s, inject: {as: fan, kind: fanout-fault, target: dc1, mode: stop, channel: shard/3}}
  - {at: 9s, clear: fan}
  - {at: 60s, clear: surge}
`
	s, faults := ParseScenario("silent.yaml", []byte(text), loadDemo(t))
	if len(faults) > 0 || len(s.Events) != 5 {
		t.Errorf("%v", faults)
	}
	if _, faults := ParseScenario("silent.yaml", []byte(strings.Replace(text, "dc1", "dc7", 1)), loadDemo(t)); faults.Err() == nil {
		t.Error("a fault at a site that does not exist passed")
	}
	for _, kind := range []string{"fanout-fault", "person-conduct", "traffic-surge"} {
		if !slices.Contains(messenger.FaultKinds(), Fault{Kind: FaultKind(kind)}.Kind) {
			t.Errorf("%s is no kind", kind)
		}
	}
}
