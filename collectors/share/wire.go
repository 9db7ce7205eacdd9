package share

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"bongsu/collectors"
	"bongsu/facility"
)

// A connection between a collector and the field is a row of frames each way: a byte of kind, four of length (big
// endian), the payload. Samples are binary; everything else is JSON and rare.
const (
	// From a collector.
	frameHello   = 'H' // who it is; the first
	frameBeat    = 'b' // it lives: renews its leases
	frameSamples = 's'
	frameLeft    = 'l' // it has let go of a link
	frameReceipt = 'r' // what came of an order
	frameReport  = 'i' // how its links and devices do
	frameGoodbye = 'G' // it is about to leave everything: nothing more is to be granted

	// From the field.
	frameWelcome  = 'W'
	frameRefusal  = 'X' // and the connection ends
	frameAck      = 'a' // of a beat
	frameTaken    = 't' // samples up to a number are taken
	frameGrant    = 'g'
	frameWithdraw = 'w'
	frameOrder    = 'o'
	frameCancel   = 'c' // an order was given up by who gave it

	mostFrame = 8 << 20
)

// protocol is what both ends name; another number is another language.
const protocol = 1

type hello struct {
	Protocol int    `json:"protocol"`
	Name     string `json:"name"`
	Instance string `json:"instance"` // of the process
	Revision string `json:"revision"` // of the site it works by
	Build    string `json:"build"`
	Held     []Held `json:"held"`
}

type welcome struct {
	Kept  []Held `json:"kept"`
	Taken uint64 `json:"taken"` // number of the last samples of this process that were taken
}

// refusal says why a collector is not let in.
type refusal struct {
	Why      string `json:"why"`
	Revision string `json:"revision,omitempty"` // of the site the field works by, when that is the reason
}

type beat struct {
	N       uint64        `json:"n"`
	Clock   time.Duration `json:"clock"` // the collector's
	Wall    time.Time     `json:"wall"`
	Evicted uint64        `json:"evicted"` // samples it could not keep
}

type grant struct {
	Held
	Beat uint64 `json:"beat"` // the lease runs from when this beat was sent
}

type order struct {
	ID       uint64             `json:"id"`
	Command  facility.CommandID `json:"command"`
	Value    int                `json:"value"`
	Equals   float64            `json:"equals"`
	Deadline time.Duration      `json:"deadline"` // for the feedback
	Held                        // the lease it is given under
	By       time.Duration      `json:"by"` // when it may be sent no more, on the collector's clock
}

type receipt struct {
	ID       uint64        `json:"id"`
	Code     string        `json:"code,omitempty"` // of faults; empty when all went well
	Why      string        `json:"why,omitempty"`
	Sent     time.Duration `json:"sent"` // so long ago; below 0 for never
	Accepted time.Duration `json:"accepted"`
	ReadBack int           `json:"read_back"`
	Shown    bool          `json:"shown"`
	Detail   string        `json:"detail,omitempty"`
}

type report struct {
	Links   []facility.LinkStatus   `json:"links"`
	Devices []facility.DeviceStatus `json:"devices,omitempty"` // not with every report
}

// errMoved is an order for a link that the collector does not serve by that lease any more: it was not sent.
var errMoved = errors.New("the collector does not serve the link any more: nothing was sent")

// faults are the ways an order can fail, by the word they travel as.
var faults = map[string]error{
	"refused": collectors.ErrRefused, "busy": collectors.ErrBusy, "unreachable": collectors.ErrUnreachable, "not-sent": collectors.ErrNotSent,
	"no-commands": collectors.ErrNoCommands, "no-answer": collectors.ErrNoAnswer, "not-shown": collectors.ErrNotShown,
	"moved": errMoved, "elsewhere": collectors.ErrElsewhere,
}

// codeOf is the word for an error; what has none leaves open what became of the order.
func codeOf(err error) string {
	if err == nil {
		return ""
	}
	for code, fault := range faults {
		if errors.Is(err, fault) {
			return code
		}
	}
	return "no-answer"
}

// remote is an error of the other end: its words, and the fault they stand for.
type remote struct {
	why   string
	fault error
}

func (r remote) Error() string { return r.why }
func (r remote) Unwrap() error { return r.fault }

func errorOf(code, why string) error {
	if code == "" {
		return nil
	}
	fault, ok := faults[code]
	if !ok {
		fault = collectors.ErrNoAnswer
	}
	return remote{why, fault}
}

func writeFrame(w *bufio.Writer, kind byte, payload []byte) error {
	var head [5]byte
	head[0] = kind
	binary.BigEndian.PutUint32(head[1:], uint32(len(payload)))
	if _, err := w.Write(head[:]); err != nil {
		return err
	}
	_, err := w.Write(payload)
	return err
}

