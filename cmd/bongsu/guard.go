package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// lockData takes a node's data folder for this supervisor: a second one on the same folder would only
// see its children fail again and again.
func lockData(dir string) (release func(), err error) {
	name := filepath.Join(dir, "lock")
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o640)
	if err != nil {
		f, err = os.Open(name) // a disk that can only be read must not keep the fire response from starting
	}
	if err != nil {
		return func() {}, nil
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("another bongsu runs on the data folder %s: stop it, or give this one its own with --data", dir)
	}
	return func() { _ = f.Close() }, nil
}

// freeToListen says before anything is started whether the console's address can be had.
func freeToListen(address string) error {
	l, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("the console's address %s is taken: stop what listens there, or give another with --listen", address)
	}
	if err != nil {
		return fmt.Errorf("the console's address %s cannot be used: %w", address, err)
	}
	return l.Close()
}

// stillFor is how many looks, a second apart, may find the rules' loop standing still before its process
// is started again. The loop waits for nothing longer than 50 ms at a time, so this is a fault, not a
// load. Looks are counted, not time: after a frozen machine wakes, everybody gets the chance to go on.
const stillFor = 10

// watch ends with an error when the counter stops counting.
func watch(ctx context.Context, steps func() int64) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	last, still := steps(), 0
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		n := steps()
		if still++; n != last {
			last, still = n, 0
		}
		if still >= stillFor {
			return fmt.Errorf("the rules stand still for %d s", stillFor)
		}
	}
}
