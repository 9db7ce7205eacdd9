package collectors

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
)

const (
	headerSize = 7   // of a TCP frame: transaction, protocol, length, unit
	pduMax     = 253 // longest protocol data unit, function code included
	frameMax   = 513 // longest frame of any framing: the ASCII one
)

// errBadFrame is an answer that cannot belong to the request.
var errBadFrame = errors.New("the answer does not fit the request")

// envelope is a frame taken apart. The number is 0 where frames carry none.
type envelope struct {
	number uint16
	unit   byte
	pdu    []byte
}

// framing is one way to put protocol data units on a wire. It keeps no state but room to decode in.
type framing interface {
	// numbered says whether an answer names the request it belongs to.
	numbered() bool
	// size is how many bytes a protocol data unit of a length takes on the wire.
	size(pdu int) int
	// wrap appends the frame around an envelope to dst.
	wrap(dst []byte, e envelope) []byte
	// whole is how long the first frame in data is, 0 while more of it must come. Its error means that
	// nothing that begins like this can become a frame.
	whole(data []byte) (int, error)
	// open takes a whole frame apart and checks its checksum. The envelope is valid until the next call.
	open(frame []byte) (envelope, error)
}

// framings lists how frames can stand on the wire, by the name a site file uses.
var framings = map[string]func() framing{
	"":      func() framing { return tcpFrames{} },
	"tcp":   func() framing { return tcpFrames{} },
	"rtu":   func() framing { return rtuFrames{} },
	"ascii": func() framing { return &asciiFrames{} },
}

// tcpFrames carry a transaction number and their own length.
type tcpFrames struct{}

func (tcpFrames) numbered() bool   { return true }
func (tcpFrames) size(pdu int) int { return headerSize + pdu }

func (tcpFrames) wrap(dst []byte, e envelope) []byte {
	dst = binary.BigEndian.AppendUint16(dst, e.number)
	dst = append(dst, 0, 0)
	dst = binary.BigEndian.AppendUint16(dst, uint16(1+len(e.pdu)))
	dst = append(dst, e.unit)
	return append(dst, e.pdu...)
}

func (tcpFrames) whole(data []byte) (int, error) {
	if len(data) < headerSize {
		return 0, nil
	}
	if protocol := binary.BigEndian.Uint16(data[2:]); protocol != 0 {
		return 0, fmt.Errorf("%w: protocol %d", errBadFrame, protocol)
	}
	length := int(binary.BigEndian.Uint16(data[4:]))
	if length < 3 || length > 1+pduMax {
		return 0, fmt.Errorf("%w: length %d", errBadFrame, length)
	}
	return within(data, headerSize-1+length), nil
}

func (tcpFrames) open(frame []byte) (envelope, error) {
	return envelope{number: binary.BigEndian.Uint16(frame), unit: frame[6], pdu: frame[headerSize:]}, nil
}

// rtuFrames are ended by a checksum and tell their length only by what they answer.
type rtuFrames struct{}

func (rtuFrames) numbered() bool   { return false }
func (rtuFrames) size(pdu int) int { return 1 + pdu + 2 }

func (rtuFrames) wrap(dst []byte, e envelope) []byte {
	start := len(dst)
	dst = append(append(dst, e.unit), e.pdu...)
	return binary.LittleEndian.AppendUint16(dst, crc16(dst[start:]))
}

func (rtuFrames) whole(data []byte) (int, error) {
	if len(data) < 3 {
		return 0, nil
	}
	fn := data[1]
	switch {
	case fn&exception != 0:
		return within(data, 5), nil
	case fn >= 1 && fn <= 4:
		if data[2] == 0 || int(data[2]) > pduMax-2 {
			return 0, fmt.Errorf("%w: %d bytes of data", errBadFrame, data[2])
		}
		return within(data, 5+int(data[2])), nil
	case fn == 5 || fn == 6 || fn == 15 || fn == 16:
		return within(data, 8), nil
	case fn == 22:
		return within(data, 10), nil
	}
	return 0, fmt.Errorf("%w: function %d, which is never asked for", errBadFrame, fn)
}

func (rtuFrames) open(frame []byte) (envelope, error) {
	end := len(frame) - 2
	if got, want := binary.LittleEndian.Uint16(frame[end:]), crc16(frame[:end]); got != want {
		return envelope{}, fmt.Errorf("%w: checksum %04x, want %04x", errBadFrame, got, want)
	}
	return envelope{unit: frame[0], pdu: frame[1:end]}, nil
}

// crc16 is the cyclic redundancy check of the Modbus serial line guide: polynomial 0xA001, from 0xFFFF.
func crc16(data []byte) uint16 {
	crc := uint16(0xFFFF)
	for _, b := range data {
		crc ^= uint16(b)
		for range 8 {
			odd := crc & 1
			crc >>= 1
			if odd != 0 {
				crc ^= 0xA001
			}
		}
	}
	return crc
}

// asciiFrames stand between a colon and a line end, two characters a byte.
type asciiFrames struct {
	room [1 + pduMax + 1]byte
}

func (*asciiFrames) numbered() bool   { return false }
func (*asciiFrames) size(pdu int) int { return 1 + 2*(1+pdu+1) + 2 }

func (*asciiFrames) wrap(dst []byte, e envelope) []byte {
	raw := append(append(make([]byte, 0, len(e.pdu)+2), e.unit), e.pdu...)
	raw = append(raw, lrc(raw))
	return fmt.Appendf(dst, ":%X\r\n", raw)
}

func (*asciiFrames) whole(data []byte) (int, error) {
	for i, c := range data {
		switch {
		case i == 0 && c == ':', isHex(c) && i > 0:
		case c == '\r' && i >= 9 && i%2 == 1 && i+1 < len(data) && data[i+1] == '\n':
			return i + 2, nil
		case c == '\r' && i >= 9 && i%2 == 1 && i+1 == len(data):
			return 0, nil
		default:
			return 0, fmt.Errorf("%w: character %q in place %d", errBadFrame, c, i)
		}
		if i >= frameMax {
			return 0, fmt.Errorf("%w: longer than any", errBadFrame)
		}
	}
	return 0, nil
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'F' || c >= 'a' && c <= 'f'
}

func (a *asciiFrames) open(frame []byte) (envelope, error) {
	n, err := hex.Decode(a.room[:], frame[1:len(frame)-2])
	if err != nil {
		return envelope{}, fmt.Errorf("%w: %w", errBadFrame, err)
	}
	end := n - 1
	if got, want := a.room[end], lrc(a.room[:end]); got != want {
		return envelope{}, fmt.Errorf("%w: checksum %02x, want %02x", errBadFrame, got, want)
	}
	return envelope{unit: a.room[0], pdu: a.room[1:end]}, nil
}

// lrc is the longitudinal redundancy check: what makes the sum of all bytes zero.
func lrc(data []byte) byte {
	var sum byte
	for _, b := range data {
		sum += b
	}
	return -sum
}

// within is the size when data holds that much, else 0.
func within(data []byte, size int) int {
	if len(data) < size {
		return 0
	}
	return size
}
