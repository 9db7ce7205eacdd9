package notify_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"bongsu/bcp"
	"bongsu/bcp/notify"
	"bongsu/facility"
)

const rosterText = `
timezone: Asia/Seoul
place: {bridge: "https://bridge.example/5", room: 판교 상황실, alternate: 안산 대체 사무실, remote: 재택 명령 3호}
people:
  - {id: kim, name: {ko: 김, en: Kim}, channels: [{id: talk, kind: messenger, domain: own, protected: true, address: kim}, {id: sms, kind: sms, domain: telco, address: "010-1"}, {id: call, kind: voice, domain: telco, address: "010-1"}, {id: mail, kind: email, domain: mail, address: kim@demo}]}
  - {id: lee, name: {ko: 이, en: Lee}, channels: [{id: sms, kind: sms, domain: telco, address: "010-2"}, {id: talk, kind: messenger, domain: own, protected: true, address: lee}, {id: old, kind: messenger, domain: own2, protected: true, address: lee}]}
  - {id: park, name: {ko: 박, en: Park}, channels: [{id: mail, kind: email, domain: mail, address: park@demo}]}
  - {id: choi, name: {ko: 최, en: Choi}, channels: [{id: voice, kind: voice, domain: telco-b, address: "010-4"}]}
teams:
  - {id: infra, name: {ko: 인프라, en: Infra}, kind: recovery, lead: kim, deputy: lee, services: [messaging]}
  - {id: legal, name: {ko: 법무, en: Legal}, kind: support, lead: park}
chair: [choi, kim]
ladder: [{people: [kim]}]
roles: {tower: [lee, park], operator: [kim], communicator: [park], operations: [choi]}
`

func readRoster(t testing.TB) *bcp.Roster {
	t.Helper()
	r, faults := bcp.LoadRoster("roster.yaml", []byte(rosterText))
	if r == nil {
		t.Fatal(faults)
	}
	return r
}

// ways lists who is reached by which channel, in the order of the plan.
func ways(messages []notify.Message) string {
	var out []string
	for _, m := range messages {
		way := m.Person + ":" + m.Channel
		if m.Person == "" {
			way = m.Kind
		}
		if m.Any && m.Turn > 0 {
			way = "(" + way + ")"
		}
		out = append(out, way)
	}
	return strings.Join(out, " ")
}

// Who is called by an effect, through what, and in which order.
func TestWhoIsCalled(t *testing.T) {
	r := readRoster(t)
	const kim, lee = "kim:sms kim:talk kim:mail", "lee:sms lee:talk"
	cases := []struct {
		name, kind, to, key string
		args                map[string]string
		want                string
	}{
		{"a page goes out by every domain, the messenger never first", bcp.EffectPage, "kim", "", nil, kim},
		{"two protected channels count as one", bcp.EffectPage, "lee", "", nil, lee},
		{"a team is its lead and deputy, everybody's first message first", bcp.EffectPage, "infra", "", nil, "kim:sms lee:sms kim:talk lee:talk kim:mail"},
		{"a team without a deputy", bcp.EffectPage, "legal", "", nil, "park:mail"},
		{"a role is its whole line", bcp.EffectAlarm, bcp.RoleTower, "", nil, "lee:sms park:mail lee:talk"},
		{"a service is the team that recovers it", bcp.EffectAlarm, "messaging", "", nil, "kim:sms lee:sms kim:talk lee:talk kim:mail"},
		{"a name nobody has rings in the tower", bcp.EffectAlarm, "group-7", "", nil, "lee:sms park:mail lee:talk"},
		{"an alarm about a person who is not reached rings in the tower too", bcp.EffectAlarm, "choi", "summon/c/choi/3/0", nil, "choi:voice lee:sms park:mail lee:talk"},
		{"everyone, by one channel outside the messenger, others in reserve", bcp.EffectTell, "", "", nil, "kim:sms lee:sms park:mail choi:voice (kim:mail)"},
		{"a word to one team", bcp.EffectTell, "legal", "", nil, "park:mail"},
		{"a summons goes by exactly its channel", bcp.EffectSend, "kim", "", map[string]string{"channel": "talk", "kind": "messenger", "address": "kim"}, "kim:talk"},
		{"the public reads boards and hooks", bcp.EffectStatus, "", "", nil, "board webhook"},
		{"what calls nobody", bcp.EffectPromote, "messaging", "", nil, ""},
	}
	for _, c := range cases {
		got := notify.Plan(bcp.Effect{Key: c.key, Kind: c.kind, To: c.to, Args: c.args}, r, fire)
		if ways(got) != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, ways(got), c.want)
		}
	}
	if m := notify.Plan(bcp.Effect{Kind: bcp.EffectSend, To: "kim", Args: map[string]string{"channel": "talk", "kind": "messenger", "address": "kim"}}, r, fire)[0]; m.Domain != "own" || !m.Protected {
		t.Errorf("the summons forgot what its channel is: %+v", m)
	}
	nightly := notify.Nightly(r, fire)
	if nightly[1].Ref != "test/2022-10-15/sms" {
		t.Errorf("the nightly test is called %s", nightly[1].Ref)
	}
	if got := ways(nightly); !strings.HasPrefix(got, "kim:talk lee:sms park:mail choi:voice") || strings.Count(got, ":") != 9 {
		t.Errorf("the nightly test tries %s", got)
	}
}

