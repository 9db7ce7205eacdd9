package journal

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"io"
	"testing"
	"time"

	"bongsu/facility"
)

// FuzzEntry: whatever is taken for an entry is written back as the same bytes, and survives JSON.
func FuzzEntry(f *testing.F) {
	first, sum := appendEntry(nil, Entry{Seq: 1, Time: dawn, Kind: "alarm.raise", Actor: "rules", Subject: "a/b", Data: json.RawMessage(`{"x":1}`)}, [32]byte{})
	second, _ := appendEntry(nil, Entry{Seq: 2, Time: time.UnixMilli(-5), Data: json.RawMessage("null")}, sum)
	f.Add(first)
	f.Add(second)
	f.Add(first[:len(first)-1])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		fuzzEntry(t, b)
		// Nearly every change breaks the hash: mend it, so that what lies behind the check is reached.
		if len(b) > 32 {
			e, _, _, err := decodeEntryPrefix(mend(b))
			if err == nil {
				fuzzEntry(t, mend(b))
				if _, err := json.Marshal(e); err != nil {
					t.Fatalf("%+v: %v", e, err)
				}
			}
		}
	})
}

func fuzzEntry(t *testing.T, b []byte) {
	e, sum, err := decodeEntry(b)
	if err != nil {
		return
	}
	again, sum2 := appendEntry(nil, e, hashBytes(e.Prev))
	if !bytes.Equal(again, b) || sum != sum2 {
		t.Fatalf("%x is taken for %+v, which is written as %x", b, e, again)
	}
}

// mend puts the right hash behind the last 32 bytes less of b.
func mend(b []byte) []byte {
	body := b[:len(b)-32]
	sum := sha256.Sum256(body)
	return append(append([]byte(nil), body...), sum[:]...)
}

// FuzzBatch: whatever is taken for a batch is written back with the same meaning.
func FuzzBatch(f *testing.F) {
	dict := dictionary{rev: revision{1, 2, 3, 4}, points: pointList(64)}
	b, err := appendBatch(nil, 7, dict, block(3, 20, dawn))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	mixed := []facility.Sample{{Point: 63, Value: 25.3, Quality: facility.Bad, At: dawn, Seen: dawn}, {Value: 1e300, Flags: 3}, {Point: 5, Value: 0.1 * 3}}
	if b, err = appendBatch(nil, 1<<40, dict, mixed); err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(b[:len(b)-2])
	f.Fuzz(func(t *testing.T, b []byte) {
		h, samples, err := decodeBatch(b, 64)
		if err != nil {
			return
		}
		again, err := appendBatch(nil, h.seq, dictionary{rev: h.rev, points: dict.points}, samples)
		if err != nil {
			t.Fatalf("%x is taken for %v, which cannot be written: %v", b, samples, err)
		}
		h2, samples2, err := decodeBatch(again, 64)
		if err != nil || h != h2 || len(samples) != len(samples2) {
			t.Fatalf("%x comes back as %+v %v", b, h2, err)
		}
		for i := range samples {
			if !same(samples[i], samples2[i]) {
				t.Fatalf("sample %d: %+v became %+v", i, samples[i], samples2[i])
			}
		}
	})
}

// FuzzDictionary: whatever is taken for a dictionary is written back as the same bytes.
func FuzzDictionary(f *testing.F) {
	for _, points := range [][]facility.PointID{nil, {""}, {"a", "ab", "b"}, pointList(30)} {
		b, _ := appendDictionary(nil, points)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 5 { // mend its name
			sum := sha256.Sum256(b[5:])
			b = append(append([]byte{b[0]}, sum[:4]...), b[5:]...)
		}
		d, err := decodeDictionary(b)
		if err != nil {
			return
		}
		if again, rev := appendDictionary(nil, d.points); !bytes.Equal(again, b) || rev != d.rev {
			t.Fatalf("%x is taken for %q, which is written as %x", b, d.points, again)
		}
	})
}

// FuzzFrame: a stream of any bytes ends in an error and gives only frames that are written the same.
func FuzzFrame(f *testing.F) {
	var b bytes.Buffer
	writeFrame(&b, frameEntry, []byte("abc"))
	writeFrame(&b, frameBeat, nil)
	f.Add(b.Bytes())
	f.Add([]byte{'b', 255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bufio.NewReader(bytes.NewReader(b))
		var back bytes.Buffer
		for {
			kind, payload, err := readFrame(r, nil)
			if err != nil {
				if err == io.EOF && !bytes.Equal(back.Bytes(), b) {
					t.Fatal("a clean end, but bytes are missing")
				}
				return
			}
			writeFrame(&back, kind, payload)
		}
	})
}
