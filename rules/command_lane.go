package rules

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"bongsu/facility"
)

// job is one write on its way to a device.
type job struct {
	record string // id of the command record it belongs to, empty for a level that is only asserted again
	name   string
	cmd    facility.Command

	// Of a person's order.
	stop   *atomic.Bool // set when it must not be sent any more
	sendBy time.Time    // not sent after that
}

// dead says that a job must not be sent any more.
func (j job) dead(now time.Time) bool {
	return j.stop != nil && (j.stop.Load() || !now.Before(j.sendBy))
}

// answer is what became of a job.
type answer struct {
	job
	receipt Receipt
	err     error
}

// lanes carries commands to the links, in order on each link and at the same time on different ones:
// a dead link must not hold back the water on a healthy one.
type lanes struct {
	commander Commander
	answers   chan answer
	timeout   time.Duration

	mu      sync.Mutex
	site    *facility.Site
	queues  map[string]*lane
	ctx     context.Context // of run, nil before and after it
	workers sync.WaitGroup
}

type lane struct {
	jobs  []job
	ready chan struct{}
}

// add puts a job behind the others; one of the fire response goes before people's orders that wait.
func (q *lane) add(j job) {
	at := len(q.jobs)
	if j.stop == nil {
		if i := slices.IndexFunc(q.jobs, func(o job) bool { return o.stop != nil }); i >= 0 {
			at = i
		}
	}
	q.jobs = slices.Insert(q.jobs, at, j)
}

// maxQueued bounds a lane. A fire in every rack of a 224-rack site sends fewer.
const maxQueued = 4096

func newLanes(c Commander, site *facility.Site) *lanes {
	l := &lanes{commander: c, site: site, answers: make(chan answer, maxQueued), timeout: 3 * time.Second, queues: map[string]*lane{}}
	for _, link := range site.Links {
		l.open(link.ID)
	}
	return l
}

// open adds a link's queue, and its worker where the others work already.
func (l *lanes) open(link string) {
	q := &lane{ready: make(chan struct{}, 1)}
	l.queues[link] = q
	if ctx := l.ctx; ctx != nil {
		l.workers.Go(func() { l.work(ctx, q) })
	}
}

// send queues a job; it answers false when the lane is full and nothing was queued.
func (l *lanes) send(j job) bool {
	l.mu.Lock()
	var q *lane
	if d := l.site.Device(j.cmd.Device); d != nil {
		q = l.queues[d.Link]
	}
	ok := q != nil && len(q.jobs) < maxQueued
	if ok {
		q.add(j)
	}
	l.mu.Unlock()
	if ok {
		select {
		case q.ready <- struct{}{}:
		default:
		}
	}
	return ok
}

// run works every lane until ctx ends and all of them have stopped.
func (l *lanes) run(ctx context.Context) {
	l.mu.Lock()
	l.ctx = ctx
	for _, q := range l.queues {
		l.workers.Go(func() { l.work(ctx, q) })
	}
	l.mu.Unlock()
	<-ctx.Done()
	l.mu.Lock()
	l.ctx = nil // no worker is added any more
	l.mu.Unlock()
	l.workers.Wait()
}

func (l *lanes) work(ctx context.Context, q *lane) {
	for {
		j, ok := l.next(q)
		if !ok {
			select {
			case <-ctx.Done():
				return
			case <-q.ready:
				continue
			}
		}
		receipt, err := l.execute(ctx, j)
		select {
		case l.answers <- answer{job: j, receipt: receipt, err: err}:
		case <-ctx.Done():
			return
		}
	}
}

// execute hands a job to the wire, unless it is too late for it. Its time on the wire ends with the time to send it.
func (l *lanes) execute(ctx context.Context, j job) (Receipt, error) {
	limit, now := l.timeout, time.Now()
	if j.dead(now) {
		return Receipt{}, errNotSent
	}
	if j.stop != nil {
		limit = min(limit, j.sendBy.Sub(now))
	}
	one, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return l.commander.Execute(one, j.cmd)
}

func (l *lanes) next(q *lane) (job, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(q.jobs) == 0 {
		return job{}, false
	}
	j := q.jobs[0]
	q.jobs = q.jobs[1:]
	return j, true
}
