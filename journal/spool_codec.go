package journal

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"bongsu/facility"
)

// Records of a spool segment: a header first, then a dictionary before the batches that need it.
const (
	recHeader     = 1
	recDictionary = 2
	recBatch      = 3

	// maxBatch bounds the samples of one record, so that it stays far below a segment.
	maxBatch = 1 << 16
)

var errSpool = errors.New("no spool record")

// header begins a segment. The counters go on from segment to segment, so that what was evicted is
// known without reading what is gone.
type header struct {
	first   uint64 // number of the first batch that may follow
	prev    uint64 // number of the last batch written before, lower where numbers were skipped
	samples uint64 // samples in all segments before this one
	evicted uint64 // samples given up unread until now
}

func (h header) append(b []byte) []byte {
	b = append(b, recHeader)
	b = binary.AppendUvarint(b, h.first)
	b = binary.AppendUvarint(b, h.prev)
	b = binary.AppendUvarint(b, h.samples)
	return binary.AppendUvarint(b, h.evicted)
}

func decodeHeader(b []byte) (header, error) {
	d := fieldReader{rest: b}
	if d.byte() != recHeader {
		d.fail(errors.New("no header"))
	}
	h := header{first: d.uvarint(), prev: d.uvarint(), samples: d.uvarint(), evicted: d.uvarint()}
	return h, d.end()
}

func (d *fieldReader) end() error {
	if d.err == nil && len(d.rest) > 0 {
		d.err = errors.New("bytes follow it")
	}
	if d.err != nil {
		return fmt.Errorf("%w: %w", errSpool, d.err)
	}
	return nil
}

// revision is the short name of a dictionary, from its content.
type revision [4]byte

func (r revision) String() string { return hex.EncodeToString(r[:]) }

// dictionary says which point an index of a batch means.
type dictionary struct {
	rev    revision
	points []facility.PointID
}

// appendDictionary writes the points in order, each as how many bytes it shares with the one before
// and the rest.
func appendDictionary(b []byte, points []facility.PointID) ([]byte, revision) {
	b = append(b, recDictionary)
	start := len(b)
	b = append(b, make([]byte, len(revision{}))...)
	b = binary.AppendUvarint(b, uint64(len(points)))
	last := ""
	for _, p := range points {
		id := string(p)
		n := 0
		for n < len(id) && n < len(last) && id[n] == last[n] {
			n++
		}
		b = binary.AppendUvarint(b, uint64(n))
		b = binary.AppendUvarint(b, uint64(len(id)-n))
		b = append(b, id[n:]...)
		last = id
	}
	sum := sha256.Sum256(b[start+len(revision{}):])
	rev := revision(sum[:len(revision{})])
	copy(b[start:], rev[:])
	return b, rev
}

func decodeDictionary(b []byte) (dictionary, error) {
	d := fieldReader{rest: b}
	if d.byte() != recDictionary {
		d.fail(errors.New("no dictionary"))
	}
	var out dictionary
	copy(out.rev[:], d.take(len(out.rev)))
	sum := sha256.Sum256(d.rest)
	if d.err == nil && revision(sum[:len(out.rev)]) != out.rev {
		d.fail(errors.New("the dictionary is not what its name says"))
	}
	n := d.uvarint()
	if n > uint64(len(d.rest)) { // each point takes two bytes at least
		d.fail(errShort)
		n = 0
	}
	out.points = make([]facility.PointID, 0, n)
	last := ""
	for i := uint64(0); i < n && d.err == nil; i++ {
		shared := d.uvarint()
		if shared > uint64(len(last)) {
			d.fail(errShort)
			break
		}
		rest := d.text()
		if int(shared) < len(last) && rest != "" && rest[0] == last[shared] {
			d.fail(errVarint) // it shares more than it says
		}
		last = last[:shared] + rest
		out.points = append(out.points, facility.PointID(last))
	}
	return out, d.end()
}

// A sample begins with a byte: the high half says what is the same as in the sample before, the low
// half how the value is written.
const (
	nextPoint = 1 << (7 - iota) // the point is the one after the last
	sameMark                    // quality, reason and flags
	sameAt
	sameSeen // the time from At to Seen
)

const (
	valueSame = iota
	valueInt
	valueFloat32
	valueFloat64
	valueScaled // valueScaled+i: an integer and scales[i]
)

// scales are tried in order: the decimals a device sends, divided or multiplied as drivers do.
var scales = [...]struct {
	by     float64
	divide bool
}{{10, true}, {100, true}, {1000, true}, {0.1, false}, {0.01, false}, {0.001, false}}

func scaled(n int64, scale int) float64 {
	if scales[scale].divide {
		return float64(n) / scales[scale].by
	}
	return float64(n) * scales[scale].by
}

// batchWriter encodes samples; each is written as its difference from the one before.
type batchWriter struct {
	point  int64
	mark   [3]byte
	at     int64 // microseconds
	seen   int64 // microseconds after at
	value  uint64
	scale  int // that fitted last
	points int // in the dictionary
}

// appendBatch writes a batch record: number, dictionary, count and samples. A sample of a point the
// dictionary does not have is the caller's mistake and an error.
func appendBatch(b []byte, seq uint64, dict dictionary, samples []facility.Sample) ([]byte, error) {
	b = append(b, recBatch)
	b = binary.AppendUvarint(b, seq)
	b = append(b, dict.rev[:]...)
	b = binary.AppendUvarint(b, uint64(len(samples)))
	w := batchWriter{point: -1, points: len(dict.points)}
	for i := range samples {
		if int(samples[i].Point) >= w.points {
			return nil, fmt.Errorf("spool sample %d: point %d is not among the %d of the list", i, samples[i].Point, w.points)
		}
		b = w.append(b, &samples[i])
	}
	return b, nil
}

