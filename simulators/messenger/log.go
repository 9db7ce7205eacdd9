package messenger

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// What a message store refuses, each with its code in the answers of the messenger.
var (
	errStaleEpoch  = errors.New("stale-epoch")  // an order older than one already promised
	errReadOnly    = errors.New("read-only")    // fenced: reads only
	errNotPrimary  = errors.New("not-primary")  // another site writes this group
	errHole        = errors.New("hole")         // the log lacks a committed record
	errGap         = errors.New("gap")          // a replica must first get what comes before
	errDiverged    = errors.New("diverged")     // the stores disagree about a committed record
	errNoMajority  = errors.New("no-majority")  // the outcome of a write is unknown
	errEpochClaims = errors.New("epoch-claims") // this epoch was promised to another site
)

// groupRole is what a site does for a service group.
type groupRole string

const (
	roleReplica  groupRole = "replica"
	rolePrimary  groupRole = "primary"
	roleReadOnly groupRole = "readonly"
)

// position is a place in a log: later epochs win, then longer logs.
type position struct {
	Epoch uint64 `json:"epoch"`
	Seq   int64  `json:"seq"`
}

func (p position) before(q position) bool {
	return p.Epoch < q.Epoch || p.Epoch == q.Epoch && p.Seq < q.Seq
}

// record is one entry of a group's log.
type record struct {
	Seq   int64  `json:"seq"`
	Epoch uint64 `json:"epoch"`
	ID    string `json:"id"` // unique: a repeated write is the same write
	From  string `json:"from,omitempty"`
	To    string `json:"to,omitempty"`
	Body  string `json:"body,omitempty"`
	At    int64  `json:"at,omitempty"` // ms since 1970, of data that is copied with a lag
}

// keptRecords bounds a log. Only records that every site has committed are forgotten, until a site has been
// away for so long that it has to start anew.
const (
	keptRecords = 60_000
	mostRecords = 4 * keptRecords
)

// groupLog is the durable log of one service group at one site, with the promise that fences it. It knows
// no clock, socket or lock. A record is committed once two of the three sites hold it under one epoch;
// epochs come from outside, and one epoch never has two writers.
type groupLog struct {
	self       string
	base       position // of the record before records[0]
	records    []record
	committed  int64
	known      int64 // the highest commit anybody has told of
	promised   uint64
	promisedTo string // empty after a fence that names nobody
	role       groupRole
	index      map[string]int64
	boxes      map[string][]int64 // by whom the records are to
}

func newGroupLog(self, primary string) *groupLog {
	l := &groupLog{self: self, promised: 1, promisedTo: primary, role: roleReplica, index: map[string]int64{}, boxes: map[string][]int64{}}
	if self == primary {
		l.role = rolePrimary
	}
	return l
}

func (l *groupLog) last() position {
	if n := len(l.records); n > 0 {
		return position{l.records[n-1].Epoch, l.records[n-1].Seq}
	}
	return l.base
}

// at gives the position of a sequence number the log holds.
func (l *groupLog) at(seq int64) (position, bool) {
	switch {
	case seq == l.base.Seq:
		return l.base, true
	case seq < l.base.Seq || seq > l.last().Seq:
		return position{}, false
	}
	r := l.records[seq-l.base.Seq-1]
	return position{r.Epoch, r.Seq}, true
}

// after lists up to n records behind a sequence number, which must not lie before the base.
func (l *groupLog) after(seq int64, n int) []record {
	from := min(max(0, int(seq-l.base.Seq)), len(l.records))
	return slices.Clone(l.records[from:min(len(l.records), from+n)])
}

func (l *groupLog) push(r record) {
	l.records = append(l.records, r)
	l.index[r.ID] = r.Seq
	if r.To != "" {
		l.boxes[r.To] = append(l.boxes[r.To], r.Seq)
	}
}

// cut drops everything behind a sequence number.
func (l *groupLog) cut(seq int64) {
	for len(l.records) > 0 && l.last().Seq > seq {
		gone := l.records[len(l.records)-1]
		delete(l.index, gone.ID)
		if box := l.boxes[gone.To]; len(box) > 0 {
			l.boxes[gone.To] = box[:len(box)-1]
		}
		l.records = l.records[:len(l.records)-1]
	}
}

// write appends a record of the primary, or finds the one already there. It is not committed yet.
func (l *groupLog) write(r record) (int64, error) {
	switch l.role {
	case roleReadOnly:
		return 0, fmt.Errorf("%w at epoch %d", errReadOnly, l.promised)
	case roleReplica:
		return 0, fmt.Errorf("%w: epoch %d belongs to %q", errNotPrimary, l.promised, l.promisedTo)
	}
	if seq, ok := l.index[r.ID]; ok {
		return seq, nil
	}
	r.Seq, r.Epoch = l.last().Seq+1, l.promised
	l.push(r)
	return r.Seq, nil
}

// appendCall is what a primary sends to a replica; without records it is a heartbeat.
type appendCall struct {
	Group     string   `json:"group"`
	From      string   `json:"from"`
	Epoch     uint64   `json:"epoch"`
	Prev      position `json:"prev"`
	Records   []record `json:"records,omitempty"`
	Committed int64    `json:"committed"`
	Reset     bool     `json:"reset,omitempty"` // the replica is so far behind that it starts at Prev
}

