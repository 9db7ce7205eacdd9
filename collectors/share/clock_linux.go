package share

import (
	"time"

	"golang.org/x/sys/unix"
)

// NewClock gives a clock that goes on while the process is stopped and while the machine sleeps, and that nobody
// can set: the monotonic one with the time asleep. It is what leases are measured with.
func NewClock() func() time.Duration {
	return func() time.Duration {
		var ts unix.Timespec
		if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
			panic("share: this system has no clock that counts from its start: " + err.Error())
		}
		return time.Duration(ts.Nano())
	}
}
