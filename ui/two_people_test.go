package ui

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/facility"
	"bongsu/journal"
	"bongsu/rules"
)

// ownField is the real judgement behind the console of a test: it takes the acts, and what it journals is what the
// console shows. Its equipment takes every order and shows nothing.
type ownField struct {
	engine *rules.Engine
	model  *Model

	mu      sync.Mutex
	entries []journal.Entry
	done    []facility.CommandID
}

func (f *ownField) AppendWithin(_ time.Duration, drafts ...journal.Draft) (out []journal.Entry, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, d := range drafts {
		data, err := json.Marshal(d.Data)
		if err != nil {
			return nil, err
		}
		e := journal.Entry{Seq: uint64(len(f.entries) + 1), Time: time.Now(), Kind: d.Kind, Actor: d.Actor, Subject: d.Subject, Data: data}
		f.entries, out = append(f.entries, e), append(out, e)
		if err := f.model.ApplyEntry(Entry{Seq: e.Seq, Time: e.Time, Kind: e.Kind, Actor: e.Actor, Subject: e.Subject, Data: data}); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (f *ownField) Execute(_ context.Context, c facility.Command) (rules.Receipt, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.done = append(f.done, c.ID)
	return rules.Receipt{Sent: time.Now(), Accepted: time.Now()}, nil
}

func (f *ownField) Do(ctx context.Context, act facility.Act) (facility.ActResult, error) {
	return f.engine.Do(ctx, act), nil
}

func (f *ownField) sent(id facility.CommandID) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Contains(f.done, id)
}

func (f *ownField) kinds(kind string) (subjects []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range f.entries {
		if e.Kind == kind {
			subjects = append(subjects, e.Actor+" "+e.Subject)
		}
	}
	return subjects
}

// withField puts the real judgement behind a console, in virtual time.
func withField(t *testing.T, tell func(h *house, f *ownField)) {
	synctest.Test(t, func(t *testing.T) {
		f := &ownField{}
		h := newHouse(t, func(c *Config) { c.Acts = f })
		f.model = h.model
		h.site.Alarms = append(h.site.Alarms, facility.AlarmRule{ID: "rack-hot", Points: "house/b1/*/bms/rt", Kind: "high", Limit: 200, Priority: 2, Class: "safety"})
		bus := facility.NewBus()
		engine, err := rules.NewEngine(rules.EngineConfig{
			Site: h.site, Live: facility.NewLive(h.site.Points), Reader: bus.Subscribe("rules", facility.KeepOrder, 10_000), Journal: f,
			Gap: func() bool { return false }, Commander: f, Report: func([]facility.FireRoomView) {}, Node: "n", Log: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatal(err)
		}
		f.engine = engine
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- engine.Run(ctx) }()
		scan := func() []facility.Sample {
			var batch []facility.Sample
			for _, p := range h.site.Points {
				v := 0.0
				if p.Unit == "degC" {
					v = 25
				}
				batch = append(batch, facility.Sample{Point: p.Ref, Quality: facility.Good, Value: v, At: time.Now(), Seen: time.Now()})
			}
			return batch
		}
		go func() {
			for ctx.Err() == nil {
				batch := scan()
				bus.Publish(batch)
				h.model.ApplySamples(batch)
				time.Sleep(time.Second)
			}
		}()
		time.Sleep(3 * time.Second)
		tell(h, f)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		h.stop()
		time.Sleep(2 * time.Second)
	})
}

func TestTwoPersonsReleaseGasAtTwoStationsOverHTTP(t *testing.T) {
	withField(t, func(h *house, f *ownField) {
		one, two := h.as("safety"), h.as("lead")
		var asked struct{ ID string }
		body := map[string]any{"confirm": "B1", "password": demoPassword, "reason": "smoke seen"}
		one.post("fire/rooms/B1/release", body).want(202).into(&asked)
		one.post("commands/"+asked.ID+"/sign", map[string]string{"confirm": "B1"}).problem(403, "someone else")
		sameDesk := h.browser() // another person, but at the first one's browser
		sameDesk.client.Jar = one.client.Jar
		sameDesk.do("POST", "session", credentials{User: "lead", Password: demoPassword}).want(200)
		sameDesk.post("commands/"+asked.ID+"/sign", map[string]string{"confirm": "B1"}).problem(403, "another station")
		h.as("operator").post("commands/"+asked.ID+"/sign", map[string]string{"confirm": "B1"}).problem(403, "lead or safety")
		two.post("commands/"+asked.ID+"/sign", map[string]string{"confirm": "B2"}).problem(422, `"B1"`)
		var rec struct{ State, By, Second, Until string }
		two.get("commands/" + asked.ID).want(200).into(&rec)
		if rec.State != "requested" || rec.By != "safety" || rec.Until == "" {
			t.Errorf("the second station sees %+v", rec)
		}
		two.post("commands/"+asked.ID+"/sign", map[string]string{"confirm": "B1"}).want(202)
		time.Sleep(10 * time.Second)
		one.get("commands/" + asked.ID).want(200).into(&rec)
		if rec.State != "confirmed" || rec.Second != "lead" {
			t.Errorf("it ended %+v", rec)
		}
		if !f.sent("house/b1/panel/gas-pre-alarm") { // the gas itself waits for dampers that nobody sees close here
			t.Error("the release did not begin")
		}
		if got := len(f.kinds(rules.KindRefusal)); got != 4 {
			t.Errorf("%d refused signatures are in the journal, want 4: %v", got, f.kinds(rules.KindRefusal))
		}
		two.post("commands/"+asked.ID+"/sign", map[string]string{"confirm": "B1"}).problem(409, "not wait")
	})
}

func TestARequestNobodySignsExpiresAndCanBeAbortedFromAnyStation(t *testing.T) {
	withField(t, func(h *house, f *ownField) {
		one, two := h.as("safety"), h.as("lead")
		ask := func() string {
			var asked struct{ ID string }
			body := map[string]any{"confirm": "house/ups/a/off", "command": "house/ups/a/off", "password": demoPassword, "reason": "r"}
			one.post("commands", body).want(202).into(&asked)
			return asked.ID
		}
		state := func(id string) (s struct{ State string }) { one.get("commands/" + id).want(200).into(&s); return s }
		id := ask()
		time.Sleep(61 * time.Second)
		two.post("commands/"+id+"/sign", map[string]string{"confirm": "house/ups/a/off"}).problem(409, "expired")
		if s := state(id); s.State != "expired" {
			t.Errorf("it is %s", s.State)
		}
		id = ask()
		h.as("operator").post("commands/"+id+"/cancel", map[string]string{"reason": "wrong UPS"}).want(200)
		two.post("commands/"+id+"/sign", map[string]string{"confirm": "house/ups/a/off"}).problem(409, "cancelled")
		h.as("chair").post("commands/"+id+"/cancel", nil).problem(403, "operator")
		if f.sent("house/ups/a/off") {
			t.Error("it was sent")
		}
	})
}

func TestAnOrderTellsItsConditionsWithLiveValues(t *testing.T) {
	withField(t, func(h *house, _ *ownField) {
		var o struct {
			Level, Call string
			Actual      *float64
			Ready       bool
			Told        []toldPerson
			Checks      []struct {
				Point string
				Pass  bool
			}
		}
		b := h.as("operator")
		b.get("orders/house/ups/a/transfer-test").want(200).into(&o)
		if o.Level != "C2" || o.Actual == nil || !o.Ready || len(o.Checks) != 1 || !o.Checks[0].Pass {
			t.Errorf("the order is %+v", o)
		}
		told := map[string]toldPerson{}
		for _, p := range o.Told {
			told[p.User] = p
		}
		if !told["operator"].Alarms || told["operator"].Here || told["operator"].Signs || told["operator"].Names.EN == "" || told["chair"].User != "" {
			t.Errorf("told are %+v", o.Told)
		}
		stream := h.as("chair").open("overview")
		b.get("orders/house/ups/a/off").want(200).into(&o)
		if len(o.Told) == 0 || o.Told[0].User != "chair" || !o.Told[0].Here || !slices.ContainsFunc(o.Told, func(p toldPerson) bool { return p.User == "lead" && p.Signs }) {
			t.Errorf("with the chair at a console told are %+v", o.Told)
		}
		stream.close()
		b.get("orders/house/out/power-cut").want(200).into(&o)
		if o.Call == "" {
			t.Errorf("the order is %+v", o)
		}
		b.get("orders/house/none").problem(404, "house/none")
		var list struct{ Items []struct{ ID string } }
		b.get("orders?prefix=house/ups/").want(200).into(&list)
		if len(list.Items) != 5 {
			t.Errorf("%d orders of the UPS", len(list.Items))
		}
	})
}
