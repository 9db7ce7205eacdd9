package journal

import "sync"

// tip is how far a log may be read. It wakes readers when it moves.
type tip struct {
	mu      sync.Mutex
	end     position
	seq     uint64
	closed  bool
	changed chan struct{}
}

func newTip() *tip { return &tip{} }

func (t *tip) get() (end position, seq uint64, closed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.end, t.seq, t.closed
}

// watch gives a channel that is closed at the next move. Take it before reading to the end.
func (t *tip) watch() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.changed == nil {
		t.changed = make(chan struct{})
	}
	return t.changed
}

func (t *tip) move(end position, seq uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end, t.seq = end, seq
	t.wake()
}

func (t *tip) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	t.wake()
}

func (t *tip) wake() {
	if t.changed != nil {
		close(t.changed)
		t.changed = nil
	}
}
