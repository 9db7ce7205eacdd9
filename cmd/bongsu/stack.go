package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// partPatience is what one part of a process may take to stop: the supervisor gives the whole process
// twice as long.
const partPatience = stopPatience / 2

// stack runs the parts of a process. They start in the order they are added and stop in the
// opposite one, each waited for, so that a part never outlives what it stands on.
type stack struct {
	log      *slog.Logger
	patience time.Duration // how long one part may take to stop
	parts    []*part
	failed   chan error
}

type part struct {
	name string
	stop context.CancelFunc
	done chan struct{}
}

func newStack(log *slog.Logger) *stack {
	return &stack{log: log, patience: partPatience, failed: make(chan error, 16)}
}

// start runs a part until it is stopped. A part that ends before that ends the process: its
// supervisor starts it again whole.
func (s *stack) start(name string, run func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	p := &part{name: name, stop: cancel, done: make(chan struct{})}
	s.parts = append(s.parts, p)
	go func() {
		defer close(p.done)
		err := run(ctx)
		if ctx.Err() != nil && err == nil {
			return
		}
		if err == nil {
			err = fmt.Errorf("%s ended by itself", name)
		}
		select {
		case s.failed <- fmt.Errorf("%s: %w", name, err):
		default:
		}
	}()
}

// wait blocks until ctx ends or a part fails, then stops every part, newest first.
func (s *stack) wait(ctx context.Context) error {
	var err error
	select {
	case <-ctx.Done():
	case err = <-s.failed:
	}
	for i := len(s.parts) - 1; i >= 0; i-- {
		p := s.parts[i]
		p.stop()
		select {
		case <-p.done:
		case <-time.After(s.patience):
			s.log.Error("a part does not stop and is left behind", "part", p.name)
		}
	}
	return err
}
