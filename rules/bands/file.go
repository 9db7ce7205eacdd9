package bands

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
)

// ErrDamaged says that a file is not what was written.
var ErrDamaged = errors.New("the bands file is damaged")

// format is the version in the first line of a file. Another one is refused rather than guessed at.
const format = 1

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// headline is the first line of a file: version, checksum and length of what follows. Its own length is always the same.
func headline(sum uint32, length int) string {
	return fmt.Sprintf("bongsu-bands %d %08x %012d\n", format, sum, length)
}

// Encode writes a value as a file: one line with version, checksum and length, then JSON.
func Encode(v any) ([]byte, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("write bands: %w", err)
	}
	return append([]byte(headline(crc32.Checksum(body, castagnoli), len(body))), body...), nil
}

// stream writes the same into a file without holding it in memory twice: what a large site has learned is 40 MB.
func stream(f *os.File, v any) error {
	if _, err := f.WriteString(headline(0, 0)); err != nil {
		return err
	}
	sum, length := crc32.New(castagnoli), counted(0)
	if err := json.NewEncoder(io.MultiWriter(f, sum, &length)).Encode(v); err != nil {
		return err
	}
	_, err := f.WriteAt([]byte(headline(sum.Sum32(), int(length))), 0)
	return err
}

// counted is how many bytes were written to it.
type counted int

func (c *counted) Write(p []byte) (int, error) {
	*c += counted(len(p))
	return len(p), nil
}

// Decode reads what Encode wrote. Anything else is ErrDamaged, with the reason.
func Decode(data []byte, into any) error {
	head, body, found := bytes.Cut(data, []byte("\n"))
	var version, length int
	var sum uint32
	if _, err := fmt.Sscanf(string(head), "bongsu-bands %d %x %d", &version, &sum, &length); !found || err != nil {
		return fmt.Errorf("%w: its first line is not one of ours", ErrDamaged)
	}
	switch {
	case version != format:
		return fmt.Errorf("%w: version %d, want %d", ErrDamaged, version, format)
	case length != len(body):
		return fmt.Errorf("%w: %d bytes, want %d", ErrDamaged, len(body), length)
	case crc32.Checksum(body, castagnoli) != sum:
		return fmt.Errorf("%w: the checksum differs", ErrDamaged)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return nil
}

// Name says in 32 hexadecimal digits which bands these are: equal bands have equal names. Nil, or bands that no file can
// hold, have none.
func (s *Set) Name() string {
	if s == nil {
		return ""
	}
	text, err := json.Marshal(s)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// Save writes a value so that a crash leaves the old file or the new one, never a part.
func Save(name string, v any) error {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return fmt.Errorf("save bands: %w", err)
	}
	defer func() { _ = os.Remove(f.Name()) }() // nothing is left of it after the rename
	if err = errors.Join(stream(f, v), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("save bands: %w", err)
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return fmt.Errorf("save bands: %w", err)
	}
	return nil
}

// Load reads a saved value. A file that is not there is an fs.ErrNotExist.
func Load(name string, into any) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("load bands: %w", err)
	}
	return Decode(data, into)
}
