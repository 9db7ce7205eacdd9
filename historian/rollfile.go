package historian

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"io"
	"math"
	"os"
	"slices"
	"sort"
	"time"

	"bongsu/facility"
)

// A roll-up file holds one day of every point in buckets of one width. It is written once, synced and
// moved into place, so it is there whole or not at all:
//
//	magic | a chunk for each point | table: hash, offset, length, CRC of each chunk | footer
//
// A chunk is the point's name and its buckets, each as its difference from the one before. A value is
// kept exactly; the average to 1/65,535 of the bucket's span.

var rollMagic = [8]byte{'B', 'O', 'N', 'G', 'R', 'O', 'L', '1'}

const (
	rollEntry  = 8 + 8 + 4 + 4
	rollFooter = 8 + 8 + 4 + 8
)

var errRoll = errors.New("no roll-up")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// How a bucket is written: the low bits of its first byte, above them the scale.
const (
	rollGap     = 1 << iota // buckets are missing before it; how many follows
	rollFlat                // least, greatest, average and last are one value
	rollQuality             // its quality is not the one before; it follows
	rollRepeat              // so many more buckets like the one before
	rollScale   = 4
)

// rollScales are the decimals tried; 0 means the bits of a float64.
var rollScales = [...]float64{0, 1, 10, 100, 1000}

type rollWriter struct {
	prev  int64 // index of the bucket before
	last  float64
	q     facility.Quality
	flat  bool
	count uint64 // of a run of equal buckets not written yet
}

// appendBuckets writes buckets whose times are multiples of width after day, in order.
func appendBuckets(b []byte, day time.Time, width time.Duration, buckets []Bucket) []byte {
	w := rollWriter{prev: -1, q: facility.Good}
	for i := range buckets {
		k := &buckets[i]
		index := int64(k.T.Sub(day) / width)
		flat := k.Min == k.Max && k.Last == k.Min
		if flat && w.flat && index == w.prev+1 && k.Last == w.last && k.Quality == w.q {
			w.count++
			w.prev = index
			continue
		}
		b = w.flush(b)
		b = w.append(b, k, index, flat)
	}
	return w.flush(b)
}

func (w *rollWriter) flush(b []byte) []byte {
	if w.count > 0 {
		b = binary.AppendUvarint(append(b, rollRepeat), w.count)
	}
	w.count = 0
	return b
}

func (w *rollWriter) append(b []byte, k *Bucket, index int64, flat bool) []byte {
	head := len(b)
	b = append(b, 0)
	var how byte
	if gap := index - w.prev - 1; gap > 0 {
		how |= rollGap
		b = binary.AppendUvarint(b, uint64(gap))
	}
	if k.Quality != w.q {
		how |= rollQuality
		b = append(b, byte(k.Quality))
	}
	if flat {
		how |= rollFlat
	}
	scale := rollScaleOf(k.Min, k.Max, k.Last)
	how |= byte(scale << rollScale)
	b = w.values(b, k, scale, flat)
	b[head] = how
	w.prev, w.last, w.q, w.flat = index, k.Last, k.Quality, flat
	return b
}

func (w *rollWriter) values(b []byte, k *Bucket, scale int, flat bool) []byte {
	by := rollScales[scale]
	if scale == 0 {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(k.Last))
	} else {
		b = binary.AppendVarint(b, int64(math.Round(k.Last*by))-rounded(w.last, by))
	}
	if flat {
		return b
	}
	if scale == 0 {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(k.Min))
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(k.Max))
	} else {
		b = binary.AppendUvarint(b, uint64(math.Round(k.Last*by)-math.Round(k.Min*by)))
		b = binary.AppendUvarint(b, uint64(math.Round(k.Max*by)-math.Round(k.Last*by)))
	}
	part := 0.0
	if span := k.Max - k.Min; span > 0 {
		part = min(max((k.Avg-k.Min)/span, 0), 1)
	}
	return binary.LittleEndian.AppendUint16(b, uint16(math.Round(part*math.MaxUint16)))
}