// accept takes a primary's records. With errGap the primary sends from an earlier place.
func (l *groupLog) accept(c appendCall) error {
	if c.Epoch < l.promised {
		return fmt.Errorf("%w: epoch %d, promised %d", errStaleEpoch, c.Epoch, l.promised)
	}
	// An epoch heard of without its owner (from an answer that ended an older right to write) is whose
	// writes at it: a majority has promised it to one site only.
	if c.Epoch == l.promised && l.promisedTo != "" && l.promisedTo != c.From {
		return fmt.Errorf("%w: epoch %d belongs to %q", errEpochClaims, c.Epoch, l.promisedTo)
	}
	l.promised, l.promisedTo, l.role = c.Epoch, c.From, roleReplica
	l.known = max(l.known, c.Committed)
	if err := l.extend(c.Prev, c.Records, c.Reset); err != nil {
		return err
	}
	// Only what is proven to be like the primary's may count as committed.
	l.commit(min(c.Committed, c.Prev.Seq+int64(len(c.Records))))
	return nil
}

// extend puts records behind a position that both logs must share; what contradicts them and is not
// committed goes.
func (l *groupLog) extend(prev position, records []record, reset bool) error {
	if reset && prev.Seq > l.last().Seq {
		l.records, l.base, l.committed, l.index, l.boxes = nil, prev, prev.Seq, map[string]int64{}, map[string][]int64{}
	}
	if have, ok := l.at(prev.Seq); !ok || have != prev {
		if prev.Seq < l.base.Seq {
			return fmt.Errorf("%w: %d lies before the base", errGap, prev.Seq)
		}
		return fmt.Errorf("%w: no record %d of epoch %d", errGap, prev.Seq, prev.Epoch)
	}
	for _, r := range records {
		if have, ok := l.at(r.Seq); ok {
			if have.Epoch == r.Epoch {
				continue
			}
			if r.Seq <= l.committed {
				return fmt.Errorf("%w: record %d is committed under epoch %d, sent under %d", errDiverged, r.Seq, have.Epoch, r.Epoch)
			}
			l.cut(r.Seq - 1)
		}
		l.push(r)
	}
	return nil
}

func (l *groupLog) commit(seq int64) {
	l.committed = max(l.committed, min(seq, l.last().Seq))
	l.known = max(l.known, l.committed)
}

// fence makes the group read-only under an epoch that nobody older can write in.
func (l *groupLog) fence(epoch uint64) error {
	if epoch < l.promised || epoch == l.promised && l.role == rolePrimary {
		return fmt.Errorf("%w: fence at epoch %d, promised %d to %q", errStaleEpoch, epoch, l.promised, l.promisedTo)
	}
	if epoch > l.promised {
		l.promised, l.promisedTo = epoch, ""
	}
	l.role = roleReadOnly
	return nil
}

// promise grants an epoch to a candidate and tells how far this log reaches.
func (l *groupLog) promise(epoch uint64, candidate string) (position, error) {
	if epoch < l.promised {
		return position{}, fmt.Errorf("%w: epoch %d, promised %d", errStaleEpoch, epoch, l.promised)
	}
	if epoch == l.promised && l.promisedTo != "" && l.promisedTo != candidate {
		return position{}, fmt.Errorf("%w: epoch %d belongs to %q", errEpochClaims, epoch, l.promisedTo)
	}
	if epoch > l.promised && l.role == rolePrimary {
		l.role = roleReadOnly
	}
	l.promised, l.promisedTo = epoch, candidate
	return l.last(), nil
}

// lead makes this site the primary of the epoch it was promised. Its first record marks the epoch: once that
// is committed, so is all that stands before it.
func (l *groupLog) lead() int64 {
	l.role = rolePrimary
	seq, err := l.write(record{ID: fmt.Sprintf("epoch-%d", l.promised)})
	if err != nil {
		panic("messenger: a primary that cannot write") // the role was set one line above
	}
	return seq
}

// stepDown takes a newer epoch from somebody else: this site writes no more.
func (l *groupLog) stepDown(epoch uint64) {
	if epoch > l.promised {
		l.promised, l.promisedTo, l.role = epoch, "", roleReadOnly
	}
}

// restart is what a power loss leaves: the disk, and no right to write.
func (l *groupLog) restart() {
	l.role = roleReplica
}

// trim forgets the oldest records up to a sequence number that every site has committed.
func (l *groupLog) trim(everywhere int64) {
	if len(l.records) > mostRecords {
		everywhere = l.committed
	}
	n := min(len(l.records)-keptRecords, int(everywhere-l.base.Seq))
	if n < keptRecords/10 {
		return
	}
	for _, r := range l.records[:n] {
		delete(l.index, r.ID)
		if box := l.boxes[r.To]; len(box) > 1 {
			l.boxes[r.To] = box[1:]
		} else {
			delete(l.boxes, r.To)
		}
	}
	l.base = position{l.records[n-1].Epoch, l.records[n-1].Seq}
	l.records = slices.Clone(l.records[n:])
}

// find gives a record that is committed, and not behind a place that reads end at.
func (l *groupLog) find(id string, end int64) (record, bool) {
	seq, ok := l.index[id]
	if !ok || seq > min(l.committed, end) {
		return record{}, false
	}
	return l.records[seq-l.base.Seq-1], true
}

// everything is an end for reads that end nowhere.
const everything = math.MaxInt64

// inbox lists up to n committed records to a user behind a sequence number, up to an end.
func (l *groupLog) inbox(user string, after, end int64, n int) []record {
	var out []record
	box := l.boxes[user]
	first, _ := slices.BinarySearch(box, after+1)
	for _, seq := range box[first:] {
		if seq > min(l.committed, end) || len(out) == n {
			break
		}
		out = append(out, l.records[seq-l.base.Seq-1])
	}
	return out
}
