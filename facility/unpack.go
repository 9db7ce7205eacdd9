package facility

import "encoding/binary"

// Unpacker takes numbers off the front of a message, as encoding/binary's Append functions put them there. After a
// fault it gives zeros, so that a reader asks once, at the end. Journals have a stricter one of their own.
type Unpacker struct {
	Rest []byte // what was not taken yet
	Bad  bool   // something was missing
}

// Fail ends the reading.
func (u *Unpacker) Fail() { u.Bad, u.Rest = true, nil }

// Take gives the next n bytes; as many zeros after a fault. They are part of the message.
func (u *Unpacker) Take(n int) []byte {
	if u.Bad || n < 0 || len(u.Rest) < n {
		u.Fail()
		return make([]byte, max(n, 0))
	}
	b := u.Rest[:n]
	u.Rest = u.Rest[n:]
	return b
}

// Byte gives the next byte.
func (u *Unpacker) Byte() byte {
	if len(u.Rest) == 0 {
		u.Fail()
		return 0
	}
	b := u.Rest[0]
	u.Rest = u.Rest[1:]
	return b
}

// Uvarint gives the next number without a sign.
func (u *Unpacker) Uvarint() uint64 {
	v, n := binary.Uvarint(u.Rest)
	if n <= 0 {
		u.Fail()
		return 0
	}
	u.Rest = u.Rest[n:]
	return v
}

// Varint gives the next number with a sign.
func (u *Unpacker) Varint() int64 {
	v, n := binary.Varint(u.Rest)
	if n <= 0 {
		u.Fail()
		return 0
	}
	u.Rest = u.Rest[n:]
	return v
}

// Count gives the next number as one of things that follow, each of at least one byte; zero and a fault if there are
// fewer bytes.
func (u *Unpacker) Count() int {
	n := u.Uvarint()
	if n > uint64(len(u.Rest)) {
		u.Fail()
		return 0
	}
	return int(n)
}
