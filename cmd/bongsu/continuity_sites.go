package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"bongsu/bcp"
	"bongsu/bcp/control"
	"bongsu/facility"
	"bongsu/journal/shared"
	"bongsu/rules"
	"bongsu/ui"
)

// How often a node says that it lives and listens to the others, how long one attempt may take, and how often the files
// that all sites must have the same of are read.
const (
	speakEvery  = time.Second
	speakWithin = 2 * time.Second
	filesEvery  = 15 * time.Second
	lastEntries = 50  // of each site, kept for when it falls silent
	sitesBehind = 500 // entries of the shared journal read for them from before the start
)

// sites is this node's sign of life and its ear for those of the others.
type sites struct {
	board   *shared.Board
	commons *shared.Log
	file    *continuityFile
	watch   *control.SiteWatch
	signs   *control.SignWatch
	model   *ui.Model
	field   *fieldLink
	own     bcp.SiteWord // what does not change
	seq     uint64
	log     *slog.Logger

	mu      sync.Mutex
	entries map[string][]ui.SharedEntry // newest relayed ones by facility, oldest first
	differ  []string                    // files that are not the same at all nodes, as they were when the others were last heard
	told    bool                        // they were heard since this desk began

	standing map[string]bcp.Evidence // what its own points last said, by sign; of the goroutine that speaks
	files    map[string]string
	filesAt  time.Time
}

func newSites(o options, file *continuityFile, commons *shared.Log, board *shared.Board, model *ui.Model, field *fieldLink, log *slog.Logger) *sites {
	boot := make([]byte, 8)
	_, _ = rand.Read(boot) // never fails
	id := field.site.Load().ID
	return &sites{board: board, commons: commons, file: file, model: model, field: field, log: log,
		watch: control.NewSiteWatch(id, file.facilities(), file.Times.Site), signs: control.NewSignWatch(file.signsOf(id)),
		own: bcp.SiteWord{Site: id, Node: o.node, Boot: hex.EncodeToString(boot), Build: version}, entries: map[string][]ui.SharedEntry{}, standing: map[string]bcp.Evidence{}}
}

// start adds the goroutines to the desk's stack.
func (s *sites) start(parts *stack) {
	parts.start("heartbeat", s.speak)
	parts.start("other sites", s.listen)
	parts.start("other sites' entries", s.follow)
	parts.start("files alarm", func(ctx context.Context) error { return announceFiles(ctx, s.differing, s.field, s.log) })
}

