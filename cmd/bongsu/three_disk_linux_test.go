package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// What Linux calls the two calls that stop and start all writes to a mounted disk.
const (
	ioctlFreeze = 0xC0045877
	ioctlThaw   = 0xC0045878
)

// ownDisk is a disk that one node has for itself: a file of 700 MB with a file system in it.
type ownDisk struct {
	t    testing.TB
	at   string
	stop chan struct{}
	work sync.WaitGroup
}

// newOwnDisk mounts one over a folder; nil where that cannot be done, and the disk's faults are then left out.
func newOwnDisk(t testing.TB, at string) *ownDisk {
	t.Helper()
	image := filepath.Join(t.TempDir(), "disk")
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(image, 700<<20); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(at, 0o750); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"mkfs.ext4", "-q", "-m", "0", image}, {"mount", "-o", "loop", image, at}} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Logf("no disk of its own at %s, and no faults of it: %v %s", at, err, out)
			return nil
		}
	}
	d := &ownDisk{t: t, at: at}
	t.Cleanup(func() {
		d.well()
		if out, err := exec.Command("umount", "-l", at).CombinedOutput(); err != nil {
			t.Errorf("unmount: %v %s", err, out)
		}
	})
	return d
}

// control stops or starts all writes.
func (d *ownDisk) control(call uintptr) {
	f, err := os.Open(d.at)
	if err != nil {
		return
	}
	defer f.Close()
	_, _, _ = syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), call, 0) // to do what is done already is an error of no meaning
}

// slow lets writes and syncs pass only now and then: they hang for a while, again and again.
func (d *ownDisk) slow(hang, pass time.Duration) {
	d.stop = make(chan struct{})
	d.work.Go(func() {
		for {
			for _, phase := range []struct {
				call  uintptr
				lasts time.Duration
			}{{ioctlFreeze, hang}, {ioctlThaw, pass}} {
				d.control(phase.call)
				select {
				case <-d.stop:
					return
				case <-time.After(phase.lasts):
				}
			}
		}
	})
}

func (d *ownDisk) ballast() string { return filepath.Join(d.at, "ballast") }

// full takes all the room that is left, and whatever is given back later.
func (d *ownDisk) full() {
	f, err := os.Create(d.ballast())
	if err != nil {
		d.t.Errorf("no ballast: %v", err)
		return
	}
	d.stop = make(chan struct{})
	d.work.Go(func() {
		defer f.Close()
		for at := int64(0); ; {
			for size := int64(64 << 20); size >= 4096; {
				if syscall.Fallocate(int(f.Fd()), 0, at, size) == nil {
					at += size
				} else {
					size /= 2
				}
			}
			select {
			case <-d.stop:
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	})
}

// room is how much may still be written, in bytes.
func (d *ownDisk) room() uint64 {
	var s syscall.Statfs_t
	if err := syscall.Statfs(d.at, &s); err != nil {
		d.t.Fatal(err)
	}
	return s.Bavail * uint64(s.Bsize)
}

// well ends whatever the disk suffers from.
func (d *ownDisk) well() {
	if d.stop != nil {
		close(d.stop)
		d.work.Wait()
		d.stop = nil
	}
	d.control(ioctlThaw)
	_ = os.Remove(d.ballast())
}
