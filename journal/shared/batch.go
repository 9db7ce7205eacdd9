package shared

// batch is the requests of one transaction.
type batch struct {
	requests []*request
	keys     map[string]bool
	entries  int
	bytes    int
}

// fits says whether r may join: one transaction has one fence, moves at most one mark and uses
// each key once.
func (b *batch) fits(r *request) bool {
	if len(b.requests) == 0 {
		return true
	}
	first := b.requests[0]
	if r.fence != first.fence || r.mark != nil || first.mark != nil {
		return false
	}
	if b.entries+len(r.entries) > batchLimit || b.bytes > batchBytes {
		return false
	}
	for _, e := range r.entries {
		if b.keys[e.Key] || b.bytes+len(e.Data) > batchBytes {
			return false
		}
	}
	return true
}

func (b *batch) add(r *request) {
	b.requests = append(b.requests, r)
	b.entries += len(r.entries)
	for _, e := range r.entries {
		b.keys[e.Key] = true
		b.bytes += len(e.Data)
	}
}

func (b *batch) fence() *Lease { return b.requests[0].fence }
func (b *batch) mark() *mark   { return b.requests[0].mark }

// fresh is every entry that has no place yet.
func (b *batch) fresh() []*Entry {
	out := make([]*Entry, 0, b.entries)
	for _, r := range b.requests {
		for i := range r.entries {
			if r.entries[i].Seq == 0 {
				out = append(out, &r.entries[i])
			}
		}
	}
	return out
}

// abandoned says that nobody waits for the outcome any more.
func (b *batch) abandoned() bool {
	for _, r := range b.requests {
		if !r.gone.Load() {
			return false
		}
	}
	return true
}

func (b *batch) finish(err error) {
	for _, r := range b.requests {
		r.err = err
		close(r.done)
	}
}
