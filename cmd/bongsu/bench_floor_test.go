package main

import (
	"context"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"time"
)

// floorEvery is the pause between two measurements of what the machine takes for nothing.
const floorEvery = 20 * time.Millisecond

// measureFloor measures beside a benchmark what no program of ours can be quicker than: how late a timer wakes a
// goroutine, and a question and its answer over loopback after it. The function it gives ends that and answers all of
// them, sorted.
func measureFloor(b *testing.B) func() []time.Duration {
	b.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	var parts sync.WaitGroup
	parts.Go(func() {
		if conn, err := ln.Accept(); err == nil {
			_, _ = io.Copy(conn, conn)
			_ = conn.Close()
		}
	})
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	var took []time.Duration
	parts.Go(func() {
		defer conn.Close()
		word := make([]byte, 12)
		for ctx.Err() == nil {
			due := time.Now().Add(floorEvery)
			_ = sleepFor(ctx, floorEvery)
			if _, err := conn.Write(word); err != nil {
				return
			}
			if _, err := io.ReadFull(conn, word); err != nil {
				return
			}
			if ctx.Err() == nil {
				took = append(took, time.Since(due))
			}
		}
	})
	stop := sync.OnceFunc(func() { cancel(); _ = ln.Close(); parts.Wait() })
	b.Cleanup(stop)
	return func() []time.Duration {
		stop()
		slices.Sort(took)
		return took
	}
}
