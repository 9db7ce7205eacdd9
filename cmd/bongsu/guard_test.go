package main

import (
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestSecondSupervisorOnOneFolderIsRefused(t *testing.T) {
	dir := t.TempDir()
	release, err := lockData(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lockData(dir); err == nil || !strings.Contains(err.Error(), "--data") {
		t.Errorf("the second gets %v, want advice", err)
	}
	release()
	release, err = lockData(dir)
	if err != nil {
		t.Errorf("the folder stays locked after its owner ended: %v", err)
		return
	}
	release()
}

func TestTakenAddressIsToldBeforeAnythingStarts(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := freeToListen(l.Addr().String()); err == nil || !strings.Contains(err.Error(), "--listen") {
		t.Errorf("got %v, want advice", err)
	}
}

// A loop that hangs is noticed within seconds; one that turns slowly is left alone.
func TestWatchdogTellsStandstillFromIdling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, hangs := time.Now(), 30*time.Second
		steps := func() int64 { return int64(min(time.Since(began), hangs) / (2 * time.Second)) }
		if err := watch(t.Context(), steps); err == nil {
			t.Fatal("a standstill went unnoticed")
		}
		if d := time.Since(began) - hangs; d < (stillFor-2)*time.Second || d > (stillFor+3)*time.Second {
			t.Errorf("noticed %v after it hung", d)
		}
	})
}