// rounded is what a value before counts as in another scale; both sides must find the same.
func rounded(v, by float64) int64 {
	if r := math.Round(v * by); math.Abs(r) < 1<<52 {
		return int64(r)
	}
	return 0
}

func rollScaleOf(values ...float64) int {
next:
	for i := 1; i < len(rollScales); i++ {
		for _, v := range values {
			n := math.Round(v * rollScales[i])
			if math.Abs(n) >= 1<<52 || n/rollScales[i] != v {
				continue next
			}
		}
		return i
	}
	return 0
}

// decodeBuckets reads what appendBuckets wrote.
func decodeBuckets(b []byte, day time.Time, width time.Duration) ([]Bucket, error) {
	var out []Bucket
	r := rollReader{rest: b}
	most := int64(24 * time.Hour / width)
	index, k := int64(-1), Bucket{Quality: facility.Good}
	for len(r.rest) > 0 && !r.failed {
		how := r.byte()
		if how&rollRepeat != 0 {
			for n := r.uvarint(); n > 0 && index+1 < most; n-- {
				index++
				k.T = day.Add(time.Duration(index) * width)
				out = append(out, k)
			}
			continue
		}
		index++
		if how&rollGap != 0 {
			index += int64(min(r.uvarint(), uint64(most)))
		}
		if how&rollQuality != 0 {
			k.Quality = facility.Quality(r.byte())
		}
		r.values(&k, int(how>>rollScale), how&rollFlat != 0)
		if index >= most || r.failed {
			return nil, fmt.Errorf("%w: a bucket is damaged", errRoll)
		}
		k.T = day.Add(time.Duration(index) * width)
		out = append(out, k)
	}
	if r.failed {
		return nil, fmt.Errorf("%w: it is cut off", errRoll)
	}
	return out, nil
}

type rollReader struct {
	rest   []byte
	failed bool
}

