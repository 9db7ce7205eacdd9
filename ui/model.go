package ui

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"bongsu/facility"
	"bongsu/rules"
)

const (
	tailEntries   = 1000            // newest journal entries kept for the journal's last page
	keptCommands  = 1000            // newest command records kept
	staleFloor    = 3 * time.Second // a value younger than this is never stale on a screen, however fast its scan
	fieldFreshFor = 3 * time.Second // a field that was silent longer is not trusted
)

// ErrEntry marks a journal entry whose data is not what its kind promises. The entry is still shown.
var ErrEntry = errors.New("journal entry cannot be read")

// Model is what the desk knows now: the newest value of every point, open alarms, commands, rooms and
// the end of the journal. The wiring feeds it; it is safe for concurrent use.
type Model struct {
	lang string
	live *facility.Live
	now  atomic.Pointer[plan]

	mu         sync.RWMutex
	alarms     map[string]facility.Alarm
	alarmTurn  uint64            // counts the changes of alarms, and of what is told of them
	alarmWatch *rules.AlarmWatch // floods and chatter
	commands   commandLog
	rooms      rooms
	tail       []Entry
	status     facility.FieldStatus
	statusAt   time.Time // when the last status came, zero before the first
	lost       time.Time // since when the field is known to be gone, zero while it is not
	sampled    time.Time // when the newest sample was taken in
	sink       func(change)
	anew       func()    // tells that the plan changed
	painting   *painting // of the organisation, nil until the shared journal was folded

	floodSeen keptFlood
	pieces    atomic.Pointer[alarmPieces]
}

// change is one thing the stream tells at once.
type change struct {
	name string // alarm, fire, cmd or entry
	room string // of a fire change; the record is read when it is sent
	data any
}

// plan is the site with its points as screens show them. It is replaced whole: the points keep their places.
type plan struct {
	*facility.Site
	points []facility.Point // with the screen's stale-after

	respond map[string]int        // by alarm rule, the seconds that the operator has
	grouper func() *rules.Grouper // made when first asked for
}

func newPlan(site *facility.Site) *plan {
	p := &plan{Site: site, points: withFloor(site.Points), respond: map[string]int{}}
	p.grouper = sync.OnceValue(func() *rules.Grouper { return rules.NewGrouper(site) })
	for i := range site.Alarms {
		if r := &site.Alarms[i]; r.Respond > 0 {
			p.respond[r.ID] = int(r.Respond.Seconds())
		}
	}
	return p
}

// withFloor gives points the screen's stale-after. They are the site's own where none is below it: a large site's
// list is not held twice.
func withFloor(points []facility.Point) []facility.Point {
	low := func(p facility.Point) bool { return p.StaleAfter < staleFloor }
	if !slices.ContainsFunc(points, low) {
		return points
	}
	points = slices.Clone(points)
	for i := range points {
		points[i].StaleAfter = max(points[i].StaleAfter, staleFloor)
	}
	return points
}

// site is what the desk works by now.
func (m *Model) site() *plan { return m.now.Load() }

// SetSite puts another site with the same points in the same order in place of the running one: names, texts,
// limits, units. Every stream begins anew, and pages are told by the revision in the heartbeat.
func (m *Model) SetSite(site *facility.Site) {
	p := newPlan(site)
	m.now.Store(p)
	m.live.Redefine(p.points)
	m.mu.Lock()
	m.alarmWatch.Redefine(site)
	m.alarmTurn++
	anew := m.anew
	m.mu.Unlock()
	if anew != nil {
		anew()
	}
}

// NewModel returns a model in which every point and room is unknown. lang ("ko" or "en") chooses the
// wording of names and texts that stand in one language.
func NewModel(site *facility.Site, lang string) *Model {
	p := newPlan(site)
	m := &Model{
		lang: lang, live: facility.NewLive(p.points),
		alarms: map[string]facility.Alarm{}, alarmWatch: rules.NewAlarmWatch(site), commands: commandLog{records: map[string]facility.CommandRecord{}},
		rooms: newRooms(site),
	}
	m.now.Store(p)
	return m
}

// ApplySamples takes a batch in; it may be shared with other readers and is not changed. Seen must be
// of this machine's clock.
func (m *Model) ApplySamples(batch []facility.Sample) {
	if len(batch) == 0 {
		return
	}
	now := time.Now()
	m.live.Apply(notAhead(batch, now))
	m.mu.Lock()
	m.sampled = now
	m.mu.Unlock()
}

// notAhead copies a batch if one of its samples claims to be from the future: such a sample would stay
// fresh after its device died, until the clock caught up.
func notAhead(batch []facility.Sample, now time.Time) []facility.Sample {
	copied := false
	for i := range batch {
		if !batch[i].Seen.After(now) {
			continue
		}
		if !copied {
			batch, copied = append([]facility.Sample(nil), batch...), true
		}
		batch[i].Seen = now
	}
	return batch
}

