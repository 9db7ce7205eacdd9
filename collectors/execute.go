package collectors

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bongsu/facility"
)

// How a command can fail. The first three mean that the order certainly did not take effect;
// ErrNoAnswer means that nobody knows until the feedback shows it.
var (
	ErrRefused     = errors.New("the device refused the command")
	ErrBusy        = errors.New("the link's command queue is full: nothing was sent")
	ErrUnreachable = errors.New("the link cannot be opened: nothing was sent")
	ErrNoAnswer    = errors.New("no valid answer to the command: its outcome is unknown until the feedback shows it")
	ErrNotSent     = errors.New("the command was given up before it was sent")
	ErrNoCommands  = errors.New("this device takes no commands")
)

// Receipt is what the device answered to one command. It never proves that anything moved: only the
// feedback point does.
type Receipt struct {
	Sent       time.Time // when the request went out; zero if it never did
	Accepted   time.Time // when the device echoed it; zero if it did not
	ReadBack   int       // coil (0 or 1) or register as the device shows it afterwards
	ReadBackOK bool      // ReadBack was read; a write-only coil cannot be
	Detail     string    // what the device said, in words
}

// Execute writes one command once and reads it back. The value is the command's own unless one is
// given. It waits at most for the request in flight on the link, then writes; polling of the
// feedback point is then quickened until it shows the command done or the command's deadline ends.
// It never repeats a write: whoever supervises the command decides that. The error is one of the
// sentinels of this package, wrapped.
func (c *Collectors) Execute(ctx context.Context, cmd facility.Command, value ...int) (Receipt, error) {
	d, ok := c.byDevice[cmd.Device]
	if !ok {
		return Receipt{}, fmt.Errorf("%s: unknown device %q: %w", cmd.ID, cmd.Device, ErrNoCommands)
	}
	v := cmd.Def.Value
	if len(value) > 0 {
		v = value[0]
	}
	receipt, err := d.execute(ctx, cmd, v)
	if err != nil {
		return receipt, fmt.Errorf("%s: %w", cmd.ID, err)
	}
	return receipt, nil
}
