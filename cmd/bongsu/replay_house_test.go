package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"
)

// replayLine is what a line of a replay's output may hold.
type replayLine struct {
	Summary *replaySummary
}

// replayed runs the program over a node's data folder, which may be in use.
func (h *house) replayed(args ...string) replaySummary {
	h.t.Helper()
	args = append([]string{"replay", h.data, "--format", "json"}, args...)
	var said bytes.Buffer
	cmd := exec.Command(filepath.Join(h.bin, "bongsu"), args...)
	cmd.Stderr = &said
	out, err := cmd.Output()
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var l replayLine
		if json.Unmarshal(lines.Bytes(), &l) == nil && l.Summary != nil {
			return *l.Summary
		}
	}
	h.t.Fatalf("no summary: %v %s %s", err, said.String(), tail(string(out), 2000))
	return replaySummary{}
}

// replaysTheSame holds what a node recorded to its journal while it goes on recording.
func replaysTheSame(t testing.TB, h *house, lives int) replaySummary {
	t.Helper()
	s := h.replayed()
	text, _ := json.Marshal(s)
	switch {
	case !s.Identical:
		t.Errorf("the replay decides otherwise: %s", text)
	case s.Lives != lives || s.Warm || len(s.Other) > 0:
		t.Errorf("%d processes recorded, want %d whole ones: %s", s.Lives, lives, text)
	case s.Missing*100 > s.Samples || s.Dropped > 0 || s.Unread > 0:
		t.Errorf("the recording is not whole: %s", text)
	}
	return s
}
