package control

import "time"

// restFor is how long no entry has to come until the state is compared with the other nodes': all of them stand
// at the same entry then, and a leader has read back what it wrote.
const restFor = 3 * time.Second

// shareOf bounds what comparing takes of the loop's time: a hundredth.
const shareOf = 100

// compare tells what the entries add up to, once at each place where the journal rests.
func (t *term) compare(now time.Time) {
	if t.cfg.Folded == nil || t.seq == t.compared || len(t.own) > 0 || now.Sub(t.fed) < restFor || now.Before(t.costly) {
		return
	}
	began := time.Now()
	hash, err := t.org.StateHash()
	if err != nil {
		t.log.Error("the state cannot be compared with the other nodes'", "cause", err)
	}
	t.costly = now.Add(shareOf * time.Since(began))
	if t.compared = t.seq; err == nil {
		t.cfg.Folded(t.seq, hash)
	}
}