// However a roster is written, nobody is left out, no domain is asked twice for one person, and no two
// messages in a row go through the protected messenger.
func TestPagesOfAnyRoster(t *testing.T) {
	for n := range 3 * 3 * 3 * 3 * 8 {
		var p bcp.Person
		p.ID = "kim"
		for i, code := 0, n; i < 4; i, code = i+1, code/3 {
			p.Channels = append(p.Channels, bcp.Channel{ID: fmt.Sprint(i), Kind: "sms", Domain: fmt.Sprint(code % 3), Protected: n/81&(1<<i) != 0})
		}
		r := &bcp.Roster{People: []bcp.Person{p}}
		for _, kind := range []string{bcp.EffectPage, bcp.EffectTell} {
			got := notify.Plan(bcp.Effect{Kind: kind, To: "kim"}, r, fire)
			if len(got) == 0 {
				t.Fatalf("%s: nobody is called of %+v", kind, p.Channels)
			}
			outside := slices.ContainsFunc(p.Channels, func(c bcp.Channel) bool { return !c.Protected })
			if outside && got[0].Protected {
				t.Errorf("%s begins in the messenger: %+v", kind, p.Channels)
			}
			domains, protected := map[string]bool{}, 0
			for _, m := range got {
				if domains[m.Domain] {
					t.Errorf("%s asks domain %s twice: %+v", kind, m.Domain, p.Channels)
				}
				domains[m.Domain] = true
				if m.Protected {
					protected++
				}
			}
			if protected > 1 || outside && kind == bcp.EffectTell && protected > 0 {
				t.Errorf("%s goes through the messenger %d times: %+v", kind, protected, p.Channels)
			}
		}
	}
}

