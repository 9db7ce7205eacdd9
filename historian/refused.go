package historian

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	influxhttp "github.com/influxdata/influxdb-client-go/v2/api/http"
)

// refusedMost bounds the file of refused lines; there are two of them, the full one and the newest.
const refusedMost = 4 << 20

// longestAsked bounds how long a database may ask us to stay away.
const longestAsked = 5 * time.Minute

// send writes a stretch of lines. Where the database refuses it, it is halved until the lines are found
// that will never be taken; those are set aside. An error means: try again later.
func (f *Forwarder) send(ctx context.Context, g *group, from, to int) error {
	text, n := g.lines(from, to)
	if n == 0 {
		return nil
	}
	err := f.write(ctx, text)
	if err == nil || !refuses(err) {
		return err
	}
	if to-from > 1 {
		middle := from + (to-from)/2
		if err := f.send(ctx, g, from, middle); err != nil {
			return err
		}
		return f.send(ctx, g, middle, to)
	}
	// A database that refuses a line that is surely right refuses everything, whatever its answer says.
	if e := f.write(ctx, f.probeLine(time.Now())); e != nil {
		return fmt.Errorf("every line is refused: %w: %s", err, because(err))
	}
	g.bury(from)
	f.setAside(g.line(from), err)
	return nil
}

// refuses says whether the answer will be the same however often it is asked: 400, 413, 422 and their
// like are about the lines. Wrong credentials, a missing bucket, too many requests and 5xx are about the
// database and pass.
func refuses(err error) bool {
	var answer *influxhttp.Error
	if !errors.As(err, &answer) {
		return false
	}
	switch answer.StatusCode {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

// because tells an answer in words: the client's own error may be the bare number.
func because(err error) string {
	var answer *influxhttp.Error
	if errors.As(err, &answer) {
		return fmt.Sprintf("%d %s %s", answer.StatusCode, answer.Code, answer.Message)
	}
	return err.Error()
}

// asked is how long the database asked to be left alone.
func asked(err error) time.Duration {
	var answer *influxhttp.Error
	if !errors.As(err, &answer) {
		return 0
	}
	return min(time.Duration(answer.RetryAfter)*time.Second, longestAsked)
}

// setAside keeps a refused line and why, for a person to look at.
func (f *Forwarder) setAside(line []byte, why error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refused++
	if now := time.Now(); now.Sub(f.refusedAt) >= time.Minute {
		f.log.Error("InfluxDB refuses a line for good; it is set aside", "cause", because(why), "file", f.refusedFile(), "so_far", f.refused)
		f.refusedAt = now
	}
	if err := f.keep(line, why); err != nil {
		f.log.Error("a refused line could not be kept", "cause", err)
	}
}

func (f *Forwarder) keep(line []byte, why error) error {
	name := f.refusedFile()
	if info, err := os.Stat(name); err == nil && info.Size() > refusedMost {
		if err := os.Rename(name, name+".old"); err != nil {
			return err
		}
	}
	h, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(h, "# %s %.300q\n%s", time.Now().UTC().Format(time.RFC3339), because(why), line)
	return errors.Join(err, h.Close())
}

func (f *Forwarder) refusedFile() string { return filepath.Join(f.dir, "influx.refused") }

// Refused counts the lines the database will never take. They stand in a file beside the position.
func (f *Forwarder) Refused() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.refused
}
