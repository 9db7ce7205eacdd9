package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"bongsu/collectors/share"
	"bongsu/facility"
	"bongsu/journal"
	"bongsu/rules"
)

// fieldDoor is what the desk reaches: the two logs, the state to begin with, a stream of the field's
// status, and the way back for people's acts.
type fieldDoor struct {
	book   *journal.Log
	spool  *journal.Spool
	engine *rules.Engine
	live   *facility.Live
	state  *fieldState
	points []facility.PointID
	again  *reloader
	bands  fieldBands
	log    *slog.Logger
}

// opening is what a desk starts from; it then follows the logs from the two positions.
type opening struct {
	JournalSeq uint64                   `json:"journal_seq"`
	SpoolSeq   uint64                   `json:"spool_seq"`
	Points     []facility.PointID       `json:"points"`
	Samples    []facility.Sample        `json:"samples"`
	Alarms     []facility.Alarm         `json:"alarms"`
	Commands   []facility.CommandRecord `json:"commands"`
	Status     facility.FieldStatus     `json:"status"`
}

const (
	mostActBytes = 64 << 10
	actPatience  = 4 * time.Second
	mostPage     = 1000
)

func (d fieldDoor) handler() http.Handler {
	mux := journal.NewServer(d.book, d.spool, d.log).Mux()
	mux.HandleFunc("GET /state", d.opening)
	mux.HandleFunc("GET /status", d.status)
	mux.HandleFunc("GET /page", d.page)
	mux.HandleFunc("GET /wire", d.wire)
	mux.HandleFunc("POST /acts", d.act)
	mux.HandleFunc("POST /confirm", d.confirm)
	mux.HandleFunc("GET /site", d.site)
	mux.HandleFunc("POST /reload", d.reload)
	mux.HandleFunc("PUT /bands", d.bands.put)
	if s := d.state.sharers; s != nil {
		mux.Handle("POST "+share.Path, s)
	}
	return mux
}

// opening reads the positions first: what changes meanwhile comes again with the logs.
func (d fieldDoor) opening(w http.ResponseWriter, r *http.Request) {
	o := opening{JournalSeq: d.book.LastSeq(), SpoolSeq: d.spool.LastSeq(), Points: d.points}
	p, err := d.engine.Picture(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	o.Alarms, o.Commands, o.Status = p.Alarms, p.Commands, d.state.status()
	for _, s := range d.live.All(time.Now()) {
		if s.Quality != facility.Unknown {
			o.Samples = append(o.Samples, s)
		}
	}
	answer(w, http.StatusOK, o)
}

func (d fieldDoor) status(w http.ResponseWriter, r *http.Request) {
	ch, stop := d.state.listen()
	defer stop()
	enc, out := json.NewEncoder(w), http.NewResponseController(w)
	for {
		select {
		case <-r.Context().Done():
			return
		case st := <-ch:
			_ = out.SetWriteDeadline(time.Now().Add(5 * time.Second))
			if enc.Encode(st) != nil || out.Flush() != nil {
				return
			}
		}
	}
}

func (d fieldDoor) page(w http.ResponseWriter, r *http.Request) {
	after, err1 := strconv.ParseUint(r.FormValue("after"), 10, 64)
	limit, err2 := strconv.Atoi(r.FormValue("limit"))
	if err1 != nil || err2 != nil || limit < 1 || limit > mostPage {
		http.Error(w, fmt.Sprintf("after and limit (1 to %d) must be whole numbers", mostPage), http.StatusBadRequest)
		return
	}
	entries, err := d.book.After(after, limit)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer(w, http.StatusOK, entries)
}

func (d fieldDoor) act(w http.ResponseWriter, r *http.Request) {
	var act facility.Act
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, mostActBytes))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&act); err != nil || act.ID == "" {
		http.Error(w, fmt.Sprintf("not an act with an id: %v", err), http.StatusBadRequest)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), actPatience)
	defer cancel()
	answer(w, http.StatusOK, d.engine.Do(ctx, act))
}

// site gives the texts that the field works by; a desk loads the same.
func (d fieldDoor) site(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, d.again.served())
}

// reload answers what became of it also when it was refused: the request itself was served.
func (d fieldDoor) reload(w http.ResponseWriter, r *http.Request) {
	var req facility.ReloadRequest
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, mostActBytes))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&req); err != nil || req.By == "" {
		http.Error(w, fmt.Sprintf("not a request to reload with who asks: %v", err), http.StatusBadRequest)
		return
	}
	// A reload that was begun is brought to its end, whether the one who asked still waits or not.
	answer(w, http.StatusOK, d.again.reload(context.WithoutCancel(r.Context()), req))
	d.again.handOver()
}

// confirm cuts what every consumer has stored off the spool's front.
func (d fieldDoor) confirm(w http.ResponseWriter, r *http.Request) {
	seq, err := strconv.ParseUint(r.FormValue("seq"), 10, 64)
	if err != nil {
		http.Error(w, "seq must be a whole number", http.StatusBadRequest)
		return
	}
	if err := d.spool.Truncate(seq); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func answer(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(v)
}
