package control

import (
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"bongsu/bcp"
)

// errPanic is matched by a fault of the program that was caught.
var errPanic = errors.New("a fault of the program was caught")

// panicked is a panic as an error, with where it happened.
type panicked struct {
	what  any
	stack []byte
}

func (p *panicked) Error() string        { return fmt.Sprintf("%v: %v", errPanic, p.what) }
func (p *panicked) Is(target error) bool { return target == errPanic }

// guarded runs fn and turns a panic into an error.
func guarded(fn func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &panicked{what: r, stack: debug.Stack()}
		}
	}()
	return fn()
}

const (
	// stuckAfter is how long the loop may stand still with the lease in its hands. The longest single call it
	// makes takes two seconds.
	stuckAfter  = 10 * time.Second
	watchEvery  = time.Second
	resignAfter = time.Second // for giving leadership back
)

// beat says that the loop moves on.
func (l *Loop) beat() {
	now := l.cfg.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.turned = now
}

// Turned is when the loop last moved on, for health.
func (l *Loop) Turned() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.turned
}

// hold notes the lease where the watchdog finds it.
func (l *Loop) hold(lease Lease) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held = lease
}

// watchdog gives leadership back when the loop stands still while it holds it: the lease renews itself, so
// nobody else would ever lead.
func (t *term) watchdog() error {
	for pauseFor(t.ctx, watchEvery) {
		t.loop.mu.Lock()
		lease, turned := t.loop.held, t.loop.turned
		t.loop.mu.Unlock()
		if lease == nil || t.cfg.Now().Sub(turned) < stuckAfter {
			continue
		}
		t.loop.hold(nil)
		t.log.Error("the continuity loop stands still: leadership is given back so that another site can lead", "since", turned, "epoch", lease.Epoch())
		t.resign(lease)
	}
	return nil
}

// cry calls the control tower when the program itself fails: nobody else may be deciding.
func (l *Loop) cry(cause error) {
	now := l.cfg.Now()
	if now.Sub(l.cried) < cryEvery && !l.cried.IsZero() {
		return
	}
	l.cried = now
	err := guarded(func() error {
		roster := l.cfg.Roster()
		if roster == nil {
			return nil
		}
		for i, person := range roster.Roles[bcp.RoleTower] {
			l.cfg.Voice.Say(bcp.Effect{Key: fmt.Sprintf(ownCalls+"%s/%d/%d", l.cfg.Node, now.UnixMilli(), i), Kind: bcp.EffectPage, To: person,
				Args: map[string]string{"text": "continuity at " + l.cfg.Node + " cannot decide: " + cut(cause.Error(), 400)}}, roster, func(Said) {})
		}
		return nil
	})
	if err != nil {
		l.log.Error("the control tower could not be called either", "cause", err)
	}
}

// cryEvery bounds how often the tower is called about the program.
const cryEvery = time.Hour
