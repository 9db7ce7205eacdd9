package control

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"bongsu/bcp"
)

// show publishes the picture when something has changed, and once a second at least where it may. Until the journal was
// read the one from before stays, and says so: a half-read story looks calm.
func (t *term) show(now time.Time) {
	if !t.dirty && now.Sub(t.shown) < time.Second || now.Sub(t.shown) < t.cfg.Every {
		return
	}
	t.shown, t.dirty = now, false
	if !t.read {
		t.showAgain()
		return
	}
	p := t.org.Picture(t.at(now), t.gather(now))
	p.Control = t.control(now)
	p.Sites, p.Names = t.sight.Sites, t.sight.Names
	for i := range p.Sites {
		p.Sites[i].Stages = t.facts.stages(p.Sites[i].ID)
	}
	// Encoded and decoded, the picture shares no memory with the machines that go on moving.
	raw, err := json.Marshal(p)
	if err != nil {
		t.log.Error("the picture cannot be encoded", "cause", err)
		return
	}
	t.loop.last = raw
	t.publish(raw, p.Control)
}

// showAgain is the newest picture there was, with who leads now.
func (t *term) showAgain() {
	if t.loop.last == nil {
		return
	}
	c := t.control(t.cfg.Now())
	end := "its end is not known"
	if t.goalKnown {
		end = fmt.Sprint(t.goal)
	}
	c.Why = fmt.Sprintf("the journal is being read, %d of %s: ", t.seq, end) + c.Why
	t.publish(t.loop.last, c)
}

func (t *term) publish(raw []byte, c bcp.Control) {
	out := &bcp.Picture{}
	if err := json.Unmarshal(raw, out); err != nil {
		t.log.Error("the picture cannot be decoded", "cause", err)
		return
	}
	out.Control = c
	t.cfg.Publish(out)
}

// causeFor is how long people are told why the last term ended.
const causeFor = time.Minute

func (t *term) control(now time.Time) bcp.Control {
	c := bcp.Control{Node: t.cfg.Node, Leader: strings.Trim(t.leader, noQuorum), Leads: t.leads, Quorum: t.leader != noQuorum, Seq: t.seq, Why: t.why,
		Readiness: t.sight.Readiness, ReadinessAt: t.sight.ReadinessAt, Missing: t.sight.Missing}
	if t.lease != nil {
		c.Epoch = t.lease.Epoch()
	}
	if c.Why == "" && t.loop.cause != "" && now.Sub(t.loop.causeAt) < causeFor {
		c.Why = "begun anew: " + t.loop.cause
	}
	return c
}
