package collectors

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/goburrow/modbus"

	"bongsu/facility"
)

const (
	// drainTime is how long is listened for what came unasked, before a request on a line whose answers
	// carry no number.
	drainTime = time.Millisecond
	// latest is how often that time is doubled where the machine was too busy to listen in it.
	latest = 6
	// quietChars is how many characters of silence end whatever is on a serial line.
	quietChars = 3.5
	// reopenPause is what a device that takes one connection is given to notice that it was closed.
	reopenPause = 250 * time.Millisecond
	// keptNumbers is how many unanswered requests a kept connection remembers.
	keptNumbers = 8
)

var (
	// errHungUp is a connection that was closed before this request could be answered on it, although
	// earlier ones were: devices close idle connections, and a read may simply be asked again.
	errHungUp = errors.New("the device had closed the connection")
	// errDial is an endpoint that cannot be connected to.
	errDial = errors.New("cannot connect")
	// errSilent is a request that got not one byte of an answer in its time.
	errSilent = errors.New("no answer")
	// errTorn is an answer that began and broke off.
	errTorn = errors.New("the answer broke off")
)

// line is a connection to an endpoint, or an open serial device.
type line interface {
	io.ReadWriteCloser
	SetDeadline(t time.Time) error
	SetReadDeadline(t time.Time) error
}

// port is what we put under the Modbus client as its packager and transporter: one line, one deadline
// for the whole of each request, a close that waits for nothing, and an answer that is believed only
// when all of it fits the request. It belongs to the link's owner alone.
//
// After anything but a refusal a connection is closed, because an answer that comes late would be taken
// for the next one's. A serial line, and a device that takes one connection only, are kept over a
// silence: there late answers are told apart by their number, or by what is asked next.
type port struct {
	framing
	dial    dialFunc
	address string
	serial  *facility.SerialLine // of a serial device, nil for a network endpoint
	char    time.Duration        // one character on the serial line behind the address, 0 if there is none
	one     bool                 // the device takes one connection only
	may     func() bool          // asked before each request; nil for always

	presses func() bool // whether a command of the fire response waits; nil for never

	unit     byte          // whom the next request is for
	timeout  time.Duration // for the next answer, beside the time on a serial line
	patience time.Duration // the same while a command of the fire response waits
	hopeless bool          // the unit was known to be silent before
	limit    time.Time     // the request must end by then too, when set
	flight   *flight

	conn    line
	forget  func() bool // stops closing the line with the context it was opened under
	opened  time.Time
	closed  time.Time
	last    time.Time // last valid answer on this connection, zero for none yet
	doubted bool      // nothing came since a silence that the connection was kept over
	owed    time.Time // until when what a unit that was well was asked then could be answered; zero if it was not well
	began   time.Time // of the newest request
	silent  []uint16  // numbers of requests that got no answer on this connection

	asked    envelope
	answer   envelope
	decoded  modbus.ProtocolDataUnit // of the answer
	pdu, out []byte
	buf      [frameMax + 1]byte
}

// defaultTimeout is what an answer is given where the site file says nothing.
const defaultTimeout = 500 * time.Millisecond

func newPort(link facility.Link, dial dialFunc) (port, error) {
	frames, ok := framings[link.Framing]
	if !ok {
		return port{}, fmt.Errorf("no frames are called %q", link.Framing)
	}
	p := port{framing: frames(), flight: &flight{}, dial: dial, address: link.Address, one: link.OneConnection, timeout: cmp.Or(link.Timeout, defaultTimeout)}
	if link.Serial != nil && !p.numbered() {
		p.char = time.Duration(link.Serial.CharBits()) * time.Second / time.Duration(max(link.Serial.Baud, 1))
	}
	if link.OnSerialLine() {
		p.serial = link.Serial
		if p.serial == nil || p.numbered() {
			return port{}, fmt.Errorf("%s is a serial line: it needs its settings, and RTU or ASCII frames", link.Address)
		}
	}
	return p, nil
}

