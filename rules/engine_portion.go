package rules

import (
	"math"
	"time"

	"bongsu/journal"
)

// portion is how many records of alarms a turn writes before the rest waits for the next one: a flood of ten thousand takes
// a tenth of a second to write, and a scan of the fire response that completes meanwhile must not stand behind all of it.
const portion = 512

// atOnce is ready when the last turn left something to judge.
func (e *Engine) atOnce() <-chan struct{} {
	if !e.behind {
		return nil
	}
	ready := make(chan struct{})
	close(ready)
	return ready
}

// samplesFirst takes a turn for the samples that wait, whatever else woke the loop: they may complete a scan of the fire
// response, and an act or an answer waits for the disk.
func (e *Engine) samplesFirst() {
	select {
	case <-e.cfg.Reader.Ready():
		var ev event
		ev.batches, ev.thinned = e.cfg.Reader.Take()
		e.turn(e.clock.now(), ev)
	default:
	}
}

// judge lets the alarms take what has changed, until they have brought a portion: the rest stays for the next turn, which
// comes at once. What comes faster than it can be judged is not kept waiting without end.
func (e *Engine) judge(now time.Time) (drafts []journal.Draft) {
	most := portion
	if len(e.changed) > len(e.cfg.Site.Points) {
		most = math.MaxInt
	}
	records, judged := e.alarms.EvalSome(now, e.view, e.changed, most)
	e.behind = len(records) >= most
	e.changed = e.changed[:copy(e.changed, e.changed[judged:])]
	for _, a := range records {
		drafts = append(drafts, alarmDraft(a, "rules"))
	}
	return drafts
}
