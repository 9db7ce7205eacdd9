package bcp

import (
	"encoding/json"
	"testing"
	"time"

	"bongsu/journal"
)

// Whatever stands in the journal, folding it never panics, folding it twice gives the same picture, and
// what was folded can go on.
func FuzzFold(f *testing.F) {
	for _, seed := range []string{
		`[{"machine":"incident","id":"i1","n":1,"event":"create","to":"DETECTED","detail":{"site":"pangyo"}},{"machine":"incident","id":"i1","n":2,"from":"DETECTED","event":"ack","to":"TRIAGE","by":"kim"}]`,
		`[{"machine":"failover","id":"talk","n":1,"event":"create","to":"ARMED"},{"machine":"failover","id":"talk","n":2,"from":"ARMED","event":"order","to":"PRECHECK"},{"machine":"failover","id":"talk","n":3,"from":"PRECHECK","event":"fail","to":"HOLD"}]`,
		`[{"machine":"step","id":"p1/x","n":1,"event":"create","to":"PENDING"},{"machine":"play","id":"p1","n":1,"event":"create","to":"RUNNING","detail":{"playbook":{"id":"x","steps":[{"id":"x"}]}}}]`,
		`[{"machine":"motion","id":"m1","n":1,"event":"create","to":"DRAFT","detail":{"seats":[{"person":"a","chair":1}]}},{"machine":"motion","id":"m1","n":2,"from":"DRAFT","event":"open","to":"OPEN"}]`,
		`[{"machine":"summon","id":"c1/a","n":1,"event":"create","to":"PENDING","effects":[{"kind":"send"}]},{"key":"summon/c1/a/1/0","state":"unknown"}]`,
		`[{"machine":"service","id":"nobody","n":1,"event":"create","to":"UNKNOWN"},{"machine":"grade","id":"i9","n":1,"event":"create","to":"G3"},{"machine":"brake","id":"b","n":1,"event":"create","to":"RELEASED"}]`,
		`[{"id":"a","kind":"org.start","by":[{"person":"infra","station":"a"}]},{"id":"a","code":202,"waiting":{"id":"a","kind":"org.start","by":[]}},{"id":"","kind":"motion.code"},{"id":"b","kind":"play.start","by":[{},{},{}]}]`,
	} {
		f.Add([]byte(seed))
	}
	roster := loadRoster(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		var raw []json.RawMessage
		if json.Unmarshal(text, &raw) != nil {
			return
		}
		one, two := newOrg(t), newOrg(t)
		for i, data := range raw {
			for _, kind := range []string{KindMove, KindOutcome, KindRequest, KindReply} {
				e := journal.Entry{Seq: uint64(i + 1), Kind: kind, Data: data}
				first, second := one.Fold(e), two.Fold(e)
				if (first == nil) != (second == nil) {
					t.Fatalf("%v, then %v", first, second)
				}
			}
		}
		if one.picture(t) != two.picture(t) {
			t.Fatal("two pictures of one journal")
		}
		if len(one.asked) != len(two.asked) || len(one.waiting) != len(two.waiting) || len(one.answers) != len(two.answers) {
			t.Fatal("two accounts of what people have asked")
		}
		for _, r := range one.Asked() {
			one.Ask(t0.Add(time.Hour), Facts{Epoch: 9, Roster: roster}, r)
			one.Ask(t0.Add(time.Hour), Facts{}, r)
		}
		one.Waiting(t0)
		// Deciding on whatever came of it must not panic either.
		one.Decide(t0.Add(time.Hour), Facts{Epoch: 9, Roster: roster})
		one.Decide(t0.Add(time.Hour), Facts{})
	})
}