func (r *rollReader) take(n int) []byte {
	if n > len(r.rest) {
		r.failed = true
		return make([]byte, n)
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *rollReader) byte() byte { return r.take(1)[0] }

func (r *rollReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	r.failed = r.failed || n <= 0
	r.rest = r.rest[max(n, 0):]
	return v
}

func (r *rollReader) varint() int64 {
	v, n := binary.Varint(r.rest)
	r.failed = r.failed || n <= 0
	r.rest = r.rest[max(n, 0):]
	return v
}

func (r *rollReader) float() float64 {
	return math.Float64frombits(binary.LittleEndian.Uint64(r.take(8)))
}

func (r *rollReader) values(k *Bucket, scale int, flat bool) {
	if scale >= len(rollScales) {
		r.failed = true
		return
	}
	by := rollScales[scale]
	var last int64
	if scale == 0 {
		k.Last = r.float()
	} else {
		last = rounded(k.Last, by) + r.varint()
		k.Last = float64(last) / by
	}
	k.Min, k.Max, k.Avg = k.Last, k.Last, k.Last
	if flat {
		return
	}
	if scale == 0 {
		k.Min, k.Max = r.float(), r.float()
	} else {
		k.Min = float64(last-int64(r.uvarint())) / by
		k.Max = float64(last+int64(r.uvarint())) / by
	}
	k.Avg = k.Min + (k.Max-k.Min)*float64(binary.LittleEndian.Uint16(r.take(2)))/math.MaxUint16
}

// rollFile is a roll-up file under way.
type rollFile struct {
	name  string
	file  *os.File
	out   *bufio.Writer
	at    uint64
	table []rollPlace
	buf   []byte
}

type rollPlace struct {
	hash, at  uint64
	size, crc uint32
}

func hashOf(id facility.PointID) uint64 {
	h := fnv.New64a()
	_, _ = io.WriteString(h, string(id))
	return h.Sum64()
}

func createRoll(name string) (*rollFile, error) {
	f, err := os.Create(name + ".new")
	if err != nil {
		return nil, err
	}
	r := &rollFile{name: name, file: f, out: bufio.NewWriterSize(f, 1<<20), at: uint64(len(rollMagic))}
	_, err = r.out.Write(rollMagic[:])
	return r, err
}

// add writes a point's day; a point without a bucket has no chunk.
func (r *rollFile) add(id facility.PointID, day time.Time, width time.Duration, buckets []Bucket) error {
	if len(buckets) == 0 {
		return nil
	}
	r.buf = append(binary.AppendUvarint(r.buf[:0], uint64(len(id))), id...)
	r.buf = appendBuckets(r.buf, day, width, buckets)
	r.table = append(r.table, rollPlace{hash: hashOf(id), at: r.at, size: uint32(len(r.buf)), crc: crc32.Checksum(r.buf, castagnoli)})
	r.at += uint64(len(r.buf))
	_, err := r.out.Write(r.buf)
	return err
}

// finish writes the table, syncs and moves the file into place.
func (r *rollFile) finish() error {
	slices.SortFunc(r.table, func(a, b rollPlace) int { return cmp.Compare(a.hash, b.hash) })
	b := make([]byte, 0, len(r.table)*rollEntry+rollFooter)
	for _, p := range r.table {
		b = binary.LittleEndian.AppendUint64(b, p.hash)
		b = binary.LittleEndian.AppendUint64(b, p.at)
		b = binary.LittleEndian.AppendUint32(b, p.size)
		b = binary.LittleEndian.AppendUint32(b, p.crc)
	}
	b = binary.LittleEndian.AppendUint64(b, uint64(len(r.table)))
	b = binary.LittleEndian.AppendUint64(b, r.at)
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	b = append(b, rollMagic[:]...)
	_, err := r.out.Write(b)
	if err = errors.Join(err, r.out.Flush(), r.file.Sync(), r.file.Close()); err != nil {
		return err
	}
	return os.Rename(r.name+".new", r.name)
}

func (r *rollFile) abandon() {
	_ = r.file.Close()
	_ = os.Remove(r.name + ".new")
}

// readRoll gives one point's buckets of a file; none if it has none.
func readRoll(name string, id facility.PointID, day time.Time, width time.Duration) ([]Bucket, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	var foot [rollFooter]byte
	if _, err := f.ReadAt(foot[:], info.Size()-rollFooter); err != nil {
		return nil, fmt.Errorf("%w: %w", errRoll, err)
	}
	count, table := binary.LittleEndian.Uint64(foot[:]), binary.LittleEndian.Uint64(foot[8:])
	if [8]byte(foot[20:]) != rollMagic || int64(table)+int64(count)*rollEntry+rollFooter != info.Size() {
		return nil, fmt.Errorf("%w: %s ends in nothing known", errRoll, name)
	}
	want := hashOf(id)
	var entry [rollEntry]byte
	at := func(i int) rollPlace {
		if _, e := f.ReadAt(entry[:], int64(table)+int64(i)*rollEntry); e != nil && err == nil {
			err = e
		}
		return rollPlace{hash: binary.LittleEndian.Uint64(entry[:]), at: binary.LittleEndian.Uint64(entry[8:]),
			size: binary.LittleEndian.Uint32(entry[16:]), crc: binary.LittleEndian.Uint32(entry[20:])}
	}
	for i := sort.Search(int(count), func(i int) bool { return at(i).hash >= want }); i < int(count) && err == nil; i++ {
		p := at(i)
		if p.hash != want || err != nil || int64(p.size) > info.Size() {
			break
		}
		chunk := make([]byte, p.size)
		if _, err := f.ReadAt(chunk, int64(p.at)); err != nil {
			return nil, fmt.Errorf("%w: %w", errRoll, err)
		}
		if crc32.Checksum(chunk, castagnoli) != p.crc {
			return nil, fmt.Errorf("%w: %s is damaged at %d", errRoll, name, p.at)
		}
		n, used := binary.Uvarint(chunk)
		if used > 0 && n <= uint64(len(chunk)-used) && string(chunk[used:used+int(n)]) == string(id) {
			return decodeBuckets(chunk[used+int(n):], day, width)
		}
	}
	return nil, err
}
