package notify

import (
	"errors"

	"bongsu/bcp"
)

// ErrNoChannel is a message of a kind that no configured channel carries.
var ErrNoChannel = errors.New("no configured channel carries this kind; add one under channels")

// fault is a failed attempt and how much is known of it.
type fault struct {
	err      error
	certain  bool // nothing was taken
	later    bool // the gateway may take it at another time
	personal bool // the gateway works and refuses just this message
}

// Error gives the cause.
func (f *fault) Error() string { return f.err.Error() }

// Unwrap gives the cause.
func (f *fault) Unwrap() error { return f.err }

// Is matches bcp.ErrNotDone when the message was certainly not taken.
func (f *fault) Is(target error) bool { return f.certain && target == bcp.ErrNotDone }

// isPersonal says that the gateway itself works.
func isPersonal(err error) bool {
	var f *fault
	return errors.As(err, &f) && f.personal
}

// isCertain says that the message was certainly not taken.
func isCertain(err error) bool { return errors.Is(err, bcp.ErrNotDone) }

// mayRetry says that another attempt cannot double the message and may work.
func mayRetry(err error) bool {
	var f *fault
	return errors.As(err, &f) && f.certain && f.later
}
