package collectors

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// exception is set in the function code of a refusal.
const exception = 0x80

// answerSize is how long the answer to a request must be, as protocol data units.
func answerSize(request []byte) int {
	switch request[0] {
	case 1, 2:
		return 2 + (int(binary.BigEndian.Uint16(request[3:]))+7)/8
	case 3, 4:
		return 2 + 2*int(binary.BigEndian.Uint16(request[3:]))
	case 22:
		return 7
	}
	return 5
}

// checkPDU holds an answer against its request: the function code and exactly the length or the echo
// that this request must have. A refusal counts only with the request's own function code.
func checkPDU(request, answer []byte) error {
	fn, body := request[0], answer[1:]
	if answer[0] == fn|exception {
		if len(body) != 1 {
			return fmt.Errorf("%w: a refusal of %d bytes", errBadFrame, len(body))
		}
		return nil
	}
	if answer[0] != fn {
		return fmt.Errorf("%w: function %d, want %d", errBadFrame, answer[0], fn)
	}
	switch fn {
	case 1, 2, 3, 4:
		want := answerSize(request) - 2
		if len(body) != 1+want || int(body[0]) != want {
			return fmt.Errorf("%w: %d bytes of data, want %d", errBadFrame, len(body)-1, want)
		}
	case 5, 6, 22:
		if !bytes.Equal(body, request[1:]) {
			return fmt.Errorf("%w: the echo % x of a write of % x", errBadFrame, body, request[1:])
		}
	case 15, 16:
		if !bytes.Equal(body, request[1:5]) {
			return fmt.Errorf("%w: % x written, want % x", errBadFrame, body, request[1:5])
		}
	default:
		return fmt.Errorf("%w: function %d is never asked for", errBadFrame, fn)
	}
	return nil
}
