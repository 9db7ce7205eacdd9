package ui

import (
	"encoding/json"
	"strconv"

	"bongsu/facility"
)

// appendEvent writes one server-sent event; seq 0 means that it has no id.
func appendEvent(b []byte, seq uint64, name string, data []byte) []byte {
	if seq > 0 {
		b = append(b, "id: "...)
		b = strconv.AppendUint(b, seq, 10)
		b = append(b, '\n')
	}
	b = append(b, "event: "...)
	b = append(b, name...)
	b = append(b, "\ndata: "...)
	b = append(b, data...)
	return append(b, "\n\n"...)
}

// beat is the heartbeat: it says that the server lives, even when nothing else changes.
type beat struct {
	T        int64       `json:"t"`
	Build    string      `json:"build"`
	Revision string      `json:"revision"`
	LagMS    int64       `json:"lag_ms"`
	Drill    bool        `json:"drill"`
	Drills   []drillBeat `json:"drills,omitempty"`
	Field    fieldHealth `json:"field"`
	Links    []linkView  `json:"links,omitempty"` // absent while nothing but their counters changed
}

// drillBeat is a drill that runs, told to every screen.
type drillBeat struct {
	Room   string                    `json:"room"`
	By     string                    `json:"by"`
	Until  stamp                     `json:"until"`
	Stage  string                    `json:"stage" doc:"of the room, in the drill"`
	Alarms []facility.FireDrillAlarm `json:"alarms,omitempty" doc:"that stand in the drill; none of them is among the real ones"`
}

// told is what a view last told of one point.
type told struct {
	value   float64 // rounded; meaningless unless has
	has     bool
	quality facility.Quality
	reason  facility.Reason
	at      int64 // ms since 1970, 0 for never
}

func tell(p facility.Point, s facility.Sample) told {
	t := told{quality: s.Quality, reason: s.Reason}
	if v := shown(s); v != nil {
		t.value, t.has = rounded(*v, p.Digits), true
	}
	if !s.At.IsZero() {
		t.at = s.At.UnixMilli()
	}
	return t
}

// sameValue and the quality decide whether a tick has to mention a point.
func (t told) sameValue(o told) bool { return t.has == o.has && (!t.has || t.value == o.value) }

func (t told) appendValue(b []byte, digits int) []byte {
	if !t.has {
		return append(b, "null"...)
	}
	return strconv.AppendFloat(b, t.value, 'f', max(digits, 0), 64)
}

// tick collects one second of a view's changes.
type tick struct {
	index, values, qualities []byte
}

func (t *tick) value(i int, v told, digits int) {
	t.index = strconv.AppendInt(comma(t.index), int64(i), 10)
	t.values = v.appendValue(comma(t.values), digits)
}

func (t *tick) quality(i int, q facility.Quality) {
	t.qualities = append(comma(t.qualities), '"')
	t.qualities = strconv.AppendInt(t.qualities, int64(i), 10)
	t.qualities = append(t.qualities, `":"`...)
	t.qualities = append(t.qualities, q.String()...)
	t.qualities = append(t.qualities, '"')
}

func comma(b []byte) []byte {
	if len(b) > 0 {
		return append(b, ',')
	}
	return b
}

func (t *tick) json(seq uint64, ms int64) []byte {
	b := make([]byte, 0, len(t.index)+len(t.values)+len(t.qualities)+80)
	b = append(b, `{"s":`...)
	b = strconv.AppendUint(b, seq, 10)
	b = append(b, `,"t":`...)
	b = strconv.AppendInt(b, ms, 10)
	b = append(append(append(b, `,"i":[`...), t.index...), ']')
	b = append(append(append(b, `,"v":[`...), t.values...), ']')
	b = append(append(append(b, `,"q":{`...), t.qualities...), '}')
	return append(b, '}')
}

// snapshot writes everything a viewer needs to begin.
func snapshot(seq uint64, ms int64, points []facility.Point, refs []facility.Ref, last []told, rest snapRest) ([]byte, error) {
	b := make([]byte, 0, 64*len(refs)+4096)
	b = append(b, `{"seq":`...)
	b = strconv.AppendUint(b, seq, 10)
	b = append(b, `,"t":`...)
	b = strconv.AppendInt(b, ms, 10)
	b = append(b, `,"points":[`...)
	for i, ref := range refs {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"id":`...)
		b = strconv.AppendQuote(b, string(points[ref].ID))
		b = append(b, `,"v":`...)
		b = last[i].appendValue(b, points[ref].Digits)
		b = append(append(append(b, `,"q":"`...), last[i].quality.String()...), '"')
		b = append(append(append(b, `,"r":"`...), last[i].reason.String()...), '"')
		b = append(b, `,"t":`...)
		if last[i].at == 0 {
			b = append(b, "null"...)
		} else {
			b = strconv.AppendInt(b, last[i].at, 10)
		}
		b = append(b, '}')
	}
	b = append(b, "],"...)
	tail, err := json.Marshal(rest)
	if err != nil {
		return nil, err
	}
	return append(b, tail[1:]...), nil
}

// snapRest is the part of a snapshot that does not depend on the view.
type snapRest struct {
	Alarms []alarmView   `json:"alarms"`
	Tally  []alarmTally  `json:"tally,omitempty"` // of all open alarms, where the snapshot has only the first
	Rooms  []roomView    `json:"rooms"`
	Cmds   []commandView `json:"cmds"`
	Links  []linkView    `json:"links"`
}
