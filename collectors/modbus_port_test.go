package collectors

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goburrow/modbus"

	"bongsu/facility"
)

// readPDU is a question for registers or coils from 100 on.
func readPDU(fn byte, count uint16) []byte {
	return binary.BigEndian.AppendUint16([]byte{fn, 0, 100}, count)
}

func TestCheckTakesOnlyTheAnswerToItsRequest(t *testing.T) {
	two, coils := readPDU(3, 2), readPDU(1, 9)
	write, many, mask := []byte{6, 0, 100, 0, 1}, []byte{16, 0, 100, 0, 1, 2, 0, 7}, []byte{22, 0, 4, 0, 0xF2, 0, 0x25}
	cases := []struct {
		name            string
		request, answer []byte
		ok              bool
	}{
		{"registers", two, []byte{3, 4, 1, 2, 3, 4}, true},
		{"coils", coils, []byte{1, 2, 1, 1}, true},
		{"an echo", write, []byte{6, 0, 100, 0, 1}, true},
		{"several written", many, []byte{16, 0, 100, 0, 1}, true},
		{"masked", mask, []byte{22, 0, 4, 0, 0xF2, 0, 0x25}, true},
		{"a refusal", two, []byte{0x83, 2}, true},
		{"another function", two, []byte{4, 4, 1, 2, 3, 4}, false},
		{"a refusal of another function", two, []byte{0x84, 2}, false},
		{"a refusal with data", two, []byte{0x83, 2, 1}, false},
		{"too short", two, []byte{3, 2, 1, 2}, false},
		{"too long", two, []byte{3, 6, 1, 2, 3, 4, 5, 6}, false},
		{"a count that lies", two, []byte{3, 2, 1, 2, 3, 4}, false},
		{"an echo of another value", write, []byte{6, 0, 100, 0, 2}, false},
		{"an echo of another address", write, []byte{6, 0, 101, 0, 1}, false},
		{"fewer written", many, []byte{16, 0, 100, 0, 0}, false},
		{"written elsewhere", many, []byte{16, 0, 101, 0, 1}, false},
		{"another mask", mask, []byte{22, 0, 4, 0, 0xF2, 0, 0x24}, false},
		{"a question nobody asks", []byte{8, 0, 0, 0, 0}, []byte{8, 0, 0, 0, 0}, false},
	}
	for _, c := range cases {
		err := checkPDU(c.request, c.answer)
		if (err == nil) != c.ok || (err != nil && !errors.Is(err, errBadFrame)) {
			t.Errorf("%s: %v", c.name, err)
		}
		if c.ok && c.answer[0] < exception && answerSize(c.request) != len(c.answer) {
			t.Errorf("%s: %d bytes expected, %d came", c.name, answerSize(c.request), len(c.answer))
		}
	}
}

// scriptedLine answers each request with what the script gives, cut as the script cuts it.
type scriptedLine struct {
	*portRig
	answers [][]byte // chunks; nil waits a timeout
	end     error    // what reading ends with, io.EOF or a deadline
}

type portRig struct {
	deadline time.Time
	written  [][]byte
	closed   bool
}

func (r *portRig) SetDeadline(t time.Time) error     { r.deadline = t; return nil }
func (r *portRig) SetReadDeadline(t time.Time) error { r.deadline = t; return nil }
func (r *portRig) Write(b []byte) (int, error) {
	r.written = append(r.written, bytes.Clone(b))
	return len(b), nil
}
func (r *portRig) Close() error { r.closed = true; return nil }

func (l *scriptedLine) Read(b []byte) (int, error) {
	if len(l.written) == 0 { // listening before the question
		return 0, os.ErrDeadlineExceeded
	}
	if len(l.answers) == 0 {
		return 0, l.end
	}
	n := copy(b, l.answers[0])
	if l.answers[0] = l.answers[0][n:]; len(l.answers[0]) == 0 {
		l.answers = l.answers[1:]
	}
	return n, nil
}

// ask sends one question over a scripted line and returns the data of a valid answer.
func ask(name string, unit byte, request []byte, end error, chunks ...[]byte) (data []byte, p *port, err error) {
	p = &port{framing: framings[name](), flight: &flight{}, unit: unit, timeout: time.Second}
	p.conn = &scriptedLine{portRig: &portRig{}, answers: chunks, end: end}
	p.forget = func() bool { return true }
	adu, _ := p.Encode(&modbus.ProtocolDataUnit{FunctionCode: request[0], Data: request[1:]})
	frame, err := p.Send(adu)
	if err != nil {
		return nil, p, err
	}
	pdu, _ := p.Decode(frame)
	if pdu.FunctionCode != request[0] {
		return nil, p, &modbus.ModbusError{FunctionCode: pdu.FunctionCode, ExceptionCode: pdu.Data[0]}
	}
	return bytes.Clone(pdu.Data[1:]), p, nil
}

