package historian

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"bongsu/journal"
)

// The history's disk fills up in the middle. Batches are refused as a whole, none is called stored, and
// with room again the history goes on where it was, without a hole.
func TestAFullDiskLeavesNoHole(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root to mount a small disk")
	}
	disk := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", disk).CombinedOutput(); err != nil {
		t.Skipf("a small disk cannot be mounted here: %v %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("umount", "-l", disk).Run() })
	const points, before, after = 200, 100, 1500
	spool := openSpool(t, t.TempDir(), cells(points), journal.SpoolOptions{})
	s := open(t, filepath.Join(disk, "history"))
	defer func() { _ = s.Close() }()
	for k := range before {
		if err := spool.Append(round(points, k)); err != nil {
			t.Fatal(err)
		}
	}
	fill(t, s, spool)
	ballast := filepath.Join(disk, "ballast")
	f, err := os.Create(ballast)
	if err != nil {
		t.Fatal(err)
	}
	for block := make([]byte, 1<<10); err == nil; {
		_, err = f.Write(block)
	}
	_ = f.Close()
	for k := before; k < after; k++ {
		if err := spool.Append(round(points, k)); err != nil {
			t.Fatal(err)
		}
	}
	refused := 0
	for k := before; k < after; k++ {
		b := Batch{Seq: spool.LastSeq() - uint64(after-1-k), Points: cells(points), Samples: round(points, k)}
		if err := s.Append(t.Context(), b, b.Samples[0].Seen); err != nil {
			refused++
			break
		}
	}
	if refused == 0 {
		t.Fatal("everything was stored on a full disk: the story did not happen")
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	fill(t, s, spool)
	complete(t, s, points, after)
}
