package shared

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"log/slog"
	"os"
	"path/filepath"
)

// Saved is what a snapshot holds at least.
type Saved struct {
	From  string // the member it was taken from
	Seq   uint64 // every entry up to this one
	Hash  string // of that entry
	Bytes int64
	Sum   string // SHA-256 of the data, hexadecimal
}

// etcd ends a snapshot with the SHA-256 of what comes before.
const sumBytes = sha256.Size

// SaveSnapshot writes everything the members hold into a file, from the one whose log is applied the furthest, and
// holds it against the hash that comes with it. The file appears when it is whole; there must be none of its name.
func SaveSnapshot(ctx context.Context, seats []Seat, config *tls.Config, file string, log *slog.Logger) (Saved, error) {
	best := -1
	for i, s := range seats {
		if s.Up && (best < 0 || s.Index > seats[best].Index) {
			best = i
		}
	}
	if best < 0 {
		return Saved{}, errors.New("save a snapshot: no member answers")
	}
	from := seats[best]
	client, err := Dial([]string{from.Client}, config, log)
	if err != nil {
		return Saved{}, fmt.Errorf("save a snapshot: %w", err)
	}
	defer func() { _ = client.Close() }()
	out := Saved{From: from.Name}
	// Read before the snapshot is taken, by this member alone: it holds at least this.
	if r, err := client.Get(ctx, newSpace("").head()); err == nil {
		h, err := decodeHead(r)
		if err != nil {
			return out, fmt.Errorf("save a snapshot: %w", err)
		}
		out.Seq, out.Hash = h.Seq, h.Hash
	}
	r, err := client.SnapshotWithVersion(ctx)
	if err != nil {
		return out, fmt.Errorf("save a snapshot of %s: %w", from.Name, err)
	}
	defer func() { _ = r.Snapshot.Close() }()
	if err := out.write(r.Snapshot, file); err != nil {
		return out, fmt.Errorf("save a snapshot of %s: %w", from.Name, err)
	}
	return out, nil
}

// write puts a snapshot under its name once it is whole and on the disk.
func (s *Saved) write(from io.Reader, file string) error {
	if _, err := os.Lstat(file); err == nil {
		return fmt.Errorf("%s exists: choose another name", file)
	}
	next := file + ".new"
	f, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(next) }()
	sum := &trailer{sum: sha256.New()}
	n, err := io.Copy(io.MultiWriter(f, sum), from)
	if err == nil {
		s.Sum, err = sum.check()
	}
	s.Bytes = n
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return advise(err)
	}
	if err := os.Rename(next, file); err != nil {
		return err
	}
	return settleDir(filepath.Dir(file))
}

func settleDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// trailer sums everything but the last bytes, which are the sum.
type trailer struct {
	sum  hash.Hash
	last []byte
}

func (t *trailer) Write(b []byte) (int, error) {
	t.last = append(t.last, b...)
	if over := len(t.last) - sumBytes; over > 0 {
		_, _ = t.sum.Write(t.last[:over]) // a hash never fails
		t.last = append(t.last[:0], t.last[over:]...)
	}
	return len(b), nil
}

// check gives the sum, or what is wrong.
func (t *trailer) check() (string, error) {
	if len(t.last) < sumBytes {
		return "", errors.New("the snapshot is torn: not even its hash is there")
	}
	if have := t.sum.Sum(nil); !bytes.Equal(have, t.last) {
		return "", fmt.Errorf("the snapshot is torn or was changed: its hash is %x and not %x", have, t.last)
	}
	return hex.EncodeToString(t.last), nil
}

// CheckSnapshot reads a snapshot's file whole and holds it against its hash.
func CheckSnapshot(file string) (Saved, error) {
	f, err := os.Open(file)
	if err != nil {
		return Saved{}, fmt.Errorf("check a snapshot: %w", err)
	}
	defer func() { _ = f.Close() }()
	sum := &trailer{sum: sha256.New()}
	n, err := io.Copy(sum, f)
	if err != nil {
		return Saved{}, fmt.Errorf("check a snapshot: %w", err)
	}
	hash, err := sum.check()
	if err != nil {
		return Saved{}, fmt.Errorf("check %s: %w", file, err)
	}
	return Saved{Bytes: n, Sum: hash}, nil
}