// answerOf is the frame that answers the first request of a port.
func answerOf(name string, unit byte, pdu []byte) []byte {
	e := envelope{unit: unit, pdu: pdu}
	if framings[name]().numbered() {
		e.number = 1
	}
	return framings[name]().wrap(nil, e)
}

var threeFramings = []string{"tcp", "rtu", "ascii"}

func TestAnswersInPiecesAreWholeAnswers(t *testing.T) {
	for _, name := range threeFramings {
		whole := answerOf(name, 7, []byte{3, 4, 1, 2, 3, 4})
		for cut := 1; cut < len(whole); cut++ {
			data, _, err := ask(name, 7, readPDU(3, 2), io.EOF, bytes.Clone(whole[:cut]), bytes.Clone(whole[cut:]))
			if err != nil || !bytes.Equal(data, []byte{1, 2, 3, 4}) {
				t.Errorf("%s cut at %d: % x %v", name, cut, data, err)
			}
		}
		var bits [][]byte
		for _, b := range whole {
			bits = append(bits, []byte{b})
		}
		if data, _, err := ask(name, 7, readPDU(3, 2), io.EOF, bits...); err != nil || !bytes.Equal(data, []byte{1, 2, 3, 4}) {
			t.Errorf("%s byte by byte: % x %v", name, data, err)
		}
	}
}

func TestAnswersThatBreakOffGiveNothing(t *testing.T) {
	for _, name := range threeFramings {
		whole := answerOf(name, 7, []byte{3, 4, 1, 2, 3, 4})
		for _, end := range []error{io.EOF, os.ErrDeadlineExceeded, errors.New("connection reset by peer")} {
			for cut := range whole {
				data, p, err := ask(name, 7, readPDU(3, 2), end, bytes.Clone(whole[:cut]))
				if err == nil || p.conn != nil {
					t.Errorf("%s broken off at %d by %v: % x %v, line kept %v", name, cut, end, data, err, p.conn != nil)
				}
			}
		}
	}
}

func TestEveryWrongByteIsNoticed(t *testing.T) {
	for _, name := range []string{"rtu", "ascii"} {
		whole := answerOf(name, 7, []byte{3, 4, 1, 2, 3, 4})
		for at := range whole {
			for flip := 1; flip < 256; flip++ {
				bad := bytes.Clone(whole)
				bad[at] ^= byte(flip)
				if name == "ascii" && strings.EqualFold(string(bad), string(whole)) {
					continue // small letters are the same digits
				}
				if data, _, err := ask(name, 7, readPDU(3, 2), os.ErrDeadlineExceeded, bad); err == nil {
					t.Fatalf("%s with byte %d changed by %#x gave % x", name, at, flip, data)
				}
			}
		}
	}
}

