package notify

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"bongsu/bcp"
	"bongsu/facility"
)

// maxArg is how many characters of one fact go into a message: a text of people may be long, an SMS is not.
const maxArg = 300

// statusEvery is how often the public page is brought up to date.
const statusEvery = 30 * time.Minute

// letter is a text that grows line by line in both languages. What it has said of the facts is struck off.
type letter struct {
	r      *bcp.Roster
	args   map[string]string
	ko, en []string
}

// wording is what an effect says to people.
func wording(e bcp.Effect, r *bcp.Roster, now time.Time) (subject, text facility.Text) {
	l := &letter{r: r, args: maps.Clone(e.Args)}
	if l.args == nil {
		l.args = map[string]string{}
	}
	drill := l.take("drill") == "true"
	switch e.Kind {
	case bcp.EffectSend:
		subject = l.summons()
	case bcp.EffectPage:
		subject = l.page()
	case bcp.EffectAlarm:
		subject = facility.Text{KO: "경보", EN: "Alarm"}
		l.alarm(e.To)
	case bcp.EffectTell:
		subject = l.tell()
	case bcp.EffectStatus:
		return l.status(now)
	}
	l.rest()
	clock := localTime(r, now)
	l.say(clock.Format("1월 2일 15:04")+" 기준", "As of "+clock.Format("2 Jan 15:04 MST"))
	subject = facility.Text{KO: "[봉수] " + subject.KO, EN: "[Bongsu] " + subject.EN}
	if drill {
		subject = facility.Text{KO: "[훈련] " + subject.KO, EN: "[DRILL] " + subject.EN}
	}
	return subject, facility.Text{KO: subject.KO + "\n" + strings.Join(l.ko, "\n"), EN: subject.EN + "\n" + strings.Join(l.en, "\n")}
}

func localTime(r *bcp.Roster, now time.Time) time.Time {
	if loc, err := time.LoadLocation(r.Timezone); err == nil {
		return now.In(loc)
	}
	return now.UTC()
}

func (l *letter) say(ko, en string) { l.ko, l.en = append(l.ko, ko), append(l.en, en) }

// take gives a fact, fit for one line, and strikes it off.
func (l *letter) take(name string) string {
	v := l.args[name]
	delete(l.args, name)
	return clip(v, maxArg)
}

// fact says a fact under a label, when there is one.
func (l *letter) fact(name, ko, en string) {
	if v := l.take(name); v != "" {
		l.say(ko+": "+v, en+": "+v)
	}
}

// rest says what no wording knew: a fact is not lost because it is new.
func (l *letter) rest() {
	for _, name := range slices.Sorted(maps.Keys(l.args)) {
		l.fact(name, name, name)
	}
}

// summons calls a person to the place; the channel and the address are nobody's business.
func (l *letter) summons() facility.Text {
	for _, name := range []string{"channel", "kind", "address", "domain"} {
		delete(l.args, name)
	}
	l.fact("call", "소집", "Call")
	if standsFor := l.take("for"); standsFor != "" {
		name := facility.Text{KO: standsFor, EN: standsFor}
		if p := l.r.Person(standsFor); p != nil {
			name = p.Name
		}
		l.say("대신하는 분: "+name.In("ko"), "You stand in for: "+name.In("en"))
	}
	l.fact("bridge", "회의 링크", "Bridge")
	l.fact("room", "상황실", "Situation room")
	l.fact("alternate", "대체 근무지", "Alternate workplace")
	l.fact("remote", "재택 근무 명령", "Remote work order")
	l.say("확인 응답을 하고 바로 참석해 주세요.", "Acknowledge and join at once.")
	return facility.Text{KO: "비상 소집", EN: "Emergency summons"}
}

func (l *letter) page() facility.Text {
	subject := facility.Text{KO: "긴급 호출", EN: "Page"}
	switch {
	case l.args["motion"] != "":
		subject = facility.Text{KO: "투표 요청", EN: "Your vote is needed"}
		l.fact("motion", "안건", "Motion")
		l.say("찬성, 반대 또는 기권으로 답해 주세요.", "Answer yes, no or abstain.")
		return subject
	case l.args["step"] != "":
		subject = facility.Text{KO: "플레이북 단계 담당", EN: "A playbook step is yours"}
		l.fact("play", "플레이북", "Playbook")
		l.fact("step", "단계", "Step")
	case l.args["group"] != "":
		subject = facility.Text{KO: "절체 판단 요청", EN: "A failover waits for your word"}
		l.failover()
	case l.args["service"] != "":
		subject = facility.Text{KO: "서비스 장애", EN: "A service is down"}
		l.fact("service", "장애 서비스", "Service")
		l.fact("affects", "영향 받는 서비스", "Affects")
	}
	l.fact("incident", "사건", "Incident")
	l.role()
	l.say("확인 응답을 해 주세요.", "Please acknowledge.")
	return subject
}

