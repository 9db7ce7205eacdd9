package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"bongsu/facility"
	"bongsu/rules"
)

// replaySummary is what a replay comes to.
type replaySummary struct {
	rules.ReplayReport
	Span      float64 `json:"span_s"`
	Took      float64 `json:"took_s"`
	XRealtime float64 `json:"x_realtime"`
}

func summaryOf(r rules.ReplayReport, took time.Duration) replaySummary {
	s := replaySummary{ReplayReport: r, Span: r.To.Sub(r.From).Seconds(), Took: took.Seconds()}
	if s.Took > 0 {
		s.XRealtime = s.Span / s.Took
	}
	return s
}

// shower prints a replay, for people or for programs, and keeps the first fault of printing.
type shower struct {
	out    io.Writer
	format string
	lang   string
	err    error
}

func (w *shower) say(format string, args ...any) {
	if _, err := fmt.Fprintf(w.out, format, args...); err != nil && w.err == nil {
		w.err = err
	}
}

func (w *shower) json(v any) {
	if err := json.NewEncoder(w.out).Encode(v); err != nil && w.err == nil {
		w.err = err
	}
}

// pick chooses between the two languages.
func (w *shower) pick(en, ko string) string {
	if w.lang == "ko" {
		return ko
	}
	return en
}

const stampFormat = "2006-01-02T15:04:05.000Z"

// decision prints one decision; the fire engine's notes to itself are nothing for people.
func (w *shower) decision(d rules.Decision) {
	if w.format == "json" {
		w.json(d)
		return
	}
	if d.Kind != rules.KindFireState {
		w.say("%s  %s\n", d.At.UTC().Format(stampFormat), inWords(d, w.lang))
	}
}

// inWords tells a decision in one line.
func inWords(d rules.Decision, lang string) string {
	switch d.Kind {
	case rules.KindAlarm:
		var a facility.Alarm
		if json.Unmarshal(d.Data, &a) == nil {
			return fmt.Sprintf("alarm    P%d %s: %s (%s)", a.Priority, a.State, a.Text.In(lang), a.ID)
		}
	case rules.KindStage:
		var s facility.StageChange
		if json.Unmarshal(d.Data, &s) == nil {
			return fmt.Sprintf("stage    %s %s -> %s: %s", strings.TrimSpace(s.Room+" "+s.Rack), s.From, s.To, s.Why)
		}
	case rules.KindCommand:
		var r facility.CommandRecord
		if json.Unmarshal(d.Data, &r) == nil {
			return fmt.Sprintf("command  %s %s %s", r.Name, r.State, r.Error)
		}
	}
	return fmt.Sprintf("%-8s %s %s", d.Kind, d.Subject, d.Data)
}

func (w *shower) summary(s replaySummary) {
	if w.format == "json" {
		w.json(map[string]any{"summary": s})
		return
	}
	w.say("\n%s %s .. %s (%.0f s, %.0fx)\n", w.pick("recorded", "기록 구간"), s.From.UTC().Format(stampFormat), s.To.UTC().Format(stampFormat), s.Span, s.XRealtime)
	w.say("%s: %d, %s: %d\n", w.pick("samples", "표본"), s.Samples, w.pick("turns", "판단 차례"), s.Turns)
	for _, kind := range slices.Sorted(maps.Keys(s.Decisions)) {
		w.say("  %-10s %d\n", kind, s.Decisions[kind])
	}
	if s.Rule == "seen" {
		w.say("%s\n", w.pick("clock: the times the samples were seen at; the turns of the loop are not known, so decisions may fall some milliseconds elsewhere",
			"시계: 표본이 들어온 시각. 판단 차례 기록이 없어 결정 시각이 몇 밀리초 다를 수 있습니다"))
	} else {
		w.say("%s\n", w.pick("clock: the recorded turns", "시계: 기록된 판단 차례"))
	}
	w.lacks(s)
	w.verdict(s)
	w.say("hash %s\n", s.Hash)
}

// lacks says what the recording does not have.
func (w *shower) lacks(s replaySummary) {
	for _, l := range []struct {
		n      int
		en, ko string
	}{
		{s.Missing, "samples were judged then and are not in the spool", "당시 판단에 쓰인 표본이 스풀에 없음"},
		{s.Untaken, "samples in the spool were taken by no turn", "스풀의 표본을 가져간 판단 차례가 없음"},
		{s.Foreign, "samples are of points the site does not have", "사이트에 없는 측정점의 표본"},
		{s.Dropped, "times the recorder could not keep its notes", "판단 차례 기록이 빠진 횟수"},
		{s.Steps, "times the wall clock was set: what was timed across that may fall elsewhere", "벽시계가 바뀐 횟수: 그 사이의 시간 판단은 다를 수 있음"},
		{s.Unlearned, "times learned bands came in force that were not kept: alarms of bands are missing", "보관되지 않은 학습 대역이 적용된 횟수: 대역 경보가 빠짐"},
		{s.Unread, "places cannot be read and were skipped", "읽을 수 없어 건너뛴 곳"},
		{s.Unwritten, "decisions were made and the process ended before its journal had them", "프로세스가 끝나 저널에 남지 못한 결정"},
		{s.Unrecorded, "journal entries stand behind the last noted turn", "마지막 판단 차례 기록 뒤의 저널 항목"},
	} {
		if l.n > 0 {
			w.say("  %d %s\n", l.n, w.pick(l.en, l.ko))
		}
	}
	for _, h := range s.Holes {
		w.say("  ! %s\n", h)
	}
	if s.Journal != "" {
		w.say("  ! %s: %s\n", w.pick("journal", "저널"), s.Journal)
	}
	for _, r := range s.Other {
		w.say("  ! %s %s\n", w.pick("recorded with another site, of revision", "다른 사이트 구성으로 기록됨, 판:"), r)
	}
	if s.Warm && s.Judged {
		w.say("  %s (%d)\n", w.pick("the recording begins in the middle of a run: its first ten minutes are not compared", "기록이 운전 중간에서 시작함: 처음 10분은 견주지 않음"), s.Skipped)
	}
}