// open connects unless it is connected. The line is closed when ctx ends, which ends a request in
// flight at once.
func (p *port) open(ctx context.Context) error {
	if p.conn != nil {
		return nil
	}
	if p.may != nil && !p.may() {
		return errNotOurs
	}
	if p.one {
		pause(ctx, time.Until(p.closed.Add(reopenPause)))
	}
	conn, err := p.connect(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", errDial, err)
	}
	p.conn, p.opened, p.last, p.doubted, p.owed, p.silent = conn, time.Now(), time.Time{}, false, time.Time{}, p.silent[:0]
	p.forget = context.AfterFunc(ctx, func() { _ = conn.Close() })
	return nil
}

func (p *port) connect(ctx context.Context) (line, error) {
	if p.serial != nil {
		return openSerial(p.address, *p.serial)
	}
	within, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	return p.dial(within, "tcp", p.address)
}

// close drops the line. There is nothing useful to do about an error of it.
func (p *port) close() {
	if p.conn == nil {
		return
	}
	p.forget()
	_ = p.conn.Close()
	p.conn, p.closed = nil, time.Now()
}

// Encode implements modbus.Packager. The frame is valid until the next call.
func (p *port) Encode(pdu *modbus.ProtocolDataUnit) ([]byte, error) {
	p.pdu = append(append(p.pdu[:0], pdu.FunctionCode), pdu.Data...)
	p.asked.unit, p.asked.pdu = p.unit, p.pdu
	if p.numbered() {
		p.asked.number++
	}
	p.out = p.wrap(p.out[:0], p.asked)
	return p.out, nil
}

// Verify implements modbus.Packager. What Send returns has been checked already.
func (p *port) Verify([]byte, []byte) error { return nil }

// Decode implements modbus.Packager. Its result is valid until the next call.
func (p *port) Decode([]byte) (*modbus.ProtocolDataUnit, error) {
	p.decoded = modbus.ProtocolDataUnit{FunctionCode: p.answer.pdu[0], Data: p.answer.pdu[1:]}
	return &p.decoded, nil
}

// Send implements modbus.Transporter. The answer is valid until the next call.
func (p *port) Send(request []byte) ([]byte, error) {
	if p.conn == nil {
		return nil, errHungUp
	}
	answer, err := p.exchange(request)
	if err != nil {
		if !p.keeps(err) {
			p.close()
		}
		return nil, err
	}
	p.last, p.doubted, p.owed = time.Now(), false, time.Time{}
	return answer, nil
}

func (p *port) exchange(request []byte) ([]byte, error) {
	if err := p.drain(); err != nil {
		return nil, err
	}
	p.began = time.Now().Add(p.wireTime(p.asked.pdu))
	deadline := p.began.Add(p.timeout)
	if !p.limit.IsZero() {
		deadline = earlier(deadline, p.limit)
	}
	if err := p.flight.begin(p.conn, deadline, p.began.Add(p.patience), p.presses); err != nil {
		return nil, fmt.Errorf("set deadline: %w", err)
	}
	answer, err := p.answerTo(request)
	if cut := p.flight.end(); cut && errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, fmt.Errorf("%w: %w", errYielded, err)
	}
	return answer, err
}

// answerTo sends a request and waits for the answer that fits it.
func (p *port) answerTo(request []byte) ([]byte, error) {
	if p.may != nil && !p.may() {
		return nil, errNotOurs
	}
	if _, err := p.conn.Write(request); err != nil {
		return nil, p.broken("write", 0, err)
	}
	var misfit error
	for have := 0; ; {
		n, err := p.conn.Read(p.buf[have:])
		have += n
		for have > 0 {
			size, bad := p.whole(p.buf[:have])
			if bad != nil {
				return nil, bad
			}
			if size == 0 {
				break
			}
			why, fatal := p.fits(p.buf[:size])
			if why == nil && have > size {
				why, fatal = fmt.Errorf("%w: %d bytes after its end", errBadFrame, have-size), true
			}
			if why == nil || fatal {
				return p.buf[:size], why
			}
			misfit = why
			have = copy(p.buf[:], p.buf[size:have])
		}
		if err == nil {
			continue
		}
		if misfit != nil && errors.Is(err, os.ErrDeadlineExceeded) {
			return nil, fmt.Errorf("%w: %w", misfit, err)
		}
		return nil, p.broken("read", have, err)
	}
}

