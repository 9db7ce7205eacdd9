package rules

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"bongsu/facility"
	"bongsu/journal"
)

// The acts by which a part of the node tells the loop what is wrong with itself. Nobody's screen sends them.
const (
	actFindingRaise = "finding.raise"
	actFindingClear = "finding.clear"
)

// What a node may find wrong with itself, as the subject of Found.
const (
	FoundEvicted = "samples-lost"     // samples went that no keeper of the history has
	FoundHistory = "history-embedded" // the embedded history takes nothing
	FoundInflux  = "history-influx"   // the database beside it takes nothing

	FoundLag    = "rules-lag"      // samples wait long before the rules judge them
	FoundPassed = "rules-overflow" // the rules' queue ran over: older samples of some points were passed over

	FoundAway     = "collector-away" // a process that serves links beside the field's is not connected
	FoundUnserved = "links-unserved" // links that nobody serves

	FoundFiles = "files-differ" // files that must be the same at all nodes are not

	FoundAccounts = "accounts-unreadable" // accounts of all sites that this node's program cannot read
)

// findings are the words of each of them.
var findings = map[string]External{
	FoundEvicted: {
		Priority: 2, Unit: "samples",
		Text: txt("표본이 유실되고 있음: 아무 저장소에도 없는 표본이 스풀에서 밀려남", "Samples are being lost: the spool let go of what no history has"),
		Consequence: txt("추세와 이력에 되돌릴 수 없는 빈 구간이 남습니다. 경보와 화재 대응은 영향을 받지 않습니다.",
			"Trends and history keep a hole that cannot be filled. Alarms and the fire response go on."),
		Action: txt("시스템 화면에서 멈춘 이력 저장소를 찾아 되살리십시오. 디스크가 차 있으면 비우고, 데스크가 꺼져 있으면 켜십시오.",
			"Find on the System screen which keeper of the history stands still and bring it back: free its disk, or start the desk."),
	},
	FoundHistory: {
		Priority: 2,
		Text:     txt("내장 이력 저장소가 기록하지 못함", "The embedded history takes nothing"),
		Consequence: txt("추세가 더 나아가지 않습니다. 표본은 스풀이 찰 때까지 스풀에 남습니다.",
			"Trends stand still. The spool keeps the samples until it is full."),
		Action: txt("데스크의 디스크 여유와 상태를 확인하십시오. 공간이 생기면 스스로 따라잡습니다.",
			"See whether the desk's disk is full or faulty. With room again it catches up by itself."),
	},
	FoundInflux: {
		Priority: 2,
		Text:     txt("장기 이력 데이터베이스가 받지 않음", "The long-term history takes nothing"),
		Consequence: txt("장기 이력이 더 나아가지 않습니다. 표본은 스풀이 찰 때까지 스풀에 남습니다.",
			"The long-term history stands still. The spool keeps the samples until it is full."),
		Action: txt("데이터베이스와 그 네트워크, 토큰을 확인하십시오. 되살아나면 밀린 것을 차례로 보냅니다.",
			"See whether the database runs, is reached and takes the token. When it is back the backlog is sent in order."),
	},
	FoundLag: {
		Priority: 2, Unit: "s",
		Text: txt("규칙이 표본을 늦게 판단하고 있음", "The rules judge samples late"),
		Consequence: txt("경보와 화재 대응이 그만큼 늦습니다. 더 밀리면 중간 값은 건너뛰고 최신 값만 봅니다.",
			"Alarms and the fire response are that late. If it lasts, values in between are passed over and only the newest is seen."),
		Action: txt("현장 프로세스의 CPU와 디스크를 점검하십시오. 최근에 규칙이나 포인트가 크게 늘었는지 확인하십시오.",
			"See what takes the field machine's processor or disk, and whether many rules or points came of late."),
	},
	FoundPassed: {
		Priority: 2, Unit: "samples",
		Text: txt("규칙의 대기열이 넘쳐 중간 값을 건너뜀", "The rules' queue ran over: values in between were passed over"),
		Consequence: txt("모든 포인트의 최신 값은 판단되었지만, 짧은 초과와 횟수·변화율 규칙은 놓쳤을 수 있습니다.",
			"The newest value of every point was judged. Short excursions, and what rules over counts and rates saw, may be missed."),
		Action: txt("현장 프로세스가 무엇에 막혔는지 확인하고, 그 시간의 추세를 직접 살펴보십시오.",
			"See what held the field process up, and look through the trends of that time."),
	},
	FoundAway: {
		Priority: 3,
		Text:     txt("수집기가 연결되어 있지 않음", "A collector is not connected"),
		Consequence: txt("그 수집기의 현장 연결은 다음 수집기나 현장 프로세스가 맡습니다. 하나가 더 멈추면 맡을 곳이 없을 수 있습니다.",
			"Its links are served by the next in order, or by the field itself. With one more away there may be nobody left."),
		Action: txt("수집기 장비와 그 프로세스, 현장 프로세스까지의 네트워크를 확인하십시오. 돌아와 30초 동안 안정되면 현장 연결을 되찾습니다.",
			"See whether its machine and process run and reach the field. Once back and steady for 30 seconds it has its links again."),
	},
	FoundUnserved: {
		Priority: 2,
		Text:     txt("아무도 맡지 않은 현장 연결이 있음", "There are links that nobody serves"),
		Consequence: txt("그 연결의 장비는 읽히지 않고 명령도 나가지 않습니다. 그 값들은 불량으로 표시됩니다.",
			"Their devices are not read and take no command. Their points are shown as bad."),
		Action: txt("그 연결에 닿을 수 있는 수집기를 되살리십시오. 현장 프로세스는 직접 닿지 못합니다.",
			"Bring a collector back that reaches them: the field itself does not."),
	},
	FoundFiles: {
		Priority: 3,
		Text:     txt("노드 사이에 서로 다른 파일이 있음", "Files differ between the nodes"),
		Consequence: txt("어느 노드가 이끄느냐에 따라 다른 절차와 명단으로 움직입니다.",
			"Which playbooks and which roster are followed depends on which node leads."),
		Action: txt("센터 현황 화면에서 어느 파일인지 확인하고, 맞는 파일을 모든 노드에 복사하십시오. 같아지면 이 경보는 스스로 사라집니다.",
			"See on the Sites screen which they are and copy the right one to every node. Once they are equal this alarm goes by itself."),
	},
	FoundAccounts: {
		Priority: 3,
		Text:     txt("이 노드가 읽지 못하는 공유 계정이 있음", "There are shared accounts that this node cannot read"),
		Consequence: txt("그 계정은 이 데스크가 마지막으로 알던 그대로입니다. 다른 곳에서 비활성화되었거나 암호가 바뀌었어도 여기서는 모릅니다.",
			"They are as this desk knew them last. That one was disabled or has another password elsewhere is not known here."),
		Action: txt("다른 노드가 더 새로운 프로그램이면 이 노드도 올리십시오. 아니면 계정 화면에서 그 계정을 다시 저장하십시오. 읽히면 이 경보는 스스로 사라집니다.",
			"If other nodes run a newer program, upgrade this one too. Else save the account again under Accounts. Once it can be read this alarm goes by itself."),
	},
}