// speak says once a second that this node lives, and how its site does. It waits for nothing but its own attempt: a beat
// that did not get through is followed by the next.
func (s *sites) speak(ctx context.Context) error {
	tick := time.NewTicker(speakEvery)
	defer tick.Stop()
	failing := false
	for {
		raw, err := json.Marshal(s.word(time.Now()))
		if err == nil {
			try, cancel := context.WithTimeout(ctx, speakWithin)
			err = s.board.Beat(try, s.own.Site, s.own.Node, raw)
			cancel()
		}
		if ctx.Err() != nil {
			return nil
		}
		if (err != nil) != failing {
			failing = err != nil
			s.log.Warn("the other sites hear this one", "no", failing, "cause", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// word is what this node says now.
func (s *sites) word(now time.Time) bcp.SiteWord {
	s.seq++
	w := s.model.SiteWord(now)
	w.Site, w.Node, w.Boot, w.Build, w.Seq = s.own.Site, s.own.Node, s.own.Boot, s.own.Build, s.seq
	// Not the signs that are written into the shared journal: those wait for it, and a last word must not.
	site := s.field.site.Load()
	for _, e := range s.signs.Look(now, func(p facility.PointID) (float64, bool) { return s.field.value(site, p, now) }) {
		of := e.ID[:max(0, strings.LastIndexByte(e.ID, '/'))]
		s.standing[of] = e
	}
	for _, e := range s.standing {
		if !e.Gone {
			w.Signs = append(w.Signs, e)
		}
	}
	slices.SortFunc(w.Signs, func(a, b bcp.Evidence) int { return strings.Compare(a.ID, b.ID) })
	if now.Sub(s.filesAt) >= filesEvery {
		s.files, s.filesAt = s.file.hashes(), now
		maps.Copy(s.files, siteHashes(site))
	}
	w.Files = s.files
	return w
}

// hashes tells what this site has of the files that must be the same at all sites. One that cannot be read has no hash.
func (c *continuityFile) hashes() map[string]string {
	out := map[string]string{}
	for _, name := range append([]string{c.name, c.Roster}, c.Playbooks...) {
		sum := ""
		if text, err := os.ReadFile(filepath.Join(c.dir, name)); err == nil {
			h := sha256.Sum256(text)
			sum = hex.EncodeToString(h[:])
		}
		out[filepath.Base(name)] = sum
	}
	return out
}

// siteHashes tells what this node's site file says of what is one for all sites. The rest of it is its own building's.
func siteHashes(site *facility.Site) map[string]string {
	out := map[string]string{}
	for name, part := range map[string]any{"site file: members": site.Members, "site file: second_factor": slices.Sorted(slices.Values(site.SecondFactor))} {
		if text, err := json.Marshal(part); err == nil {
			h := sha256.Sum256(text)
			out[name] = hex.EncodeToString(h[:])
		}
	}
	return out
}

// listen reads once a second what all nodes say. An answer that does not come is our own deafness, not their silence.
func (s *sites) listen(ctx context.Context) error {
	tick := time.NewTicker(speakEvery)
	defer tick.Stop()
	for {
		try, cancel := context.WithTimeout(ctx, speakWithin)
		notes, err := s.board.Beats(try)
		cancel()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			s.watch.Cut()
		} else {
			words := heardWords(notes, s.log)
			now := time.Now()
			s.watch.Hear(now, words)
			s.compare(s.watch.Hearing(now).Nodes)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// heardWords reads the board. A word that a newer program has written in another way is passed over.
func heardWords(notes []shared.Note, log *slog.Logger) []bcp.SiteWord {
	var out []bcp.SiteWord
	for _, n := range notes {
		var w bcp.SiteWord
		if err := json.Unmarshal(n.Value, &w); err != nil || w.Site == "" || w.Node == "" {
			log.Debug("a sign of life cannot be read", "of", n.Name, "cause", err)
			continue
		}
		out = append(out, w)
	}
	return out
}

// compare notes which files are not the same at all nodes, and says it once for each difference.
func (s *sites) compare(nodes []bcp.NodeHeard) {
	now, told := differing(s.own.Node, nodes)
	if !told {
		return
	}
	s.mu.Lock()
	before := s.differ
	s.differ, s.told = now, true
	s.mu.Unlock()
	switch {
	case slices.Equal(now, before):
	case len(now) == 0:
		s.log.Info("all sites have the same files again")
	default:
		s.log.Warn("files differ between the sites: copy the right one to all of them", "files", strings.Join(now, ", "))
	}
}

// goneAfter is how long a node's files count after its last word: one that was taken out for good must not keep an
// alarm, and one that comes back says anew what it has.
const goneAfter = 10 * time.Minute

// differing lists what other nodes have otherwise than this one, of the files that both tell of: a newer program may
// tell of more. Nothing can be told before this one was heard itself.
func differing(own string, nodes []bcp.NodeHeard) (out []string, told bool) {
	i := slices.IndexFunc(nodes, func(n bcp.NodeHeard) bool { return n.Word.Node == own })
	if i < 0 {
		return nil, false
	}
	for _, n := range nodes {
		for name, hash := range n.Word.Files {
			if mine, ok := nodes[i].Word.Files[name]; ok && mine != hash && n.Age < goneAfter {
				out = append(out, name+" @ "+n.Word.Node)
			}
		}
	}
	slices.Sort(out)
	return out, true
}

func (s *sites) differing() (files []string, told bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.differ, s.told
}

// When differing files become an alarm: copying them to three nodes takes a person a while.
const (
	differWaits = 30 * time.Second
	differRests = 5 * time.Second
	differEach  = time.Second
)

// announceFiles raises an alarm while files differ between the nodes, until ctx ends. While the others are not heard
// the last that was known of them stands, also what the desk before this one announced.
func announceFiles(ctx context.Context, differing func() ([]string, bool), to teller, log *slog.Logger) error {
	s := &spell{wait: differWaits, rest: differRests}
	return eachLookIn(ctx, differEach, log, func() error {
		files, told := differing()
		if !told {
			return nil
		}
		return s.found(ctx, to, rules.FoundFiles, len(files) > 0, finding{detail: few(files), value: float64(len(files))})
	})
}

// follow keeps the newest entries of each site, and notes that a site speaks when one of its entries comes.
func (s *sites) follow(ctx context.Context) error {
	rest := reachFirst
	after, known := uint64(0), false
	end := uint64(0) // what stood there at the start says nothing of who speaks now
	for ctx.Err() == nil {
		if !known {
			last, err := s.commons.LastSeq(ctx)
			if err == nil {
				end, after, known = last, last-min(last, sitesBehind), true
			}
		}
		if known {
			_ = s.commons.Tail(ctx, after, func(e shared.Entry) error { // it ends with ctx or to be begun again
				after = e.Seq
				s.take(e, e.Seq > end)
				return nil
			})
		}
		select {
		case <-ctx.Done():
		case <-time.After(rest):
		}
		rest = min(2*rest, reachMost)
	}
	return nil
}

func (s *sites) take(e shared.Entry, fresh bool) {
	if fresh && e.Site != "" {
		s.watch.Spoke(time.Now(), e.Site)
	}
	if e.Origin == nil && e.Kind != control.KindEvidence {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	list := append(s.entries[e.Site], sharedView(e))
	if len(list) > 2*lastEntries {
		list = slices.Clone(list[len(list)-lastEntries:])
	}
	s.entries[e.Site] = list
}

// Heard implements ui.Sites.
func (s *sites) Heard(now time.Time) ui.SitesHeard {
	h, verdicts := s.watch.Hearing(now), s.watch.Verdicts(now)
	out := ui.SitesHeard{Able: h.Able, SilentAfter: s.file.Times.Site.Silent}
	for _, c := range s.file.Sites {
		v := ui.CenterHeard{ID: c.ID, Facility: c.Facility, Name: c.Name}
		if c.Facility != "" {
			v.Silent, v.Says = verdicts[c.ID].Is, verdicts[c.ID].Evidence.What
		}
		for _, n := range h.Nodes {
			if n.Word.Site == c.Facility {
				v.Nodes = append(v.Nodes, n)
			}
		}
		s.mu.Lock()
		list := s.entries[c.Facility]
		v.Entries = slices.Clone(list[max(0, len(list)-lastEntries):])
		s.mu.Unlock()
		slices.Reverse(v.Entries)
		out.Centers = append(out.Centers, v)
	}
	return out
}