func (l *letter) role() {
	role := l.take("role")
	if role == "" {
		return
	}
	name := roleName(role)
	l.say("맡을 역할: "+name.KO, "Your role: "+name.EN)
}

func roleName(role string) facility.Text {
	switch role {
	case bcp.RoleTower:
		return facility.Text{KO: "컨트롤 타워", EN: "control tower"}
	case bcp.RoleOperator:
		return facility.Text{KO: "오퍼레이터", EN: "operator"}
	case bcp.RoleCommunicator:
		return facility.Text{KO: "커뮤니케이터", EN: "communicator"}
	case bcp.RoleOperations:
		return facility.Text{KO: "운영 관리자", EN: "operations manager"}
	}
	return facility.Text{KO: role, EN: role}
}

func (l *letter) failover() {
	l.fact("group", "서비스군", "Group")
	l.fact("source", "지금 위치", "From")
	l.fact("target", "옮길 위치", "To")
	l.fact("trigger", "계기", "Trigger")
	l.take("epoch")
}

func (l *letter) alarm(to string) {
	l.fact("text", "내용", "What")
	if name := roleName(to); to != "" {
		l.say("대상: "+name.KO, "About: "+name.EN)
	}
	l.say("확인 응답을 해 주세요.", "Please acknowledge.")
}

func (l *letter) tell() facility.Text {
	subject := facility.Text{KO: "알림", EN: "Notice"}
	switch {
	case l.args["rules"] != "":
		subject = facility.Text{KO: "비상 권한 사용", EN: "Glass was broken"}
		l.fact("by", "누가", "Who")
		l.fact("rules", "넘은 규칙", "Rules overridden")
		l.fact("why", "이유", "Why")
	case l.args["motion"] != "":
		subject = facility.Text{KO: "안건 결과", EN: "A motion has closed"}
		l.fact("motion", "안건", "Motion")
	case l.args["incident"] != "" && l.args["state"] == "closed":
		subject = facility.Text{KO: "장애 종료", EN: "Incident closed"}
		l.take("state")
		l.fact("incident", "사건", "Incident")
	case l.args["incident"] != "":
		subject = facility.Text{KO: "장애 선언 또는 등급 변경", EN: "Incident declared or regraded"}
		l.fact("incident", "사건", "Incident")
		l.fact("grade", "등급", "Grade")
	case l.args["group"] != "":
		subject = facility.Text{KO: "절체 진행", EN: "Failover"}
		l.failover()
		l.fact("why", "이유", "Why")
	case l.args["room"] != "":
		subject = facility.Text{KO: "상황실 개설", EN: "The situation room is open"}
		l.take("room")
		l.say("상황실: "+clip(l.r.Place.Room, maxArg), "Situation room: "+clip(l.r.Place.Room, maxArg))
		l.say("회의 링크: "+clip(l.r.Place.Bridge, maxArg), "Bridge: "+clip(l.r.Place.Bridge, maxArg))
	case l.args["text"] == "":
		l.say("비상 대응 상태가 바뀌었습니다. 콘솔을 확인해 주세요.", "The emergency state has changed. See the console.")
	}
	l.fact("text", "내용", "What")
	return subject
}

// status is for the public: it names no site, no person and no cause.
func (l *letter) status(now time.Time) (subject, text facility.Text) {
	if l.args["state"] == "final" {
		subject = facility.Text{KO: "서비스 정상화 안내", EN: "Service restored"}
		return subject, facility.Text{KO: "서비스가 정상화되었습니다. 불편을 드려 죄송합니다.", EN: "The service is back to normal. We are sorry for the trouble."}
	}
	next := localTime(l.r, now.Add(statusEvery))
	subject = facility.Text{KO: "서비스 장애 안내", EN: "Service disruption"}
	return subject, facility.Text{
		KO: fmt.Sprintf("일부 서비스에 문제가 있어 복구하고 있습니다. 다음 안내: %s", next.Format("15:04")),
		EN: fmt.Sprintf("Some services have problems and are being restored. Next update: %s", next.Format("15:04 MST")),
	}
}

func testWording() (subject, text facility.Text) {
	return facility.Text{KO: "[봉수] 야간 연락 시험", EN: "[Bongsu] Nightly reachability test"},
		facility.Text{KO: "[봉수] 야간 연락 시험입니다. 답하지 않아도 됩니다.", EN: "[Bongsu] This is the nightly reachability test. No answer is needed."}
}

// both is a text in both languages, for channels that do not know their reader's.
func both(t facility.Text, between string) string {
	if t.KO == "" || t.EN == "" || t.KO == t.EN {
		return t.In("ko")
	}
	return t.KO + between + t.EN
}

// clip makes one line of at most n characters; what could break out of a line becomes a space.
func clip(s string, n int) string {
	s = strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || c == '\u2028' || c == '\u2029' || c == unicode.ReplacementChar {
			return ' '
		}
		return c
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if runes := []rune(s); len(runes) > n {
		return string(runes[:n-1]) + "…"
	}
	return s
}