func writeJSON(w *bufio.Writer, kind byte, v any) error {
	payload, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode frame %q: %w", kind, err)
	}
	return writeFrame(w, kind, payload)
}

// readFrame reads the next frame into buf, growing it where needed.
func readFrame(r *bufio.Reader, buf []byte) (kind byte, payload []byte, err error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, buf, err
	}
	n := binary.BigEndian.Uint32(head[1:])
	if n > mostFrame {
		return 0, buf, fmt.Errorf("a frame of %d bytes is too long", n)
	}
	if cap(buf) < int(n) {
		buf = make([]byte, n)
	}
	buf = buf[:n]
	_, err = io.ReadFull(r, buf)
	return head[0], buf, err
}

// batch is samples of one link, read under one lease.
type batch struct {
	seq     uint64
	link    int // in Site.Links
	term    uint64
	clock   time.Duration // the collector's, when it was sent
	wall    time.Time     // the same moment on its wall clock
	samples []facility.Sample
}

// What a sample shares with the one before it.
const (
	nextPoint = 1 << iota
	sameMark
	sameAge
	sameBack
	sameValue
)

// encode writes a batch. Of a sample's two times it keeps how long ago it was taken in, which needs no common
// clock, and how long before that the device acquired it.
func (b *batch) encode(to []byte, now time.Time) []byte {
	to = binary.AppendUvarint(to, b.seq)
	to = binary.AppendUvarint(to, uint64(b.link))
	to = binary.AppendUvarint(to, b.term)
	to = binary.AppendVarint(to, int64(b.clock))
	to = binary.AppendVarint(to, b.wall.UnixNano())
	to = binary.AppendUvarint(to, uint64(len(b.samples)))
	var p past
	for i := range b.samples {
		s := &b.samples[i]
		n := past{int64(s.Point), [3]byte{byte(s.Quality), byte(s.Reason), byte(s.Flags)}, int64(now.Sub(s.Seen)), int64(s.Seen.Sub(s.At)), math.Float64bits(s.Value)}
		head := len(to)
		to = append(to, 0)
		var same byte
		if n.point == p.point+1 {
			same |= nextPoint
		} else {
			to = binary.AppendVarint(to, n.point-p.point)
		}
		if n.mark == p.mark {
			same |= sameMark
		} else {
			to = append(to, n.mark[:]...)
		}
		if n.age == p.age {
			same |= sameAge
		} else {
			to = binary.AppendVarint(to, n.age-p.age)
		}
		if n.back == p.back {
			same |= sameBack
		} else {
			to = binary.AppendVarint(to, n.back-p.back)
		}
		if n.value == p.value {
			same |= sameValue
		} else {
			to = binary.LittleEndian.AppendUint64(to, n.value)
		}
		to[head], p = same, n
	}
	return to
}

// past is the sample before, as it was written.
type past struct {
	point int64
	mark  [3]byte
	age   int64
	back  int64
	value uint64
}

// aged is a sample with its times as they travel.
type aged struct {
	facility.Sample
	age  time.Duration // since it was taken in, when it was sent
	back time.Duration // of its acquisition before that
}

// decodeBatch reads a batch of a site with so many points and links; each gets every sample in order.
func decodeBatch(from []byte, points, links int, begin func(b batch, count int) bool, each func(aged)) error {
	d := facility.Unpacker{Rest: from}
	b := batch{seq: d.Uvarint(), link: int(d.Uvarint()), term: d.Uvarint(), clock: time.Duration(d.Varint())}
	b.wall = time.Unix(0, d.Varint())
	count := d.Count()
	if d.Bad || b.link < 0 || b.link >= links {
		return errBatch
	}
	if !begin(b, count) {
		return nil
	}
	var p past
	for range count {
		same := d.Byte()
		if p.point++; same&nextPoint == 0 {
			p.point += d.Varint() - 1
		}
		if same&sameMark == 0 {
			copy(p.mark[:], d.Take(len(p.mark)))
		}
		if same&sameAge == 0 {
			p.age += d.Varint()
		}
		if same&sameBack == 0 {
			p.back += d.Varint()
		}
		if same&sameValue == 0 {
			p.value = binary.LittleEndian.Uint64(d.Take(8))
		}
		if p.point < 0 || p.point >= int64(points) {
			d.Fail()
		}
		if d.Bad {
			return errBatch
		}
		each(aged{facility.Sample{
			Point: facility.Ref(p.point), Quality: facility.Quality(p.mark[0]), Reason: facility.Reason(p.mark[1]), Flags: facility.Flags(p.mark[2]),
			Value: math.Float64frombits(p.value),
		}, time.Duration(p.age), time.Duration(p.back)})
	}
	if len(d.Rest) > 0 {
		return errBatch
	}
	return nil
}

var errBatch = errors.New("no batch of samples")
