package main

import (
	"context"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// The certificates of the door for other machines are missing when the field starts: that is said once, and the field,
// with its fire response, goes on. A part that ends would end the whole process.
func TestAShutDoorForCollectorsLeavesTheFieldRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "none")
		var told strings.Builder
		s := &sharing{opts: options{collectAt: "127.0.0.1:0", collectTLS: dir}, log: slog.New(slog.NewTextHandler(&told, nil))}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- s.keepDoor(ctx, http.NotFoundHandler()) }()
		synctest.Wait()
		time.Sleep(3 * doorAgain)
		synctest.Wait()
		select {
		case err := <-ended:
			t.Fatalf("the part has ended and would take the field along: %v", err)
		default:
		}
		if n := strings.Count(told.String(), "cannot come in"); n != 1 {
			t.Errorf("told %d times, want once:\n%s", n, told.String())
		}
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("stopped, it ends with %v", err)
		}
	})
}
