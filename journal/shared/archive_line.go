package shared

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"strconv"
)

// A line of an archive is: CRC32C of the rest (8 hex digits), the entry's number, the hash of its idempotency
// key (16 hex digits, zeros for none), the entry as JSON. Number and key stand outside the JSON so that an
// archive is opened without decoding it.
type line struct {
	seq  uint64
	key  uint64
	body []byte // JSON
}

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	errLine    = errors.New("no line of an archive")
)

// keyHash is what the archive's index knows of a key, 0 for an entry without one of its own.
func keyHash(e Entry) uint64 {
	if !e.keyed() {
		return 0
	}
	return hashOf(e.Key)
}

func hashOf(key string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(key)) // never fails
	return max(h.Sum64(), 1)
}

// appendLine adds an entry's line, its end included.
func appendLine(to []byte, e Entry) ([]byte, error) {
	body, err := json.Marshal(e)
	if err != nil {
		return to, fmt.Errorf("encode entry %d: %w", e.Seq, err)
	}
	rest := fmt.Appendf(nil, "%d %016x ", e.Seq, keyHash(e))
	rest = append(rest, body...)
	to = fmt.Appendf(to, "%08x ", crc32.Checksum(rest, castagnoli))
	return append(append(to, rest...), '\n'), nil
}

// parseLine reads a line without its end. The body is part of b.
func parseLine(b []byte) (line, error) {
	var l line
	sum, rest, ok := bytes.Cut(b, []byte{' '})
	if !ok || len(sum) != 8 {
		return l, fmt.Errorf("%w: it has no checksum", errLine)
	}
	var have [4]byte
	binary.BigEndian.PutUint32(have[:], crc32.Checksum(rest, castagnoli))
	var want [8]byte
	if hex.Encode(want[:], have[:]); !bytes.Equal(sum, want[:]) {
		return l, fmt.Errorf("%w: its checksum does not match its content", errLine)
	}
	seq, rest, ok := bytes.Cut(rest, []byte{' '})
	key, body, ok2 := bytes.Cut(rest, []byte{' '})
	if !ok || !ok2 || len(key) != 16 {
		return l, fmt.Errorf("%w: it has not all its parts", errLine)
	}
	var err error
	if l.seq, err = strconv.ParseUint(string(seq), 10, 64); err != nil {
		return l, fmt.Errorf("%w: its number cannot be read", errLine)
	}
	if l.key, err = strconv.ParseUint(string(key), 16, 64); err != nil {
		return l, fmt.Errorf("%w: its key cannot be read", errLine)
	}
	l.body = body
	return l, nil
}

// entry decodes the line and refuses one that does not prove itself.
func (l line) entry() (Entry, error) {
	e, err := decodeEntry(l.body)
	if err == nil && (e.Seq != l.seq || keyHash(e) != l.key) {
		err = errors.New("it stands in another entry's place")
	}
	return e, err
}
