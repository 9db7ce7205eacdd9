package control

import (
	"time"

	"bongsu/bcp"
)

// sayFor is how long messages may be under way until they count as sent: that nobody answers them is what
// moves on.
const sayFor = time.Minute

// say reaches people. The act is done once one message was taken; it is without effect when none was.
func (t *term) say(e bcp.Effect) {
	if t.paged[said(e)] {
		t.done(e.Key, bcp.ActDone, "called by this site before anybody led")
		return
	}
	if t.busy[e.Key] {
		return
	}
	t.busy[e.Key] = true
	heard := make(chan Said, 1)
	// The page itself must not wait for leadership to hold: calling people twice is better than never.
	t.cfg.Voice.Say(e, t.cfg.Roster(), func(s Said) {
		select {
		case heard <- s:
		default: // only the first word counts
		}
	})
	key, epoch, act := e.Key, t.lease.Epoch(), t.act
	t.hands.Go(func() {
		timer := time.NewTimer(sayFor)
		defer timer.Stop()
		o := bcp.Outcome{Key: key, Epoch: epoch, State: bcp.ActDone, Detail: "no word from the channels: taken for sent"}
		select {
		case <-act.Done():
			return
		case s := <-heard:
			o.State, o.Detail = s.State, s.Detail
			if s.State == bcp.ActUnknown {
				o.State = bcp.ActDone // a message that may have arrived is not sent again
			}
		case <-timer.C:
		}
		t.bring(result{outcome: o, key: key})
	})
}

// said tells one call from another. The key alone does not: what a site calls out by itself bears the key
// that the decision would have, and another site may have decided otherwise.
func said(e bcp.Effect) string { return e.Key + "|" + e.Kind + "|" + e.To }
