package rules

import (
	"fmt"
	"log/slog"
	"time"

	"bongsu/facility"
	"bongsu/rules/fire"
)

// lastHop is the one difference between driving the outputs and watching a listed panel drive them.
type lastHop interface {
	send(job) bool
}

type executorHop struct{ lanes *lanes }

func (h executorHop) send(j job) bool { return h.lanes.send(j) }

// supervisorHop sends nothing: a listed panel releases. What the engine would have done stands in the
// journal, and a missing feedback raises the same alarm as a failed output.
type supervisorHop struct{ log *slog.Logger }

func (h supervisorHop) send(j job) bool {
	h.log.Info("the panel is expected to act", "command", j.name)
	return true
}

// fireAlarm gives an alarm of the fire engine the life of any other alarm.
func (e *Engine) fireAlarm(now time.Time, a fire.AlarmEvent) []facility.Alarm {
	id := "fire:" + a.Key()
	if !a.Raised {
		return e.alarms.Clear(now, id)
	}
	words, text := announced(a)
	return e.alarms.Raise(now, External{ID: id, Rule: "fire." + a.Name, Asset: e.fire.assetOf(a.Subject), Class: "fire", Priority: words.priority,
		Text: text, Consequence: words.consequence, Action: words.action})
}

// announced is how people are told of an alarm of the fire engine, its text with what it is about.
func announced(a fire.AlarmEvent) (fireAlarm, facility.Text) {
	words, ok := fireAlarms[a.Name]
	if !ok {
		words = fireAlarm{priority: 1, text: txt(a.Name, a.Name)}
	}
	if a.Subject == "" {
		return words, words.text
	}
	return words, txt(fmt.Sprintf("%s (%s)", words.text.KO, a.Subject), fmt.Sprintf("%s (%s)", words.text.EN, a.Subject))
}
