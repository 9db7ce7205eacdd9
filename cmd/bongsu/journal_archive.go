package main

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"bongsu/facility"
	"bongsu/journal/shared"
	"bongsu/ui"
)

// sharedArchive is this node's own copy of the shared journal, with what keeps it. Without one the desk goes on:
// it reads what the members have, and says why it has no copy.
type sharedArchive struct {
	keeper  *shared.Keeper
	archive *shared.Archive
	why     string
}

// archiveDir is where a node keeps its copy of the shared journal.
func archiveDir(data string) string { return filepath.Join(data, "shared") }

// keepShared opens the archive and lets the log read from it.
func keepShared(o options, site *facility.Site, commons *shared.Log, log *slog.Logger) *sharedArchive {
	archive, err := shared.OpenArchive(archiveDir(o.data), log)
	if err != nil {
		log.Error("the shared journal is not archived on this node", "cause", err)
		return &sharedArchive{why: err.Error()}
	}
	commons.Keep(archive)
	var nodes []string
	for _, m := range site.Members {
		nodes = append(nodes, m.Name)
	}
	keeper, err := shared.NewKeeper(shared.KeeperConfig{Log: commons, Node: o.node, Nodes: nodes, Keep: uint64(max(site.Journal.Keep, 0)), Logger: log})
	if err != nil {
		log.Error("the shared journal is not archived on this node", "cause", err)
		return &sharedArchive{why: err.Error(), archive: archive}
	}
	return &sharedArchive{keeper: keeper, archive: archive}
}

// run keeps the archive until ctx ends.
func (s *sharedArchive) run(ctx context.Context) error {
	var err error
	if s.keeper != nil {
		err = s.keeper.Run(ctx)
	} else {
		<-ctx.Done()
	}
	if s.archive != nil {
		err = errors.Join(err, s.archive.Close())
	}
	return err
}

// health is how the archive does, for the console.
func (s *sharedArchive) health() *ui.ArchiveHealth {
	if s.keeper == nil {
		return &ui.ArchiveHealth{Why: s.why}
	}
	st := s.keeper.Status()
	h := &ui.ArchiveHealth{Entry: st.Last, Held: st.Held(), Floor: st.Floor, Tip: max(st.Tip, st.Last), Bytes: st.Bytes, Why: st.Err}
	if st.Why != "" {
		h.Why = st.Why
	}
	for _, x := range st.Holes {
		h.Missing += x.To - x.From + 1
	}
	if st.State != nil {
		h.StateEntry, h.State = st.State.StateSeq, st.State.State
	}
	for _, p := range st.Peers {
		h.Nodes = append(h.Nodes, ui.ArchiveNode{Node: p.Node, Held: p.Held, Entry: p.Check.Seq, Agrees: p.Agrees, State: p.State, Why: p.Why})
	}
	return h
}

var (
	archiveEntry   = prometheus.NewDesc("bongsu_shared_archive_entry", "Newest entry of the shared journal in this node's archive.", nil, nil)
	archiveHeld    = prometheus.NewDesc("bongsu_shared_archive_held", "Entry up to which this node's archive is whole.", nil, nil)
	archiveMissing = prometheus.NewDesc("bongsu_shared_archive_missing_entries", "Entries that are missing or damaged in this node's archive.", nil, nil)
	archiveLag     = prometheus.NewDesc("bongsu_shared_archive_lag_entries", "Entries of the members that are not archived yet.", nil, nil)
	archiveBytes   = prometheus.NewDesc("bongsu_shared_archive_bytes", "Size of this node's archive.", nil, nil)
	archiveFloor   = prometheus.NewDesc("bongsu_shared_floor_entry", "Newest entry that has left the members: from then on only archives have it.", nil, nil)
	archiveWell    = prometheus.NewDesc("bongsu_shared_archive_ok", "1 while the shared journal is archived on this node.", nil, nil)
	stateHash      = prometheus.NewDesc("bongsu_shared_state_hash", "First 48 bits of the hash of the state after the entry in bongsu_shared_state_entry.", nil, nil)
	stateEntry     = prometheus.NewDesc("bongsu_shared_state_entry", "Entry after which the state was last hashed.", nil, nil)
	nodeAgrees     = prometheus.NewDesc("bongsu_shared_node_agrees", "1 while another node has the same history and state as this one; none before they were compared.", []string{"node"}, nil)
)

// Describe lists what Collect can send.
func (s *sharedArchive) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{archiveEntry, archiveHeld, archiveMissing, archiveLag, archiveBytes, archiveFloor, archiveWell, stateHash, stateEntry, nodeAgrees} {
		ch <- d
	}
}

// Collect sends the present figures.
func (s *sharedArchive) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	h := s.health()
	well := 1.0
	if h.Why != "" || h.Missing > 0 {
		well = 0
	}
	gauge(archiveWell, well)
	gauge(archiveEntry, float64(h.Entry))
	gauge(archiveHeld, float64(h.Held))
	gauge(archiveMissing, float64(h.Missing))
	gauge(archiveLag, float64(h.Tip-h.Entry))
	gauge(archiveBytes, float64(h.Bytes))
	gauge(archiveFloor, float64(h.Floor))
	if bits, err := strconv.ParseUint(h.State[:min(len(h.State), 12)], 16, 64); err == nil {
		gauge(stateHash, float64(bits))
		gauge(stateEntry, float64(h.StateEntry))
	}
	for _, n := range h.Nodes {
		agrees := 0.0
		if n.Agrees && n.Why == "" {
			agrees = 1
		}
		if n.Entry > 0 {
			gauge(nodeAgrees, agrees, n.Node)
		}
	}
}
