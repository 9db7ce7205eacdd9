package notify

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"
)

// errLeaving is why a message that still waits at the end was not tried.
var errLeaving = errors.New("not tried: the post has closed")

const (
	defaultDrain = 3 * time.Second
	notNeeded    = "another channel took it"
)

// PostOptions are what the post needs beside its sender.
type PostOptions struct {
	// Report takes every result, from several goroutines, for one message in order. The attempt waits for
	// the report of its beginning, so it may write it down first; it must not wait for the world.
	Report func(Result)
	Drain  time.Duration // how long messages under way may take at the end, 3 s when not given
	Log    *slog.Logger
}

// Post keeps the messages that wait and sends them, each channel with its own queue, pace and slots, all of
// them within the emergency lane. It is safe for concurrent use.
type Post struct {
	sender *Sender
	o      PostOptions
	wake   chan struct{}
	leave  chan struct{}
	left   chan struct{}
	once   sync.Once

	mu     sync.Mutex
	desk   *desk
	queues map[string]*queue
	ran    bool
	closed bool
}

// NewPost is a post that sends nothing until Run.
func NewPost(s *Sender, o PostOptions) *Post {
	if o.Drain == 0 {
		o.Drain = defaultDrain
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Report == nil {
		o.Report = func(Result) {}
	}
	p := &Post{sender: s, o: o, wake: make(chan struct{}, 1), leave: make(chan struct{}), left: make(chan struct{}),
		desk: newDesk(s.cfg.lane()), queues: map[string]*queue{}}
	for _, name := range slices.Sorted(maps.Keys(s.lines)) {
		q := &queue{name: name, cfg: s.lines[name].cfg}
		p.queues[name] = q
		p.desk.queues = append(p.desk.queues, q)
	}
	return p
}

// Put takes messages up and returns at once. The results it gives are of messages it does not take: their
// queue is full, no channel carries them, they were sent before, or the post has closed. A message that
// waits already is passed over: the first one reports.
func (p *Post) Put(messages []Message) []Result {
	now := time.Now()
	var out []Result
	p.mu.Lock()
	defer p.mu.Unlock()
	messages = p.places(messages)
	heard := map[string]bool{}
	for _, m := range messages {
		if a, known := p.sender.known(m); known && a.err == nil {
			heard[m.group()] = true
		}
	}
	for _, m := range messages {
		if r, refused := p.take(m, heard[m.group()], now); refused {
			out = append(out, r)
		}
	}
	select {
	case p.wake <- struct{}{}:
	default:
	}
	return out
}

// take puts one message on the desk; the result is of one that is not taken.
func (p *Post) take(m Message, heard bool, now time.Time) (r Result, refused bool) {
	if a, known := p.sender.known(m); known {
		return last(m, a.receipt, a.err, now), true
	}
	l := p.sender.line(m)
	switch {
	case m.Any && heard:
		return m.result(StateSpared, notNeeded, now), true
	case l == nil:
		return m.result(StateFailed, m.Kind+": "+ErrNoChannel.Error(), now), true
	case p.closed:
		return m.result(StateFailed, errLeaving.Error(), now), true
	}
	taken, double := p.desk.put(p.queues[l.name], m)
	if !taken && !double {
		return m.result(StateFailed, "the queue of "+l.name+" is full", now), true
	}
	return Result{}, false
}

// places names for a message to a public place every configured channel of its kind.
func (p *Post) places(messages []Message) []Message {
	var out []Message
	for _, m := range messages {
		if m.Person != "" || m.Channel != "" {
			out = append(out, m)
			continue
		}
		n := len(out)
		for _, q := range p.desk.queues {
			if q.cfg.Kind == m.Kind {
				m.Channel, m.Domain = q.name, q.cfg.Domain
				out = append(out, m)
			}
		}
		if len(out) == n {
			out = append(out, m)
		}
	}
	return out
}

// last is the result of a message after its sending.
func last(m Message, r Receipt, err error, now time.Time) Result {
	switch {
	case err == nil:
		return m.result(StateSent, r.ID, now)
	case isCertain(err):
		return m.result(StateFailed, clip(err.Error(), maxField), now)
	}
	return m.result(StateUnknown, clip(err.Error(), maxField), now)
}

// Run sends until ctx ends or Close is called. What waits then is reported as failed; what is under way has
// the drain time, after which it is cut off and unknown.
func (p *Post) Run(ctx context.Context) error {
	p.mu.Lock()
	if p.ran {
		p.mu.Unlock()
		return errors.New("the post runs already, or has run")
	}
	p.ran = true
	p.mu.Unlock()
	defer close(p.left)
	sending, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	var running sync.WaitGroup
	for p.turn(ctx, sending, &running) {
	}
	p.mu.Lock()
	p.closed = true
	dropped := p.desk.clear()
	p.mu.Unlock()
	for _, it := range dropped {
		p.o.Report(it.result(StateFailed, errLeaving.Error(), time.Now()))
	}
	timer := time.AfterFunc(p.o.Drain, cut)
	defer timer.Stop()
	running.Wait()
	return nil
}

// turn starts what may start and waits for the next reason to look; false at the end.
func (p *Post) turn(ctx, sending context.Context, running *sync.WaitGroup) bool {
	select {
	case <-ctx.Done():
		return false
	case <-p.leave:
		return false
	default:
	}
	now := time.Now()
	p.mu.Lock()
	begun, again := p.desk.start(now)
	p.mu.Unlock()
	for _, it := range begun {
		running.Go(func() { p.send(sending, it) })
	}
	var timer <-chan time.Time
	if !again.IsZero() {
		t := time.NewTimer(max(0, time.Until(again)))
		defer t.Stop()
		timer = t.C
	}
	select {
	case <-ctx.Done():
		return false
	case <-p.leave:
		return false
	case <-p.wake:
	case <-timer:
	}
	return true
}

// send is one message from the report of its beginning to the report of its end.
func (p *Post) send(ctx context.Context, it *item) {
	p.o.Report(it.result(StateSending, "", time.Now()))
	receipt, err := p.sender.Send(ctx, it.Message)
	now := time.Now()
	p.mu.Lock()
	was := it.line.sick(now)
	spared := p.desk.done(now, it, err)
	is := it.line.sick(now)
	p.mu.Unlock()
	switch {
	case is && !was:
		p.o.Log.Warn("channel is sick", "channel", it.line.name, "error", err)
	case was && !is:
		p.o.Log.Info("channel is well again", "channel", it.line.name)
	}
	p.o.Report(last(it.Message, receipt, err, now))
	for _, o := range spared {
		p.o.Report(o.result(StateSpared, notNeeded, now))
	}
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Close ends Run and waits until it has returned, at most a second longer than the drain time: a report that
// hangs must not keep the house from closing.
func (p *Post) Close() {
	p.once.Do(func() { close(p.leave) })
	p.mu.Lock()
	p.closed = true
	ran := p.ran
	p.mu.Unlock()
	if !ran {
		return
	}
	select {
	case <-p.left:
	case <-time.After(p.o.Drain + time.Second):
		p.o.Log.Error("the post has not closed in time", "drain", p.o.Drain)
	}
}
