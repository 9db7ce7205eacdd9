package bands

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"
)

// Hour is what one hour showed.
type Hour struct {
	At      int64     `json:"t"` // its start, Unix hours
	Value   float32   `json:"v"`
	Drivers []float32 `json:"d,omitempty"`
}

// Ledger is the hours that a point's band is learned from, oldest first. An hour stands in it once. They are kept as
// plain numbers side by side: a site has thousands of ledgers with more than a thousand hours each.
type Ledger struct {
	Drivers []string // in the order of each hour's
	Until   int64    // Unix hours: everything before was offered already
	Since   int64    // Unix seconds: when a new normal was accepted, 0 for never

	at   []int32   // starts, Unix hours
	rows []float32 // of each hour the value, then its drivers
}

// How long a ledger remembers, how fast what it remembers loses weight, and how long an hour waits before it
// may teach. The wait is the guard against slow faults: what was seen shortly before an alarm is taken out
// again by Distrust before it was ever learned.
const (
	Memory   = 8 * Week // hours
	halfLife = 3 * Week
	Wait     = 3 * 24
)

// width is how many numbers an hour has.
func (l *Ledger) width() int { return 1 + len(l.Drivers) }

// row is what the i-th hour showed, the value first.
func (l *Ledger) row(i int) []float32 { return l.rows[i*l.width() : (i+1)*l.width()] }

// Hours lists what the ledger holds, oldest first.
func (l *Ledger) Hours() []Hour {
	out := make([]Hour, len(l.at))
	for i, at := range l.at {
		row := l.row(i)
		out[i] = Hour{At: int64(at), Value: row[0], Drivers: slices.Clone(row[1:])}
	}
	return out
}

// Learn adds an hour. Hours come in order; one that is not newer than the last, lacks a driver or is no number is left out.
func (l *Ledger) Learn(h Hour) {
	n := len(l.at)
	if n > 0 && h.At <= int64(l.at[n-1]) || h.At != int64(int32(h.At)) || len(h.Drivers) != len(l.Drivers) || !finite(float64(h.Value)) {
		return
	}
	for _, d := range h.Drivers {
		if !finite(float64(d)) {
			return
		}
	}
	gone := 0
	for gone < n && int64(l.at[gone]) <= h.At-Memory {
		gone++
	}
	l.at, l.rows = slices.Delete(l.at, 0, gone), slices.Delete(l.rows, 0, gone*l.width())
	if len(l.at) == cap(l.at) { // a week more, not a quarter more: what is set aside is paid for by every point
		l.at = append(make([]int32, 0, len(l.at)+Week), l.at...)
		l.rows = append(make([]float32, 0, len(l.rows)+Week*l.width()), l.rows...)
	}
	l.at = append(l.at, int32(h.At))
	l.rows = append(append(l.rows, h.Value), h.Drivers...)
}

// Distrust takes out what was seen from a time on that an alarm has made doubtful: the wait before it began too.
func (l *Ledger) Distrust(began time.Time) {
	l.keep(l.before(began.Unix()/3600 - Wait))
}

// before counts the hours that began before one.
func (l *Ledger) before(hour int64) int {
	n, _ := slices.BinarySearchFunc(l.at, hour, func(at int32, hour int64) int { return int(int64(at) - hour) })
	return n
}

// keep lets go of all but the first hours.
func (l *Ledger) keep(n int) { l.at, l.rows = l.at[:n], l.rows[:n*l.width()] }

// ledgerFile is a ledger as a file has it: hours as little-endian numbers in base64, each its start and its row.
type ledgerFile struct {
	Drivers []string        `json:"drivers"`
	Hours   json.RawMessage `json:"hours"`
	Until   int64           `json:"until"`
	Since   int64           `json:"since"`
}

// MarshalJSON writes a ledger in less than half of the room that a list of hours would take.
func (l *Ledger) MarshalJSON() ([]byte, error) {
	raw := make([]byte, 0, 4*(len(l.at)+len(l.rows)))
	for i, at := range l.at {
		raw = binary.LittleEndian.AppendUint32(raw, uint32(at))
		for _, v := range l.row(i) {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
		}
	}
	drivers, err := json.Marshal(l.Drivers)
	if err != nil {
		return nil, fmt.Errorf("write a ledger: %w", err)
	}
	out := make([]byte, 0, len(drivers)+base64.StdEncoding.EncodedLen(len(raw))+80) // one piece, for it is large
	out = append(append(append(out, `{"drivers":`...), drivers...), `,"hours":"`...)
	out = base64.StdEncoding.AppendEncode(out, raw)
	return fmt.Appendf(out, `","until":%d,"since":%d}`, l.Until, l.Since), nil
}

// UnmarshalJSON reads a ledger; also a list of hours, as files had until November 2026.
func (l *Ledger) UnmarshalJSON(data []byte) error {
	var f ledgerFile
	if err := json.Unmarshal(data, &f); err != nil {
		return fmt.Errorf("a ledger: %w", err)
	}
	*l = Ledger{Drivers: f.Drivers, Until: f.Until, Since: f.Since}
	if len(f.Hours) > 0 && f.Hours[0] == '[' {
		var hours []Hour
		if err := json.Unmarshal(f.Hours, &hours); err != nil {
			return fmt.Errorf("the hours of a ledger: %w", err)
		}
		for _, h := range hours {
			l.Learn(h)
		}
		return nil
	}
	if len(f.Hours) == 0 {
		return nil
	}
	var raw []byte
	if err := json.Unmarshal(f.Hours, &raw); err != nil {
		return fmt.Errorf("the hours of a ledger: %w", err)
	}
	size := 4 * (1 + l.width())
	if len(raw)%size != 0 {
		return fmt.Errorf("the hours of a ledger: %d bytes are no hours of %d", len(raw), size)
	}
	h := Hour{Drivers: make([]float32, len(l.Drivers))}
	for ; len(raw) > 0; raw = raw[size:] {
		number := func(i int) uint32 { return binary.LittleEndian.Uint32(raw[4*i:]) }
		h.At, h.Value = int64(int32(number(0))), math.Float32frombits(number(1))
		for k := range h.Drivers {
			h.Drivers[k] = math.Float32frombits(number(2 + k))
		}
		l.Learn(h)
	}
	return nil
}
