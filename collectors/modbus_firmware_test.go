package collectors

import (
	"encoding/binary"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/facility"
)

// Values of a device whose firmware is none of its profile's are uncertain from the first one on, and good again
// with the first after its firmware is.
func TestForeignFirmwareMakesEveryValueUncertain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var version atomic.Int32
		version.Store(50)
		device := fakeDevice(func(unit byte, pdu []byte) []byte {
			answer := registersOf(unit, pdu)
			if address := binary.BigEndian.Uint16(pdu[1:]); address == 90 && unit == 1 {
				answer = []byte{3, 2, 0, byte(version.Load())}
			}
			return answer
		})
		fw := register("fw", 90, time.Minute)
		fw.Scale, fw.Range = 0.1, []float64{0, 20}
		profile := facility.Profile{Protocol: "modbus", FirmwarePoint: "fw", FirmwareRange: []float64{2, 9.9},
			Points: []facility.PointDef{register("quick", 5, 100*time.Millisecond), register("x", 10, time.Second), fw}}
		l := newLoop(t, facility.Link{Timeout: 500 * time.Millisecond, MaxBackoff: time.Second}, 2, device, profile)
		text := &lockedText{}
		l.log = slog.New(slog.NewTextHandler(text, nil))
		l.begin(t)
		const quick, x, shows, other = 0, 1, 2, 3
		newest := func() string {
			l.drain()
			return fmt.Sprint(written(l.newest[quick]), ", ", written(l.newest[x]), ", ", written(l.newest[shows]), ", ", written(l.newest[other]))
		}
		story := []struct {
			version int32
			want    string
		}{
			{50, "5 good, 10 good, 5 good, 5 good"},
			{100, "5 uncertain firmware, 10 uncertain firmware, 10 uncertain firmware, 5 good"},
			{19, "5 uncertain firmware, 10 uncertain firmware, 1.9 uncertain firmware, 5 good"},
			{255, "5 uncertain firmware, 10 uncertain firmware, 25.5 bad range, 5 good"}, // no version at all: the last one stands
			{99, "5 good, 10 good, 9.9 good, 5 good"},
		}
		for i, s := range story {
			version.Store(s.version)
			time.Sleep(62 * time.Second)
			if got := newest(); got != s.want {
				t.Errorf("with version %d: %s, want %s", s.version, got, s.want)
			}
			if want := i > 0 && i < len(story)-1; (l.status().Doubted == 1) != want {
				t.Errorf("with version %d: %d devices doubted", s.version, l.status().Doubted)
			}
		}
		l.end()
		if n := strings.Count(text.String(), "level=WARN"); n != 1 || strings.Count(text.String(), "runs a firmware its profile is for") != 1 {
			t.Errorf("logged:\n%s", text.String())
		}
		l.drain()
	})
}

// The first value after the start is already judged by the firmware, although that is read once a minute only.
func TestFirmwareIsReadBeforeTheValuesAreJudged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fw := register("fw", 90, time.Minute)
		profile := facility.Profile{Protocol: "modbus", FirmwarePoint: "fw", FirmwareRange: []float64{2, 9},
			Points: []facility.PointDef{register("x", 10, 100*time.Millisecond), fw}}
		l := runLoop(t, facility.Link{Timeout: 500 * time.Millisecond, MaxBackoff: time.Second}, 3, registersOf, profile)
		time.Sleep(5 * time.Second)
		l.end()
		for _, s := range l.drain() {
			if s.Quality == facility.Good {
				t.Fatalf("point %d was %s before its firmware was known", s.Point, written(s))
			}
		}
	})
}

// A device that lacks what its profile calls defined answers everything else all the same, after one refusal.
func TestRefusedBridgeIsReadInParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		asked := map[string]int{}
		device := fakeDevice(func(unit byte, pdu []byte) []byte {
			address, count := binary.BigEndian.Uint16(pdu[1:]), binary.BigEndian.Uint16(pdu[3:])
			mu.Lock()
			asked[fmt.Sprintf("%d:%d+%d", unit, address, count)]++
			mu.Unlock()
			if unit == 2 && address+count > 30 {
				return []byte{pdu[0] | exception, 2}
			}
			return registersOf(unit, pdu)
		})
		profile := facility.Profile{Protocol: "modbus", Defined: [][2]int{{0, 50}}, Points: []facility.PointDef{
			register("a", 10, time.Second), register("b", 20, time.Second), register("c", 30, time.Second)}}
		l := runLoop(t, facility.Link{Timeout: 500 * time.Millisecond, MaxBackoff: time.Second}, 2, device, profile)
		time.Sleep(10*time.Second + 500*time.Millisecond)
		l.end()
		l.drain()
		for ref, want := range []string{"10 good", "20 good", "30 good", "10 good", "20 good", "bad exception"} {
			if got := written(l.newest[facility.Ref(ref)]); got != want {
				t.Errorf("point %d: %s, want %s", ref, got, want)
			}
		}
		mu.Lock()
		defer mu.Unlock()
		for question, want := range map[string]int{"1:10+21": 11, "2:10+21": 1, "2:10+1": 11, "2:20+1": 11, "2:30+1": 11} {
			if asked[question] != want {
				t.Errorf("%s was asked %d times, want %d", question, asked[question], want)
			}
		}
		if l.count[3] != 11 || l.count[4] != 11 {
			t.Errorf("%d and %d readings: the refusal cost one", l.count[3], l.count[4])
		}
	})
}
