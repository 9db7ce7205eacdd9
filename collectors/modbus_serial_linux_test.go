package collectors

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bongsu/facility"
)

// cable is a pseudo-terminal pair: what is written into one end comes out of the other, as with a
// serial line. The far end's name is a link that stays when the cable is pulled and plugged in again.
type cable struct {
	*os.File // our end, where the device is
	path     string
}

func plugIn(t *testing.T, path string) *cable {
	t.Helper()
	f, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Skipf("this machine has no pseudo-terminals: %v", err)
	}
	t.Cleanup(func() { _ = f.Close() })
	raw, err := f.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var number int
	var failure error
	err = raw.Control(func(fd uintptr) {
		if failure = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); failure == nil {
			number, failure = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		}
	})
	if err != nil || failure != nil {
		t.Fatal(err, failure)
	}
	_ = os.Remove(path)
	if err := os.Symlink(fmt.Sprintf("/dev/pts/%d", number), path); err != nil {
		t.Fatal(err)
	}
	return &cable{f, path}
}

func TestEveryFunctionOnASerialLine(t *testing.T) {
	for name, open := range strangers {
		t.Run(name, func(t *testing.T) {
			c := plugIn(t, filepath.Join(t.TempDir(), "tty"))
			go open().serve(c, (&memory{}).device)
			serial := &facility.SerialLine{Baud: 115200, DataBits: 8, StopBits: 1, Parity: "even"}
			proveEverything(t, facility.Link{Address: c.path, Framing: name, Serial: serial, Timeout: 20 * time.Second, Turnaround: 2 * time.Millisecond})
		})
	}
}

func TestLineIsSetAsTheSiteSays(t *testing.T) {
	c := plugIn(t, filepath.Join(t.TempDir(), "tty"))
	for _, s := range []facility.SerialLine{
		{Baud: 9600, DataBits: 8, StopBits: 1, Parity: "even"},
		{Baud: 1200, DataBits: 7, StopBits: 2, Parity: "odd"},
		{Baud: 250000, DataBits: 8, StopBits: 1, Parity: "none"}, // no standard speed
	} {
		line, err := openSerial(c.path, s)
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := line.(*os.File).SyscallConn()
		var got *unix.Termios
		_ = raw.Control(func(fd uintptr) { got, err = unix.IoctlGetTermios(int(fd), unix.TCGETS2) })
		if err != nil {
			t.Fatal(err)
		}
		_ = line.Close()
		// A pseudo-terminal has no parity and always eight bits: what is left to compare is the rest.
		if int(got.Ospeed) != s.Baud || got.Cflag&unix.CSTOPB != 0 != (s.StopBits == 2) || got.Lflag != 0 || got.Oflag != 0 {
			t.Errorf("%+v gave %+v", s, got)
		}
		want := termios(s)
		if want.Cflag&unix.PARENB != 0 != (s.Parity != "none") || want.Cflag&unix.PARODD != 0 != (s.Parity == "odd") ||
			want.Cflag&unix.CSIZE == unix.CS7 != (s.DataBits == 7) {
			t.Errorf("%+v asks for %+v", s, want)
		}
	}
	if _, err := openSerial(filepath.Join(t.TempDir(), "nothing"), facility.SerialLine{}); err == nil {
		t.Error("a device that does not exist was opened")
	}
	regular := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(regular, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openSerial(regular, facility.SerialLine{Baud: 9600}); err == nil {
		t.Error("a file was taken for a line")
	}
}

// TestSerialLineOutlivesItsTroubles goes through what serial lines do: a device that falls silent, noise,
// a late answer, and an adapter that is pulled out and plugged in again.
func TestSerialLineOutlivesItsTroubles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tty")
	c := plugIn(t, path)
	var trouble atomic.Int32
	const none, silent, noisy, late = 0, 1, 2, 3
	s := rtuStranger()
	device := fakeDevice(func(unit byte, pdu []byte) []byte {
		switch trouble.Load() {
		case silent:
			return nil
		case noisy:
			_, _ = c.Write([]byte{0, 0xFF, 0x55})
		case late:
			// Once: questions that queue behind it would be answered later than any answer is waited for.
			if !trouble.CompareAndSwap(late, none) {
				break
			}
			time.Sleep(1500 * time.Millisecond)
			// As long as what it was asked for: nothing on such a line tells another length's late answer apart.
			n := int(binary.BigEndian.Uint16(pdu[3:]))
			return append([]byte{3, byte(2 * n)}, bytes.Repeat([]byte{poison >> 8, poison & 0xFF}, n)...)
		}
		return registersOf(unit, pdu)
	})
	go s.serve(c, device)
	link := facility.Link{ID: "l", Protocol: "modbus", Address: path, Framing: "rtu", Timeout: time.Second, Turnaround: 5 * time.Millisecond,
		MaxBackoff: 300 * time.Millisecond, Serial: &facility.SerialLine{Baud: 38400, DataBits: 8, StopBits: 1, Parity: "even"}}
	site := buildSite([]facility.Link{link}, []facility.Device{{ID: "d", Link: "l", Unit: 1, Points: []facility.PointDef{
		register("x", 77, 100*time.Millisecond), register("y", 78, 100*time.Millisecond), register("z", 90, 100*time.Millisecond)}}})
	cs, p := start(t, site, Options{})
	good := func(s facility.Sample) bool {
		if isGood(s) && s.Value != float64(*site.Points[s.Point].Def.Address) {
			t.Fatalf("register %d showed %v", *site.Points[s.Point].Def.Address, s.Value)
		}
		return isGood(s)
	}
	bad := func(s facility.Sample) bool { good(s); return s.Quality == facility.Bad }
	p.await(t, "a first value", good)
	for _, what := range []int32{silent, noisy, late} {
		trouble.Store(what)
		p.await(t, "a loss", bad)
		trouble.Store(none)
		p.await(t, "a value again", good)
	}
	_ = c.Close()
	p.await(t, "the loss of the adapter", isLost)
	p.await(t, "its loss again", isLost)
	if st := cs.Status()[0]; st.Error == "" || st.NextTry == nil {
		t.Errorf("status without the adapter: %+v", st)
	}
	again := plugIn(t, path)
	go s.serve(again, registersOf)
	p.await(t, "a value over the new adapter", good)
}
