package collectors

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"bongsu/facility"
)

// openSerial opens a serial device for us alone and sets its line. The file takes deadlines and may be
// closed under a read, which the serial package that comes with the Modbus client cannot do.
func openSerial(path string, s facility.SerialLine) (line, error) {
	f, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	if err := setLine(f, s); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("set up %s: %w", path, err)
	}
	return f, nil
}

func setLine(f *os.File, s facility.SerialLine) error {
	// A file the runtime cannot poll would block for ever in its reads.
	if err := f.SetDeadline(time.Time{}); err != nil {
		return err
	}
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failure error
	err = raw.Control(func(fd uintptr) {
		if failure = unix.IoctlSetTermios(int(fd), unix.TCSETS2, termios(s)); failure != nil {
			return
		}
		if failure = unix.IoctlSetInt(int(fd), unix.TIOCEXCL, 0); failure != nil {
			return
		}
		failure = unix.IoctlSetInt(int(fd), unix.TCFLSH, unix.TCIOFLUSH)
	})
	if err != nil {
		return err
	}
	return failure
}

// termios is a raw line: bytes as they come, no echo, no signals, no modem lines. A byte with wrong
// parity is dropped, so that the frame around it fails.
func termios(s facility.SerialLine) *unix.Termios {
	t := &unix.Termios{
		Iflag:  unix.IGNBRK,
		Cflag:  unix.CREAD | unix.CLOCAL | unix.BOTHER,
		Ispeed: uint32(s.Baud), Ospeed: uint32(s.Baud),
	}
	t.Cc[unix.VMIN] = 1
	if s.DataBits == 7 {
		t.Cflag |= unix.CS7
	} else {
		t.Cflag |= unix.CS8
	}
	if s.StopBits == 2 {
		t.Cflag |= unix.CSTOPB
	}
	if s.Parity != "none" {
		t.Cflag |= unix.PARENB
		t.Iflag |= unix.INPCK | unix.IGNPAR
	}
	if s.Parity == "odd" {
		t.Cflag |= unix.PARODD
	}
	return t
}
