package collectors

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"
)

const (
	headerSize = 7    // transaction, protocol, length, unit
	frameMax   = 260  // header and the longest protocol data unit
	exception  = 0x80 // set in the function code of a refusal
)

var (
	// errBadFrame is an answer that cannot belong to the request.
	errBadFrame = errors.New("the answer does not fit the request")
	// errHungUp is a connection that was closed before this request got any answer on it, although
	// earlier ones did: devices close idle connections, and a read may simply be asked again.
	errHungUp = errors.New("the device had closed the connection")
	// errDial is an endpoint that cannot be connected to.
	errDial = errors.New("cannot connect")
)

// port is the transporter we give to the Modbus client: one connection, one deadline for the whole
// of each request, and a close that waits for nothing. It belongs to the link's owner alone. After
// any error but a refusal the connection is closed, because an answer that comes late would be taken
// for the next one's.
type port struct {
	dial    dialFunc
	address string
	timeout time.Duration
	limit   time.Time // the request must end by then too, when set
	conn    net.Conn
	forget  func() bool // stops closing the connection with the context it was dialled under
	last    time.Time   // last valid answer on this connection, zero for none yet
	buf     [frameMax + 1]byte
}

// open connects unless it is connected. The connection is closed when ctx ends, which ends a request
// in flight at once.
func (p *port) open(ctx context.Context) error {
	if p.conn != nil {
		return nil
	}
	within, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	conn, err := p.dial(within, "tcp", p.address)
	if err != nil {
		return fmt.Errorf("%w: %w", errDial, err)
	}
	p.conn, p.last = conn, time.Time{}
	p.forget = context.AfterFunc(ctx, func() { _ = conn.Close() })
	return nil
}

// close drops the connection. There is nothing useful to do about an error of it.
func (p *port) close() {
	if p.conn == nil {
		return
	}
	p.forget()
	_ = p.conn.Close()
	p.conn = nil
}

// Send implements modbus.Transporter. The answer is valid until the next call.
func (p *port) Send(request []byte) ([]byte, error) {
	if p.conn == nil {
		return nil, errHungUp
	}
	answer, err := p.exchange(request)
	if err != nil {
		p.close()
		return nil, err
	}
	p.last = time.Now()
	return answer, nil
}

func (p *port) exchange(request []byte) ([]byte, error) {
	deadline := time.Now().Add(p.timeout)
	if !p.limit.IsZero() {
		deadline = earlier(deadline, p.limit)
	}
	if err := p.conn.SetDeadline(deadline); err != nil {
		return nil, fmt.Errorf("set deadline: %w", err)
	}
	if _, err := p.conn.Write(request); err != nil {
		return nil, p.broken("write", 0, err)
	}
	for have := 0; ; {
		n, err := p.conn.Read(p.buf[have:])
		have += n
		if whole, frameErr := complete(p.buf[:have]); frameErr != nil {
			return nil, frameErr
		} else if whole {
			return p.buf[:have], check(request, p.buf[:have])
		}
		if err != nil {
			return nil, p.broken("read", have, err)
		}
	}
}

// broken tells a connection that the device closed between two requests from one that failed during
// this one.
func (p *port) broken(what string, have int, err error) error {
	gone := errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
	if gone && have == 0 && !p.last.IsZero() {
		return fmt.Errorf("%w: %w", errHungUp, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// complete says whether frame holds one whole answer, and refuses one that can never become one.
func complete(frame []byte) (bool, error) {
	if len(frame) < headerSize {
		return false, nil
	}
	if protocol := binary.BigEndian.Uint16(frame[2:]); protocol != 0 {
		return false, fmt.Errorf("%w: protocol %d", errBadFrame, protocol)
	}
	length := int(binary.BigEndian.Uint16(frame[4:]))
	if length < 3 || length > frameMax-headerSize+1 {
		return false, fmt.Errorf("%w: length %d", errBadFrame, length)
	}
	whole := headerSize - 1 + length
	if len(frame) > whole {
		return false, fmt.Errorf("%w: %d bytes after its end", errBadFrame, len(frame)-whole)
	}
	return len(frame) == whole, nil
}

// check holds a whole answer against its request: transaction, unit, function code and the length
// that this request must have. A refusal counts only with the request's own function code.
func check(request, answer []byte) error {
	if got, want := binary.BigEndian.Uint16(answer), binary.BigEndian.Uint16(request); got != want {
		return fmt.Errorf("%w: transaction %d, want %d", errBadFrame, got, want)
	}
	if answer[6] != request[6] {
		return fmt.Errorf("%w: unit %d, want %d", errBadFrame, answer[6], request[6])
	}
	fn, body := request[7], answer[8:]
	switch {
	case answer[7] == fn|exception:
		if len(body) != 1 {
			return fmt.Errorf("%w: a refusal of %d bytes", errBadFrame, len(body))
		}
	case answer[7] != fn:
		return fmt.Errorf("%w: function %d, want %d", errBadFrame, answer[7], fn)
	case fn == 5 || fn == 6:
		if !bytes.Equal(body, request[8:]) {
			return fmt.Errorf("%w: the echo % x of a write of % x", errBadFrame, body, request[8:])
		}
	default:
		want := 2 * int(binary.BigEndian.Uint16(request[10:]))
		if fn <= 2 {
			want = (want/2 + 7) / 8
		}
		if len(body) != 1+want || int(body[0]) != want {
			return fmt.Errorf("%w: %d bytes of data, want %d", errBadFrame, len(body)-1, want)
		}
	}
	return nil
}