// ApplyEntry folds one journal entry, in order of Seq; one seen before changes nothing. An entry that
// cannot be read is shown as it is and answered with ErrEntry.
func (m *Model) ApplyEntry(e Entry) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := len(m.tail); n > 0 && e.Seq <= m.tail[n-1].Seq {
		return nil
	}
	if len(m.tail) >= 2*tailEntries {
		m.tail = append(m.tail[:0:0], m.tail[len(m.tail)-tailEntries:]...)
	}
	m.tail = append(m.tail, e)
	err := m.fold(e)
	m.tell(change{name: "entry", data: viewEntry(e)})
	if err != nil {
		return fmt.Errorf("%w: entry %d of kind %s: %w", ErrEntry, e.Seq, e.Kind, err)
	}
	return nil
}

func (m *Model) fold(e Entry) error {
	switch e.Kind {
	case KindAlarm:
		var a facility.Alarm
		if err := json.Unmarshal(e.Data, &a); err != nil {
			return err
		}
		if had, ok := m.alarms[a.ID]; ok && had.Revision >= a.Revision {
			return nil
		}
		m.alarms[a.ID] = a
		m.alarmTurn++
		m.alarmWatch.Take(e.Time, a)
		m.tell(change{name: "alarm", data: m.viewAlarm(a)})
	case KindCommand:
		var c facility.CommandRecord
		if err := json.Unmarshal(e.Data, &c); err != nil {
			return err
		}
		m.commands.put(c)
		m.tell(change{name: "cmd", data: viewCommand(c)})
	case KindStage:
		var s facility.StageChange
		if err := json.Unmarshal(e.Data, &s); err != nil {
			return err
		}
		if m.rooms.climb(s, e.Seq, m.status.JournalSeq) {
			m.tell(change{name: "fire", room: s.Room})
		}
		m.rooms.carried(s)
	}
	return nil
}

// ApplyStatus takes what the field says of itself.
func (m *Model) ApplyStatus(st facility.FieldStatus) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.status, m.statusAt, m.lost = st, time.Now(), time.Time{}
	for _, id := range m.rooms.apply(st) {
		m.tell(change{name: "fire", room: id})
	}
}

// FieldLost notes that the connection to the field is gone since a time. Values then age by themselves;
// the next status ends it.
func (m *Model) FieldLost(since time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lost = since
}

// watch sends every change to one sink, called while the model is locked: it must not block or read
// the model. anew is called, with nothing locked, when the site was replaced.
func (m *Model) watch(sink func(change), anew func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sink, m.anew = sink, anew
}

func (m *Model) tell(c change) {
	if m.sink != nil {
		m.sink(c)
	}
}

// fieldHealth is how far the field can be trusted.
type fieldHealth struct {
	Connected  bool   `json:"connected" doc:"a status came within the last 3 s and the connection stands"`
	AgeMS      int64  `json:"age_ms" doc:"milliseconds since the last status, -1 before the first"`
	Collecting bool   `json:"collecting"`
	JournalOK  bool   `json:"journal_ok"`
	JournalGap string `json:"journal_gap" doc:"acts taken without a written entry, in words; empty for none"`
}

func (m *Model) health(now time.Time) fieldHealth {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.healthLocked(now)
}

func (m *Model) healthLocked(now time.Time) fieldHealth {
	if m.statusAt.IsZero() {
		return fieldHealth{AgeMS: -1}
	}
	age := now.Sub(m.statusAt)
	up := m.lost.IsZero() && age <= fieldFreshFor
	return fieldHealth{
		Connected: up, AgeMS: age.Milliseconds(), JournalGap: m.status.JournalGap,
		Collecting: up && m.status.Collecting, JournalOK: up && m.status.JournalOK,
	}
}

// lag is how long ago the newest sample arrived, in milliseconds; -1 before the first.
func (m *Model) lag(now time.Time) int64 {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.sampled.IsZero() {
		return -1
	}
	return now.Sub(m.sampled).Milliseconds()
}

// drill says whether any room runs a drill.
func (m *Model) drill() bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, id := range m.rooms.order {
		if m.rooms.byID[id].Drill {
			return true
		}
	}
	return false
}

// drills are the drills that run, in the order of the rooms.
func (m *Model) drills() (out []drillBeat) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, id := range m.rooms.order {
		if d := m.rooms.byID[id].Drilled; d != nil {
			out = append(out, drillBeat{Room: id, By: d.By, Until: stamp(d.Until), Stage: d.Stage, Alarms: d.Alarms})
		}
	}
	return out
}

func (m *Model) fieldStatus() (facility.FieldStatus, time.Time) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.status, m.statusAt
}

// newest returns the last limit entries known here, oldest first.
func (m *Model) newest(limit int) []Entry {
	m.mu.RLock()
	defer m.mu.RUnlock()
	from := max(0, len(m.tail)-limit)
	return append([]Entry(nil), m.tail[from:]...)
}

// pageAfter answers from the entries kept here; ok is false when older ones are needed.
func (m *Model) pageAfter(after uint64, limit int) (page []Entry, ok bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if len(m.tail) == 0 || m.tail[0].Seq > after+1 {
		return nil, false
	}
	for _, e := range m.tail {
		if e.Seq > after && len(page) < limit {
			page = append(page, e)
		}
	}
	return page, true
}
