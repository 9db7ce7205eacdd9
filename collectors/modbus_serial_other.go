//go:build !linux

package collectors

import (
	"errors"
	"fmt"

	"bongsu/facility"
)

// openSerial refuses: serial lines are spoken on Linux only.
func openSerial(path string, _ facility.SerialLine) (line, error) {
	return nil, fmt.Errorf("open %s: serial lines are spoken on Linux only: %w", path, errors.ErrUnsupported)
}