// Found is what a part of the node hands to Do when something is wrong with itself, or is so no more. The detail, if
// any, stands behind the alarm's words; the value is what was counted. Saying the same again changes nothing.
func Found(id, subject string, standing bool, detail string, value float64) facility.Act {
	a := facility.Act{ID: id, Kind: actFindingClear, Subject: subject, By: []string{"system"}, At: time.Now().UTC()}
	if standing {
		a.Kind, a.Args = actFindingRaise, map[string]string{"detail": detail, "value": strconv.FormatFloat(value, 'g', -1, 64)}
	}
	return a
}

// finding raises or clears the alarm of a finding.
func (e *Engine) finding(now time.Time, r actRequest) (seq uint64) {
	x, ok := findings[r.act.Subject]
	if !ok {
		r.answer <- facility.ActResult{Code: http.StatusNotFound, Detail: fmt.Sprintf("%q is nothing a node finds wrong with itself", r.act.Subject)}
		return 0
	}
	x.ID, x.Rule, x.Class = "system:"+r.act.Subject, r.act.Subject, "system"
	if detail := strings.TrimSpace(r.act.Args["detail"]); detail != "" {
		x.Text = txt(x.Text.KO+" ("+detail+")", x.Text.EN+" ("+detail+")")
	}
	if v, err := strconv.ParseFloat(r.act.Args["value"], 64); err == nil {
		x.Value = v
	}
	var records []facility.Alarm
	if r.act.Kind == actFindingRaise {
		records = e.alarms.Raise(now, x)
	} else {
		records = e.alarms.Clear(now, x.ID)
	}
	drafts := make([]journal.Draft, len(records))
	for i, a := range records {
		drafts[i] = alarmDraft(a, "system")
	}
	seq = e.write(drafts, fsyncPatience)
	r.answer <- facility.ActResult{Code: http.StatusOK, Seq: seq}
	return seq
}