// fits takes a whole frame apart and holds it against the request. An error that is not fatal is an
// answer to an earlier request: the right one may still follow.
func (p *port) fits(frame []byte) (why error, fatal bool) {
	e, err := p.framing.open(frame)
	if err != nil {
		return err, true
	}
	if e.number != p.asked.number {
		return fmt.Errorf("%w: transaction %d, want %d", errBadFrame, e.number, p.asked.number), !slices.Contains(p.silent, e.number)
	}
	if e.unit != p.asked.unit {
		return fmt.Errorf("%w: unit %d, want %d", errBadFrame, e.unit, p.asked.unit), p.numbered()
	}
	if err := checkPDU(p.asked.pdu, e.pdu); err != nil {
		return err, p.numbered()
	}
	p.answer = e
	return nil, false
}

// wireTime is how long a request and its answer take on a serial line.
func (p *port) wireTime(request []byte) time.Duration {
	return time.Duration(p.size(len(request))+p.size(answerSize(request))) * p.char
}

// drain throws away what came unasked. Answers with a number need none of it.
func (p *port) drain() error {
	if p.numbered() {
		return nil
	}
	err := p.discard(drainTime, drainTime)
	if err != nil && hungUp(err) && p.serial == nil {
		return fmt.Errorf("%w: %w", errHungUp, err)
	}
	return err
}

// discard listens until nothing came for a while, or until it has listened for the limit. On a busy machine the while
// may be over before it was begun with: then nothing was looked for, and it is listened for longer.
func (p *port) discard(quiet, limit time.Duration) error {
	until := time.Now().Add(limit)
	for late := 0; ; {
		end := time.Now().Add(quiet << late)
		if err := p.conn.SetReadDeadline(end); err != nil {
			return fmt.Errorf("set deadline: %w", err)
		}
		looked := time.Now().Before(end)
		_, err := p.conn.Read(p.buf[:])
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded) && !looked && late < latest:
			late++
			continue
		case errors.Is(err, os.ErrDeadlineExceeded):
			return nil
		case err != nil:
			return fmt.Errorf("listen: %w", err)
		case !time.Now().Before(until):
			return nil
		}
	}
}

// keeps decides whether the line outlives a failed request, and makes it ready for the next one. A
// network connection is kept over one silence, never over two: it may be dead itself. What is given up for a command of the
// fire response counts too, since each waits for less than its unit ever took; not so what was known to be hopeless.
func (p *port) keeps(failure error) bool {
	silent := errors.Is(failure, errSilent)
	switch {
	case p.serial != nil && (errors.Is(failure, errBadFrame) || errors.Is(failure, os.ErrDeadlineExceeded)):
	case p.one && silent && p.hopeless && errors.Is(failure, errYielded):
	case p.one && silent && !p.doubted:
		if p.doubted = true; !p.hopeless {
			p.owed = p.began.Add(p.timeout)
		}
	default:
		return false
	}
	if p.numbered() {
		p.silent = append(p.silent[max(0, len(p.silent)-keptNumbers+1):], p.asked.number)
		return true
	}
	return p.discard(max(p.quiet(), 5*drainTime), max(p.timeout, frameMax*p.char)) == nil
}

// mute says that a kept connection is likely dead: a unit that was well was asked over it, has had its whole time, and
// nothing came since. The other end may have forgotten the connection without a word.
func (p *port) mute(now time.Time) bool { return p.one && !p.owed.IsZero() && !now.Before(p.owed) }

// quiet is the silence that must stand between two frames on the line.
func (p *port) quiet() time.Duration { return time.Duration(quietChars * float64(p.char)) }

// broken tells a silence and a connection that the device closed between two requests from one that
// failed during this one. Without numbers nobody knows whether the closed one took the request in.
func (p *port) broken(what string, have int, err error) error {
	switch {
	case hungUp(err) && have == 0 && !p.last.IsZero() && p.numbered():
		return fmt.Errorf("%w: %w", errHungUp, err)
	case have == 0 && errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("%w: %w", errSilent, err)
	case have > 0:
		return fmt.Errorf("%w: %w", errTorn, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
