package facility

import (
	"encoding/binary"
	"math"
	"testing"
)

// What the Append functions write comes back, and a message that ends too early gives zeros and says so.
func TestNumbersComeBackAndAShortMessageSaysSo(t *testing.T) {
	whole := append([]byte{7}, "abc"...)
	whole = binary.AppendVarint(binary.AppendUvarint(whole, math.MaxUint64), math.MinInt64)
	whole = append(binary.AppendUvarint(whole, 2), "xy"...)
	for n := range len(whole) + 1 {
		u := Unpacker{Rest: whole[:n]}
		head, text, big, low := u.Byte(), string(u.Take(3)), u.Uvarint(), u.Varint()
		last := string(u.Take(u.Count()))
		if u.Bad != (n < len(whole)) {
			t.Fatalf("%d of %d bytes: bad is %v", n, len(whole), u.Bad)
		}
		if n == len(whole) && (head != 7 || text != "abc" || big != math.MaxUint64 || low != math.MinInt64 || last != "xy" || len(u.Rest) > 0) {
			t.Errorf("got %d %q %d %d %q", head, text, big, low, last)
		}
		if u.Bad && (u.Byte() != 0 || u.Uvarint() != 0 || u.Varint() != 0 || u.Count() != 0 || string(u.Take(2)) != "\x00\x00") {
			t.Errorf("%d bytes: something comes after the end", n)
		}
	}
}

// A number that runs over is a fault and not another number, and a count is held against what is left.
func TestNumbersThatCannotBeAreFaults(t *testing.T) {
	over := []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}
	for name, read := range map[string]func(*Unpacker){
		"uvarint": func(u *Unpacker) { u.Uvarint() },
		"varint":  func(u *Unpacker) { u.Varint() },
		"count":   func(u *Unpacker) { u.Rest = []byte{3, 1, 1}; u.Count() },
		"take":    func(u *Unpacker) { u.Take(-1) },
	} {
		u := Unpacker{Rest: over}
		if read(&u); !u.Bad {
			t.Errorf("%s: taken", name)
		}
	}
}
