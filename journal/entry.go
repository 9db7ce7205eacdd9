package journal

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

// Entry is one line of the journal. Prev is the hash of the entry before it (empty for the first),
// Hash the SHA-256 over the canonical encoding, Prev included; both are lower-case hex.
type Entry struct {
	Seq     uint64          `json:"seq"`
	Time    time.Time       `json:"time"` // when the draft was handed over, UTC, milliseconds
	Kind    string          `json:"kind"`
	Actor   string          `json:"actor"`
	Subject string          `json:"subject"`
	Data    json.RawMessage `json:"data"`
	Prev    string          `json:"prev"`
	Hash    string          `json:"hash"`
}

// Draft is an entry before it has a place in the log. Data is anything encoding/json can write.
type Draft struct {
	Kind    string
	Actor   string
	Subject string
	Data    any
}

// Kinds of entries the journal writes about itself.
const (
	KindGap      = "journal.gap"             // entries were late or lost while the disk was sick
	KindDamage   = "journal.damage"          // unreadable places found when the log was opened
	KindAccepted = "journal.damage.accepted" // a person has seen them
)

const (
	entryVersion = 1
	// maxEntry bounds one encoded entry: what is larger belongs into a file the entry names.
	maxEntry = 1 << 20
)

var errEntry = errors.New("no journal entry")

// appendEntry writes the canonical form: version, seq, milliseconds, the three names and the data
// with their lengths, the 32 bytes of Prev, then the 32 bytes of Hash over all before it.
func appendEntry(b []byte, e Entry, prev [32]byte) ([]byte, [32]byte) {
	start := len(b)
	b = append(b, entryVersion)
	b = binary.AppendUvarint(b, e.Seq)
	b = binary.AppendVarint(b, e.Time.UnixMilli())
	for _, s := range [...]string{e.Kind, e.Actor, e.Subject, string(e.Data)} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	b = append(b, prev[:]...)
	sum := sha256.Sum256(b[start:])
	return append(b, sum[:]...), sum
}

// decodeEntry reads one record and refuses everything appendEntry would not have written.
func decodeEntry(b []byte) (Entry, [32]byte, error) {
	e, sum, n, err := decodeEntryPrefix(b)
	if err == nil && n != len(b) {
		err = fmt.Errorf("%w: %d bytes follow it", errEntry, len(b)-n)
	}
	return e, sum, err
}

// decodeEntryPrefix reads an entry at the start of b and says how long it is. The hash proves it,
// so it also finds an entry whose frame was damaged.
func decodeEntryPrefix(b []byte) (e Entry, sum [32]byte, n int, err error) {
	d := fieldReader{rest: b}
	if v := d.byte(); v != entryVersion && d.err == nil {
		return e, sum, 0, fmt.Errorf("%w: version %d is not known", errEntry, v)
	}
	e.Seq = d.uvarint()
	ms := d.varint()
	e.Kind, e.Actor, e.Subject = d.text(), d.text(), d.text()
	e.Data = json.RawMessage(d.text())
	prev := d.take(sha256.Size)
	body := len(b) - len(d.rest)
	hash := d.take(sha256.Size)
	if d.err != nil {
		return e, sum, 0, fmt.Errorf("%w: %w", errEntry, d.err)
	}
	if sum = sha256.Sum256(b[:body]); string(sum[:]) != string(hash) {
		return e, sum, 0, fmt.Errorf("%w: its hash does not match its content", errEntry)
	}
	e.Time = time.UnixMilli(ms).UTC()
	e.Prev, e.Hash = hashText([32]byte(prev)), hex.EncodeToString(hash)
	return e, sum, len(b) - len(d.rest), e.check()
}

// check refuses what encoding/json would alter on the way to a reader.
func (e Entry) check() error {
	for _, s := range [...]string{e.Kind, e.Actor, e.Subject} {
		if !utf8.ValidString(s) {
			return fmt.Errorf("%w: %q is not UTF-8", errEntry, s)
		}
	}
	if !json.Valid(e.Data) {
		return fmt.Errorf("%w: its data is not JSON", errEntry)
	}
	return nil
}

// hashText is the hex form; the zero hash before the first entry is empty.
func hashText(h [32]byte) string {
	if h == [32]byte{} {
		return ""
	}
	return hex.EncodeToString(h[:])
}

// hashBytes is the inverse of hashText for text that came from it.
func hashBytes(s string) (h [32]byte) {
	b, err := hex.DecodeString(s)
	if err == nil && len(b) == len(h) {
		copy(h[:], b)
	}
	return h
}

// fieldReader takes fields off the front of a record and keeps the first fault.
type fieldReader struct {
	rest []byte
	err  error
}

var (
	errShort  = errors.New("it ends too early")
	errVarint = errors.New("a number in it is not in its shortest form")
)

func (d *fieldReader) fail(err error) {
	if d.err == nil {
		d.err = err
	}
	d.rest = nil
}

func (d *fieldReader) take(n int) []byte {
	if d.err != nil || n < 0 || n > len(d.rest) {
		d.fail(errShort)
		return make([]byte, min(max(n, 0), sha256.Size))
	}
	out := d.rest[:n]
	d.rest = d.rest[n:]
	return out
}

func (d *fieldReader) byte() byte {
	if len(d.rest) == 0 {
		d.fail(errShort)
		return 0
	}
	out := d.rest[0]
	d.rest = d.rest[1:]
	return out
}

func (d *fieldReader) uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.fail(errShort)
		return 0
	}
	if n > 1 && d.rest[n-1] == 0 {
		d.fail(errVarint)
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *fieldReader) varint() int64 {
	u := d.uvarint()
	v := int64(u >> 1)
	if u&1 != 0 {
		v = ^v
	}
	return v
}

func (d *fieldReader) text() string {
	n := d.uvarint()
	if n > uint64(len(d.rest)) {
		d.fail(errShort)
		return ""
	}
	return string(d.take(int(n)))
}
