package main

import (
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"path/filepath"
	"time"

	"bongsu/rules/bands"
)

// mostBandBytes bounds what a desk may hand over: about 8 kB a point.
const mostBandBytes = 256 << 20

// fieldBands is the field's copy of the learned bands. They come from the desk when it has new ones; after a start
// those of the last time are in force again.
type fieldBands struct {
	name string
	kept keptBands // for replays
	use  func(*bands.Set)
	log  *slog.Logger
}

// takeUp puts the kept bands in force. None, or damaged ones, leave the band rules blind until the desk brings some.
func (f fieldBands) takeUp() {
	var set bands.Set
	switch err := bands.Load(f.name, &set); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		f.log.Error("the kept bands cannot be used", "cause", err)
	default:
		f.inForce(&set)
	}
}

// inForce keeps the bands for replays and puts them in force.
func (f fieldBands) inForce(set *bands.Set) {
	if err := f.kept.put(set, time.Now()); err != nil {
		f.log.Error("the bands could not be kept for replays: alarms of bands will be missing in these", "cause", err)
	}
	f.use(set)
}

// put takes new bands from a desk: first onto the disk, then in force.
func (f fieldBands) put(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostBandBytes))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var set bands.Set
	if err := bands.Decode(body, &set); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if err := bands.Save(f.name, set); err != nil {
		f.log.Error("the bands could not be kept; they are in force until the next start", "cause", err)
	}
	f.inForce(&set)
	w.WriteHeader(http.StatusNoContent)
}

func bandsFile(o options) string { return filepath.Join(o.fieldDir(), "bands") }