func (w *batchWriter) append(b []byte, s *facility.Sample) []byte {
	head := len(b)
	b = append(b, 0)
	var flags byte
	point, mark := int64(s.Point), [3]byte{byte(s.Quality), byte(s.Reason), byte(s.Flags)}
	at := s.At.UnixMicro()
	seen := s.Seen.UnixMicro() - at
	if point == w.point+1 {
		flags |= nextPoint
	} else {
		b = binary.AppendVarint(b, point-w.point)
	}
	if mark == w.mark {
		flags |= sameMark
	} else {
		b = append(b, mark[:]...)
	}
	if at == w.at {
		flags |= sameAt
	} else {
		b = binary.AppendVarint(b, at-w.at)
	}
	if seen == w.seen {
		flags |= sameSeen
	} else {
		b = binary.AppendVarint(b, seen-w.seen)
	}
	b, how := w.appendValue(b, s.Value)
	b[head] = flags | how
	w.point, w.mark, w.at, w.seen, w.value = point, mark, at, seen, math.Float64bits(s.Value)
	return b
}

// appendValue takes the shortest form that gives back the very same bits.
func (w *batchWriter) appendValue(b []byte, v float64) ([]byte, byte) {
	bits := math.Float64bits(v)
	if bits == w.value {
		return b, valueSame
	}
	if math.Abs(v) < 1<<31 {
		if n := int64(v); math.Float64bits(float64(n)) == bits {
			return binary.AppendVarint(b, n), valueInt
		}
		if n, ok := w.fit(v, bits); ok {
			return binary.AppendVarint(b, n), byte(valueScaled + w.scale)
		}
	}
	if f := float32(v); math.Float64bits(float64(f)) == bits {
		return binary.LittleEndian.AppendUint32(b, math.Float32bits(f)), valueFloat32
	}
	return binary.LittleEndian.AppendUint64(b, bits), valueFloat64
}

// fit looks for a decimal form of v, first the one that fitted last.
func (w *batchWriter) fit(v float64, bits uint64) (int64, bool) {
	for k := range len(scales) {
		i := (w.scale + k) % len(scales)
		by := scales[i].by
		if !scales[i].divide {
			by = 1 / by
		}
		n := int64(math.RoundToEven(v * by))
		if math.Float64bits(scaled(n, i)) == bits {
			w.scale = i
			return n, true
		}
	}
	return 0, false
}

// batchHead is a batch record before its samples.
type batchHead struct {
	seq   uint64
	rev   revision
	count int
}

func decodeBatchHead(d *fieldReader) batchHead {
	if d.byte() != recBatch {
		d.fail(errors.New("no batch"))
	}
	h := batchHead{seq: d.uvarint()}
	copy(h.rev[:], d.take(len(h.rev)))
	n := d.uvarint()
	if n > maxBatch || n > uint64(len(d.rest)) {
		d.fail(errShort)
		n = 0
	}
	h.count = int(n)
	return h
}

// decodeBatch reads a batch whose dictionary has so many points. Times come back in UTC with
// microseconds.
func decodeBatch(b []byte, points int) (batchHead, []facility.Sample, error) {
	return decodeBatchInto(nil, b, points)
}

// decodeBatchInto is decodeBatch that uses the room it is given where that is enough.
func decodeBatchInto(room []facility.Sample, b []byte, points int) (batchHead, []facility.Sample, error) {
	d := fieldReader{rest: b}
	h := decodeBatchHead(&d)
	out := slices.Grow(room[:0], h.count)[:h.count]
	w := batchWriter{point: -1, points: points}
	for i := range out {
		if w.read(&d, &out[i]); d.err != nil {
			break
		}
	}
	return h, out, d.end()
}

func (w *batchWriter) read(d *fieldReader, s *facility.Sample) {
	head := d.byte()
	if w.point++; head&nextPoint == 0 {
		w.point += d.varint() - 1
	}
	if w.point < 0 || w.point >= int64(w.points) {
		d.fail(errors.New("a point is not in the dictionary"))
		return
	}
	if head&sameMark == 0 {
		copy(w.mark[:], d.take(len(w.mark)))
	}
	if head&sameAt == 0 {
		w.at += d.varint()
	}
	if head&sameSeen == 0 {
		w.seen += d.varint()
	}
	v := math.Float64frombits(w.value)
	switch how := int(head & 15); {
	case how == valueSame:
	case how == valueInt:
		v = float64(d.varint())
	case how == valueFloat32:
		v = float64(math.Float32frombits(binary.LittleEndian.Uint32(d.take(4))))
	case how == valueFloat64:
		v = math.Float64frombits(binary.LittleEndian.Uint64(d.take(8)))
	case how-valueScaled < len(scales):
		v = scaled(d.varint(), how-valueScaled)
	default:
		d.fail(errors.New("a value is written in an unknown way"))
	}
	w.value = math.Float64bits(v)
	s.Point, s.Value = facility.Ref(w.point), v
	s.Quality, s.Reason, s.Flags = facility.Quality(w.mark[0]), facility.Reason(w.mark[1]), facility.Flags(w.mark[2])
	s.At, s.Seen = time.UnixMicro(w.at).UTC(), time.UnixMicro(w.at+w.seen).UTC()
}