func (w *shower) verdict(s replaySummary) {
	switch {
	case !s.Judged:
		w.say("%s\n", w.pick("identical: not judged (no journal and recorded turns to compare with)", "일치 여부: 판정하지 않음 (견줄 저널과 판단 차례가 없음)"))
	case s.Identical:
		w.say(w.pick("identical: true (%d decisions, byte for byte)\n", "일치: true (결정 %d건, 바이트 단위)\n"), s.Compared)
	case s.First == nil:
		w.say("%s\n", w.pick("identical: false (there was nothing to compare)", "일치: false (견줄 것이 없음)"))
	default:
		w.say(w.pick("identical: false, after %d that are; the first difference:\n", "일치: false, 같은 결정 %d건 뒤 첫 차이:\n"), s.Compared)
		w.side(w.pick("recorded", "기록"), s.First.Recorded)
		w.side(w.pick("replayed", "재생"), s.First.Replayed)
	}
}

func (w *shower) side(name string, d *rules.Decision) {
	if d == nil {
		w.say("  %-8s %s\n", name, w.pick("nothing", "없음"))
		return
	}
	w.say("  %-8s %s  %s\n           %s\n", name, d.At.UTC().Format(stampFormat), inWords(*d, w.lang), d.Data)
}

// difference prints what another configuration would have changed.
func (w *shower) difference(d rules.RunsDifference) {
	if w.format == "json" {
		w.json(map[string]any{"what_if": d})
		return
	}
	w.say("\n%s\n", w.pick("what if", "구성을 바꾸었다면"))
	if len(d.Changes) == 0 {
		w.say("%s\n", w.pick("nothing would have been different", "달라지는 것이 없음"))
	}
	t := tabwriter.NewWriter(w.out, 0, 4, 2, ' ', 0)
	for _, c := range d.Changes {
		name := c.Name
		if c.To != "" {
			name += " -> " + c.To
		}
		if text := c.Text.In(w.lang); text != "" {
			name += "  " + text
		}
		kind := map[string]string{"alarm": w.pick("alarm", "경보"), "stage": w.pick("stage", "단계"), "command": w.pick("command", "명령")}[c.Kind]
		if _, err := fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", kind, clockTime(c.Was), clockTime(c.Is), w.moved(c), name); err != nil && w.err == nil {
			w.err = err
		}
	}
	if err := t.Flush(); err != nil && w.err == nil {
		w.err = err
	}
	w.say(w.pick("%d happenings at the same moment in both\n", "%d건은 양쪽이 같은 시각\n"), d.Same)
	if d.Overflow > 0 {
		w.say(w.pick("%d happenings more were not compared\n", "%d건은 너무 많아 견주지 않음\n"), d.Overflow)
	}
	w.shares(w.pick("alarms as it is", "지금 구성의 경보"), d.WasShares)
	w.shares(w.pick("alarms what if", "바꾼 구성의 경보"), d.IsShares)
	w.say("%s\n", w.pick("the recorded field did not know of commands it was never given: their feedback is missing, and alarms about that are no finding",
		"기록된 현장은 내려진 적 없는 명령을 따를 수 없습니다. 그 확인 신호가 없다는 경보는 결과로 보지 마십시오"))
}

func clockTime(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.UTC().Format("01-02 15:04:05.000")
}

func (w *shower) moved(c rules.Change) string {
	switch {
	case c.Was == nil:
		return w.pick("gained", "추가됨")
	case c.Is == nil:
		return w.pick("lost", "없어짐")
	case c.By < 0:
		return fmt.Sprintf(w.pick("%.1f s earlier", "%.1f초 빠름"), -c.By.Seconds())
	}
	return fmt.Sprintf(w.pick("%.1f s later", "%.1f초 늦음"), c.By.Seconds())
}

func (w *shower) shares(what string, by map[int]int) {
	total := 0
	for _, n := range by {
		total += n
	}
	var parts []string
	for _, p := range slices.Sorted(maps.Keys(by)) {
		parts = append(parts, fmt.Sprintf("P%d %d (%.0f %%)", p, by[p], 100*float64(by[p])/float64(total)))
	}
	w.say("%s: %d  %s\n", what, total, strings.Join(parts, ", "))
}