func TestWhatNeverBecomesAnAnswer(t *testing.T) {
	good := []byte{3, 4, 1, 2, 3, 4}
	for _, name := range threeFramings {
		wrong := map[string][]byte{
			"another unit":             answerOf(name, 8, good),
			"another function":         answerOf(name, 7, []byte{4, 4, 1, 2, 3, 4}),
			"a refusal of another one": answerOf(name, 7, []byte{0x84, 2}),
			"too little data":          answerOf(name, 7, []byte{3, 2, 1, 2}),
			"too much data":            answerOf(name, 7, []byte{3, 6, 1, 2, 3, 4, 5, 6}),
			"surplus":                  append(answerOf(name, 7, good), 0),
			"two answers":              append(answerOf(name, 7, good), answerOf(name, 7, good)...),
			"a web server":             []byte("HTTP/1.1 400 Bad Request\r\n\r\n"),
			"zeros":                    make([]byte, 600),
			"ones":                     bytes.Repeat([]byte{0xFF}, 600),
			"another framing":          answerOf(map[string]string{"tcp": "rtu", "rtu": "ascii", "ascii": "tcp"}[name], 7, good),
		}
		for what, answer := range wrong {
			if data, _, err := ask(name, 7, readPDU(3, 2), os.ErrDeadlineExceeded, answer); err == nil {
				t.Errorf("%s: %s gave % x", name, what, data)
			}
		}
		if _, _, err := ask(name, 7, readPDU(3, 2), io.EOF, answerOf(name, 7, []byte{0x83, 2})); refusalOf(err) == nil {
			t.Errorf("%s: a refusal came out as %v", name, err)
		}
	}
	for what, header := range map[string][]byte{
		"another transaction": {0, 2, 0, 0, 0, 7, 7, 3, 4, 1, 2, 3, 4},
		"another protocol":    {0, 1, 0, 1, 0, 7, 7, 3, 4, 1, 2, 3, 4},
		"no room":             {0, 1, 0, 0, 0, 2, 7, 3},
		"longer than any":     {0, 1, 0, 0, 1, 0, 7, 3},
	} {
		if _, _, err := ask("tcp", 7, readPDU(3, 2), io.EOF, header); !errors.Is(err, errBadFrame) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// Lines without numbers pass over what another unit says late, and over a late answer that shows by its
// length that it is none to this question.
func TestLateAnswersAreSkippedWhereTheyShow(t *testing.T) {
	for _, name := range []string{"rtu", "ascii"} {
		right := answerOf(name, 7, []byte{3, 4, 1, 2, 3, 4})
		for what, late := range map[string][]byte{
			"of another unit":   answerOf(name, 9, []byte{3, 4, 9, 9, 9, 9}),
			"of another length": answerOf(name, 7, []byte{3, 6, 9, 9, 9, 9, 9, 9}),
			"of a write":        answerOf(name, 7, []byte{6, 0, 1, 0, 9}),
		} {
			for _, chunks := range [][][]byte{{append(bytes.Clone(late), right...)}, {bytes.Clone(late), bytes.Clone(right)}} {
				if data, _, err := ask(name, 7, readPDU(3, 2), io.EOF, chunks...); err != nil || !bytes.Equal(data, []byte{1, 2, 3, 4}) {
					t.Errorf("%s, a late answer %s: % x %v", name, what, data, err)
				}
			}
		}
	}
}

// TestKeptConnectionDropsLateAnswersByTheirNumber is about devices that take one connection: it is kept
// over one silence, and what comes late is known by its number.
func TestKeptConnectionDropsLateAnswersByTheirNumber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		p, err := newPort(facility.Link{Timeout: 500 * time.Millisecond, OneConnection: true, MaxBackoff: time.Second}, func(context.Context, string, string) (net.Conn, error) {
			return near, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			for n := 0; ; n++ {
				request := make([]byte, 12)
				if _, err := io.ReadFull(far, request); err != nil {
					return
				}
				answer := frame(request[:2], request[6], []byte{3, 2, 0, byte(n)})
				if n%3 == 1 { // late: its answer comes before the next one's
					if _, err := io.ReadFull(far, request); err != nil {
						return
					}
					n++
					_, _ = far.Write(answer)
					answer = frame(request[:2], request[6], []byte{3, 2, 0, byte(n)})
				}
				_, _ = far.Write(answer)
			}
		}()
		if err := p.open(t.Context()); err != nil {
			t.Fatal(err)
		}
		client := modbus.NewClient2(&p, &p)
		p.unit = 1
		for n := range 9 {
			data, err := client.ReadHoldingRegisters(100, 1)
			if n%3 == 1 {
				if !errors.Is(err, errSilent) || p.conn == nil {
					t.Fatalf("question %d: %v", n, err)
				}
				continue
			}
			if err != nil || data[1] != byte(n) {
				t.Fatalf("question %d got % x %v", n, data, err)
			}
		}
		far.Close()
		p.close()
	})
}

// FuzzAnswer feeds the port anything a wire can bring, cut in two anywhere. What it accepts must be the
// very frame that another encoder makes of the accepted data: never a wrong value, never a panic.
func FuzzAnswer(f *testing.F) {
	f.Add(uint8(0), byte(3), uint16(2), uint16(5), answerOf("tcp", 7, []byte{3, 4, 1, 2, 3, 4}))
	f.Add(uint8(1), byte(1), uint16(9), uint16(0), answerOf("rtu", 7, []byte{1, 2, 1, 1}))
	f.Add(uint8(2), byte(4), uint16(1), uint16(9), answerOf("ascii", 7, []byte{4, 2, 1, 1}))
	f.Add(uint8(0), byte(4), uint16(1), uint16(0), answerOf("tcp", 7, []byte{0x84, 11}))
	f.Add(uint8(1), byte(3), uint16(1), uint16(7), append(answerOf("rtu", 9, []byte{3, 2, 9, 9}), answerOf("rtu", 7, []byte{3, 2, 1, 1})...))
	f.Add(uint8(2), byte(3), uint16(125), uint16(1), []byte("HTTP/1.1 400 Bad Request\r\n"))
	f.Fuzz(func(t *testing.T, kind uint8, fn byte, count, cut uint16, answer []byte) {
		name := threeFramings[kind%3]
		fn, count = fn%4+1, count%maxRegisters+1
		at := int(cut) % (len(answer) + 1)
		data, _, err := ask(name, 7, readPDU(fn, count), os.ErrDeadlineExceeded, slicesOf(answer[:at], answer[at:])...)
		if err != nil {
			return
		}
		if plan := (blockPlan{fn: fn, count: count}); len(data) != plan.bytes() {
			t.Fatalf("took %d bytes of data where the plan counts on %d", len(data), plan.bytes())
		}
		want := answerOf(name, 7, append([]byte{fn, byte(len(data))}, data...))
		if name == "ascii" { // small letters are the same digits
			answer = bytes.ToUpper(answer)
		}
		if !bytes.Contains(answer, want) {
			t.Fatalf("took % x out of % x", data, answer)
		}
	})
}

func slicesOf(chunks ...[]byte) [][]byte {
	var out [][]byte
	for _, c := range chunks {
		if len(c) > 0 {
			out = append(out, bytes.Clone(c))
		}
	}
	return out
}
