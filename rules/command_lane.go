package rules

import (
	"context"
	"sync"
	"time"

	"bongsu/facility"
)

// job is one write on its way to a device.
type job struct {
	record string // id of the command record it belongs to, empty for a level that is only asserted again
	name   string
	cmd    facility.Command
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
	linkOf    func(facility.DeviceID) string
	answers   chan answer
	timeout   time.Duration

	mu     sync.Mutex
	queues map[string]*lane
}

type lane struct {
	jobs  []job
	ready chan struct{}
}

// maxQueued bounds a lane. A fire in every rack of a 224-rack site sends fewer.
const maxQueued = 4096

func newLanes(c Commander, site *facility.Site) *lanes {
	l := &lanes{commander: c, answers: make(chan answer, maxQueued), timeout: 3 * time.Second, queues: map[string]*lane{}}
	l.linkOf = func(id facility.DeviceID) string {
		if d := site.Device(id); d != nil {
			return d.Link
		}
		return ""
	}
	for _, link := range site.Links {
		l.queues[link.ID] = &lane{ready: make(chan struct{}, 1)}
	}
	return l
}

// send queues a job; it answers false when the lane is full and nothing was queued.
func (l *lanes) send(j job) bool {
	q := l.queues[l.linkOf(j.cmd.Device)]
	l.mu.Lock()
	ok := q != nil && len(q.jobs) < maxQueued
	if ok {
		q.jobs = append(q.jobs, j)
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
	var wg sync.WaitGroup
	for _, q := range l.queues {
		wg.Go(func() { l.work(ctx, q) })
	}
	wg.Wait()
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
		one, cancel := context.WithTimeout(ctx, l.timeout)
		receipt, err := l.commander.Execute(one, j.cmd)
		cancel()
		select {
		case l.answers <- answer{job: j, receipt: receipt, err: err}:
		case <-ctx.Done():
			return
		}
	}
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
