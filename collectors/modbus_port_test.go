package collectors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
)

func readRequestFrame(fn byte, count uint16) []byte {
	pdu := binary.BigEndian.AppendUint16([]byte{fn, 0, 100}, count)
	return frame([]byte{0, 9}, 7, pdu)
}

func TestCheckTakesOnlyTheAnswerToItsRequest(t *testing.T) {
	two := readRequestFrame(3, 2)
	coils := readRequestFrame(1, 9)
	write := frame([]byte{0, 9}, 7, []byte{6, 0, 100, 0, 1})
	cases := []struct {
		name    string
		request []byte
		answer  []byte
		ok      bool
	}{
		{"registers", two, frame([]byte{0, 9}, 7, []byte{3, 4, 1, 2, 3, 4}), true},
		{"coils", coils, frame([]byte{0, 9}, 7, []byte{1, 2, 1, 1}), true},
		{"an echo", write, frame([]byte{0, 9}, 7, []byte{6, 0, 100, 0, 1}), true},
		{"a refusal", two, frame([]byte{0, 9}, 7, []byte{0x83, 2}), true},
		{"another transaction", two, frame([]byte{0, 8}, 7, []byte{3, 4, 1, 2, 3, 4}), false},
		{"another unit", two, frame([]byte{0, 9}, 8, []byte{3, 4, 1, 2, 3, 4}), false},
		{"another function", two, frame([]byte{0, 9}, 7, []byte{4, 4, 1, 2, 3, 4}), false},
		{"a refusal of another function", two, frame([]byte{0, 9}, 7, []byte{0x84, 2}), false},
		{"a refusal with data", two, frame([]byte{0, 9}, 7, []byte{0x83, 2, 1}), false},
		{"too short", two, frame([]byte{0, 9}, 7, []byte{3, 2, 1, 2}), false},
		{"too long", two, frame([]byte{0, 9}, 7, []byte{3, 6, 1, 2, 3, 4, 5, 6}), false},
		{"a count that lies", two, frame([]byte{0, 9}, 7, []byte{3, 2, 1, 2, 3, 4}), false},
		{"an echo of another value", write, frame([]byte{0, 9}, 7, []byte{6, 0, 100, 0, 2}), false},
		{"an echo of another address", write, frame([]byte{0, 9}, 7, []byte{6, 0, 101, 0, 1}), false},
	}
	for _, c := range cases {
		if whole, err := complete(c.answer); !whole || err != nil {
			t.Errorf("%s: not complete: %v", c.name, err)
		}
		err := check(c.request, c.answer)
		if (err == nil) != c.ok || (err != nil && !errors.Is(err, errBadFrame)) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestCompleteWaitsForWholeFramesAndRefusesImpossibleOnes(t *testing.T) {
	whole := frame([]byte{0, 9}, 7, []byte{3, 4, 1, 2, 3, 4})
	for n := range whole {
		if done, err := complete(whole[:n]); done || err != nil {
			t.Errorf("%d of %d bytes: %v %v", n, len(whole), done, err)
		}
	}
	for name, bad := range map[string][]byte{
		"surplus":         append(bytes.Clone(whole), 0),
		"other protocol":  {0, 9, 0, 1, 0, 3, 7, 3},
		"no room":         {0, 9, 0, 0, 0, 2, 7, 3},
		"longer than any": {0, 9, 0, 0, 1, 0, 7, 3},
		"HTTP":            []byte("HTTP/1.1 400 Bad Request\r\n"),
	} {
		if done, err := complete(bad); done || !errors.Is(err, errBadFrame) {
			t.Errorf("%s: %v %v", name, done, err)
		}
	}
}

// FuzzAnswer feeds the answer checks anything a wire can bring. What they accept must be exactly what
// the decode plan counts on, or a decoder further on would read past its end.
func FuzzAnswer(f *testing.F) {
	f.Add(byte(3), uint16(2), frame([]byte{0, 9}, 7, []byte{3, 4, 1, 2, 3, 4}))
	f.Add(byte(1), uint16(9), frame([]byte{0, 9}, 7, []byte{1, 2, 1, 1}))
	f.Add(byte(4), uint16(1), frame([]byte{0, 9}, 7, []byte{0x84, 11}))
	f.Add(byte(3), uint16(125), []byte("HTTP/1.1 400 Bad Request\r\n"))
	f.Fuzz(func(t *testing.T, fn byte, count uint16, answer []byte) {
		fn, count = fn%4+1, count%maxRegisters+1
		whole, err := complete(answer)
		if err != nil || !whole {
			return
		}
		if check(readRequestFrame(fn, count), answer) != nil {
			return
		}
		plan := blockPlan{fn: fn, count: count}
		refused := len(answer) == headerSize+2 && answer[7] == fn|exception
		if !refused && len(answer)-9 != plan.bytes() {
			t.Errorf("took %d bytes of data where the plan counts on %d", len(answer)-9, plan.bytes())
		}
	})
}
