//go:build !linux

package share

import "time"

// NewClock gives a clock that goes on while the process is stopped and that nobody can set. Whether it counts the
// time the machine is asleep is the system's matter: a collector belongs on a machine that does not sleep.
func NewClock() func() time.Duration {
	began := time.Now()
	return func() time.Duration { return time.Since(began) }
}
