package bands

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
)

// ErrDamaged says that a file is not what was written.
var ErrDamaged = errors.New("the bands file is damaged")

// format is the version in the first line of a file. Another one is refused rather than guessed at.
const format = 1

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Encode writes a value as a file: one line with version, checksum and length, then JSON.
func Encode(v any) ([]byte, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("write bands: %w", err)
	}
	head := fmt.Sprintf("bongsu-bands %d %08x %d\n", format, crc32.Checksum(body, castagnoli), len(body))
	return append([]byte(head), body...), nil
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
	data, err := Encode(v)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return fmt.Errorf("save bands: %w", err)
	}
	defer func() { _ = os.Remove(f.Name()) }() // nothing is left of it after the rename
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
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