// What people read: the facts in both languages, the place of a summons, and nothing inside about the public.
func TestWhatPeopleRead(t *testing.T) {
	r := readRoster(t)
	place := map[string]string{"channel": "sms", "kind": "sms", "address": "010-1", "call": "c7", "for": "lee", "bridge": r.Place.Bridge,
		"room": r.Place.Room, "alternate": r.Place.Alternate, "remote": r.Place.Remote}
	cases := []struct {
		name   string
		effect bcp.Effect
		ask    string
		want   []string
		not    []string
	}{
		{"a summons says where", bcp.Effect{Kind: bcp.EffectSend, To: "kim", Args: place}, "ack join",
			[]string{"비상 소집", "c7", "https://bridge.example/5", "판교 상황실", "안산 대체 사무실", "재택 명령 3호", "대신하는 분: 이", "You stand in for: Lee", "10월 15일 15:19"}, []string{"010-1"}},
		{"a vote", bcp.Effect{Kind: bcp.EffectPage, To: "kim", Args: map[string]string{"motion": "m1"}}, "ack vote", []string{"투표", "m1", "yes, no or abstain"}, nil},
		{"a role", bcp.Effect{Kind: bcp.EffectPage, To: "kim", Args: map[string]string{"incident": "i1", "role": "tower"}}, "ack", []string{"i1", "컨트롤 타워", "control tower"}, nil},
		{"a step", bcp.Effect{Kind: bcp.EffectPage, To: "kim", Args: map[string]string{"play": "p1", "step": "s1"}}, "ack", []string{"p1", "s1"}, nil},
		{"a failover", bcp.Effect{Kind: bcp.EffectPage, To: "kim", Args: map[string]string{"group": "talk", "source": "dc1", "target": "dc2", "epoch": "7"}}, "ack", []string{"talk", "dc1", "dc2"}, nil},
		{"a service", bcp.Effect{Kind: bcp.EffectPage, To: "kim", Args: map[string]string{"service": "login", "affects": "chat"}}, "ack", []string{"login", "chat"}, nil},
		{"an alarm", bcp.Effect{Kind: bcp.EffectAlarm, To: "kim", Args: map[string]string{"text": "no working channel"}}, "ack", []string{"경보", "no working channel", "kim"}, nil},
		{"a broken glass", bcp.Effect{Kind: bcp.EffectTell, Args: map[string]string{"by": "kim", "rules": "quorum", "why": "fire"}}, "", []string{"kim", "quorum", "fire"}, nil},
		{"the room", bcp.Effect{Kind: bcp.EffectTell, Args: map[string]string{"room": "situation"}}, "", []string{"판교 상황실", "https://bridge.example/5"}, nil},
		{"the end", bcp.Effect{Kind: bcp.EffectTell, Args: map[string]string{"incident": "i1", "state": "closed"}}, "", []string{"장애 종료", "i1"}, nil},
		{"nothing more than that", bcp.Effect{Kind: bcp.EffectTell}, "", []string{"See the console"}, nil},
		{"a drill says so first", bcp.Effect{Kind: bcp.EffectTell, Args: map[string]string{"text": "x", "drill": "true"}}, "", []string{"[훈련] ", "[DRILL] "}, nil},
		{"a fact nobody thought of", bcp.Effect{Kind: bcp.EffectPage, To: "kim", Args: map[string]string{"deadline": "16:52"}}, "ack", []string{"deadline: 16:52"}, nil},
		{"the public page", bcp.Effect{Kind: bcp.EffectStatus, Args: map[string]string{"incident": "i1 at Pangyo", "state": "draft"}}, "", []string{"다음 안내: 15:49", "Next update: 15:49"}, []string{"Pangyo", "봉수"}},
		{"the public page at the end", bcp.Effect{Kind: bcp.EffectStatus, Args: map[string]string{"incident": "i1", "state": "final"}}, "", []string{"정상화", "restored"}, []string{"i1"}},
	}
	for _, c := range cases {
		m := notify.Plan(c.effect, r, fire)[0]
		all := m.Subject.KO + "\n" + m.Text.KO + "\n" + m.Subject.EN + "\n" + m.Text.EN
		for _, w := range c.want {
			if !strings.Contains(all, w) {
				t.Errorf("%s: %q is missing in\n%s", c.name, w, all)
			}
		}
		for _, w := range c.not {
			if strings.Contains(all, w) {
				t.Errorf("%s: %q is in\n%s", c.name, w, all)
			}
		}
		if got := strings.Join(m.Ask, " "); got != c.ask {
			t.Errorf("%s asks %q, want %q", c.name, got, c.ask)
		}
		if m.Text.KO == "" || m.Text.EN == "" {
			t.Errorf("%s speaks one language: %+v", c.name, m.Text)
		}
	}
}

// A fact is one line of bounded length, whoever wrote it.
func FuzzPlan(f *testing.F) {
	f.Add(bcp.EffectTell, "why", "a\r\nb\x00c")
	f.Add(bcp.EffectAlarm, "text", strings.Repeat("가", 5000))
	f.Add(bcp.EffectStatus, "state", "final")
	f.Fuzz(func(t *testing.T, kind, name, value string) {
		r := &bcp.Roster{People: []bcp.Person{{ID: "kim", Channels: []bcp.Channel{{ID: "sms", Domain: "d"}}}}}
		for _, m := range notify.Plan(bcp.Effect{Kind: kind, To: "kim", Args: map[string]string{name: value}}, r, fire) {
			for _, text := range []facility.Text{m.Subject, m.Text} {
				if n := utf8.RuneCountInString(text.KO); n > 1000+len(name) || strings.ContainsAny(text.KO, "\r\x00") && !strings.ContainsAny(name, "\r\x00") {
					t.Errorf("%d characters: %q", n, text.KO)
				}
			}
		}
	})
}
