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

	stop   *atomic.Bool // of a person's order: set when it must not be sent any more
	sendBy time.Time    // not sent after that; zero for a level that is asserted again
}

// dead says that a job must not be sent any more.
func (j job) dead(now time.Time) bool {
	return j.stop != nil && j.stop.Load() || !j.sendBy.IsZero() && !now.Before(j.sendBy)
}

// answer is what became of a job.
type answer struct {
	job
	receipt Receipt
	err     error
}

// lanes carries commands to the wire: people's in order on each link and at the same time on different ones, those
// of the fire response in order on each device and at the same time on different ones. A dead link or a burnt contact
// must not hold back the water on a healthy one; which goes first on a link is the wire's to say, which knows who
// answers.
type lanes struct {
	commander Commander
	answers   chan answer
	timeout   time.Duration

	mu      sync.Mutex
	site    *facility.Site
	queues  map[string]*lane            // people's, by link
	fire    map[facility.DeviceID][]job // waiting behind the one that is on its way
	ctx     context.Context             // of run, nil before and after it
	workers sync.WaitGroup
}

type lane struct {
	jobs  []job
	ready chan struct{}
}

// maxQueued bounds a lane. A fire in every rack of a 224-rack site sends fewer.
const maxQueued = 4096

// fireTime is how long a command of the fire response may be on its way at most, whatever its deadline: a long queue of
// others at a slow serial line. It must not hold back for longer what waits for the same device.
const fireTime = 10 * time.Second

// lookAgain is what a command of the fire response leaves of its deadline for its feedback: one that went out in the
// deadline's last instant would be repeated in the next.
const lookAgain = time.Second

// sendWindow is how long such a command may wait to be sent. When its deadline is over it is repeated or given up: a pulse
// sent then would follow its fallback or double its repeat. To switch a thing twice does no harm, so what is no pulse goes
// out late rather than never.
func sendWindow(deadline time.Duration, pulse bool) time.Duration {
	window := max(deadline-lookAgain, deadline/2)
	if pulse {
		return window
	}
	return max(window, fireTime)
}

func newLanes(c Commander, site *facility.Site) *lanes {
	l := &lanes{commander: c, site: site, answers: make(chan answer, maxQueued), timeout: 3 * time.Second,
		queues: map[string]*lane{}, fire: map[facility.DeviceID][]job{}}
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
	defer l.mu.Unlock()
	var q *lane
	if d := l.site.Device(j.cmd.Device); d != nil {
		q = l.queues[d.Link]
	}
	switch {
	case q == nil:
		return false
	case j.stop == nil:
		return l.respond(j)
	case len(q.jobs) >= maxQueued:
		return false
	}
	q.jobs = append(q.jobs, j)
	select {
	case q.ready <- struct{}{}:
	default:
	}
	return true
}

// respond sends a job of the fire response at once, or behind the one that is on its way to the same device. It is
// called with mu held.
func (l *lanes) respond(j job) bool {
	device := j.cmd.Device
	waiting, busy := l.fire[device]
	if len(waiting) >= maxQueued {
		return false
	}
	if ctx := l.ctx; ctx != nil && !busy {
		l.fire[device] = nil
		l.workers.Go(func() { l.carry(ctx, j) })
		return true
	}
	l.fire[device] = append(waiting, j)
	if !j.sendBy.IsZero() {
		time.AfterFunc(time.Until(j.sendBy), func() { l.expire(j) })
	}
	return true
}

// expire tells at once of a job that has waited for its device for too long, whatever it waits behind.
func (l *lanes) expire(j job) {
	l.mu.Lock()
	ctx, device := l.ctx, j.cmd.Device
	i := slices.IndexFunc(l.fire[device], func(w job) bool { return w.record == j.record && w.sendBy.Equal(j.sendBy) })
	if i >= 0 && ctx != nil {
		l.fire[device] = slices.Delete(l.fire[device], i, i+1)
	}
	l.mu.Unlock()
	if i < 0 || ctx == nil {
		return
	}
	select {
	case l.answers <- answer{job: j, err: errNotSent}:
	case <-ctx.Done():
	}
}

// carry sends a job of the fire response and those that wait behind it.
func (l *lanes) carry(ctx context.Context, j job) {
	for more := true; more; {
		receipt, err := l.execute(ctx, j)
		select {
		case l.answers <- answer{job: j, receipt: receipt, err: err}:
		case <-ctx.Done():
			return
		}
		j, more = l.behind(j.cmd.Device)
	}
}

// behind takes the next job for a device; without one the device is free.
func (l *lanes) behind(device facility.DeviceID) (job, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	waiting := l.fire[device]
	if len(waiting) == 0 {
		delete(l.fire, device)
		return job{}, false
	}
	l.fire[device] = waiting[1:]
	return waiting[0], true
}

// run works every lane until ctx ends and all of them have stopped.
func (l *lanes) run(ctx context.Context) {
	l.mu.Lock()
	l.ctx = ctx
	for _, q := range l.queues {
		l.workers.Go(func() { l.work(ctx, q) })
	}
	for device, waiting := range l.fire { // given before anybody worked
		first := waiting[0]
		l.fire[device] = waiting[1:]
		l.workers.Go(func() { l.carry(ctx, first) })
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

// execute hands a job to the wire, unless it is too late for it. Its time to wait there ends with the time to send it.
func (l *lanes) execute(ctx context.Context, j job) (Receipt, error) {
	limit, now := l.timeout, time.Now()
	if j.dead(now) {
		return Receipt{}, errNotSent
	}
	if j.stop == nil {
		limit = fireTime
	}
	if !j.sendBy.IsZero() {
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
