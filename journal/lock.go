package journal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// ErrLocked is matched when another writer has the directory open.
var ErrLocked = errors.New("log is already open")

// lockDir takes the directory for one writer. The lock falls with the process, however it ends.
func lockDir(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	if err := syncDir(filepath.Dir(dir)); err != nil { // the directory itself survives a power loss
		return nil, fmt.Errorf("open log: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		if err = f.Truncate(0); err == nil {
			_, err = fmt.Fprintf(f, "%d\n", os.Getpid())
		}
		if err != nil && !full(err) { // a full disk cannot hold our number: the lock is what counts
			f.Close()
			return nil, fmt.Errorf("open log %s: %w", dir, err)
		}
		return f, nil
	}
	defer f.Close()
	if !errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fmt.Errorf("lock log %s: %w", dir, err)
	}
	owner, _ := io.ReadAll(io.LimitReader(f, 16))
	return nil, fmt.Errorf("%w: %s is held by process %s; stop it, or give this one a data directory of its own",
		ErrLocked, dir, strings.TrimSpace(string(owner)))
}
