package control

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"bongsu/bcp"
)

// Verdict is what a listener says of a data center: Yes when it is silent, with the evidence; No when it speaks; Unseen when
// the listener itself may be cut off, or has never heard of it.
type Verdict struct {
	Is       bcp.Tri
	Evidence bcp.Evidence
}

// SiteWatch listens to the signs of life of all sites. Ages are by its own monotonic clock since it last saw a
// change: clocks of sites differ. It is safe for concurrent use.
type SiteWatch struct {
	own    string
	sites  map[string]string // data center by facility
	silent time.Duration

	mu    sync.Mutex
	nodes map[[2]string]*heardNode
	spoke map[string]time.Time // newest relayed entry by facility
	heard time.Time            // when a majority last answered
	able  time.Time            // since when it has answered without a break; zero while it does not
}

type heardNode struct {
	word   bcp.SiteWord
	at     time.Time // when it changed
	speaks bool      // it has changed since it was first seen: the word of a dead node hangs there for ever
}

// deafAfter is how long no answer of a majority may take until nothing can be said of others any more: the listener
// may have been cut off, or asleep.
const deafAfter = 3 * time.Second

// NewSiteWatch listens for a facility to all sites (data centers by the id of their facility). A site is silent after times.
func NewSiteWatch(own string, sites map[string]string, times bcp.SiteTimes) *SiteWatch {
	return &SiteWatch{own: own, sites: sites, silent: times.Silent, nodes: map[[2]string]*heardNode{}, spoke: map[string]time.Time{}}
}

// Hear takes the newest words of all nodes, as a majority has just told them.
func (w *SiteWatch) Hear(now time.Time, words []bcp.SiteWord) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.able.IsZero() || now.Sub(w.heard) > deafAfter {
		w.able = now
	}
	w.heard = now
	for _, word := range words {
		key := [2]string{word.Site, word.Node}
		n := w.nodes[key]
		if n != nil && n.word.Boot == word.Boot && n.word.Seq == word.Seq {
			continue
		}
		w.nodes[key] = &heardNode{word, now, n != nil}
	}
}

const (
	// wrongFrom is how far a clock has to be off until it is called wrong: a word is up to two seconds old when it is heard.
	wrongFrom = 10 * time.Second
	// enoughClocks is how many have to be compared: of two that differ nobody can say which is wrong.
	enoughClocks = 3
)

// Wrong is how far the own clock is ahead (below zero: behind) of the middle one of the clocks of all nodes that speak, 0
// while it is not far off or too few speak. One wrong clock of three is outvoted.
func (w *SiteWatch) Wrong(own time.Time) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	var ahead []time.Duration
	for _, n := range w.nodes {
		if since := own.Sub(n.at); n.speaks && since <= wrongFrom && !n.word.At.IsZero() {
			ahead = append(ahead, own.Round(0).Sub(n.word.At.Add(since)))
		}
	}
	slices.Sort(ahead)
	if len(ahead) < enoughClocks {
		return 0
	}
	if middle := ahead[len(ahead)/2]; middle >= wrongFrom || middle <= -wrongFrom {
		return middle
	}
	return 0
}

// Cut notes that no majority answers.
func (w *SiteWatch) Cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.able = time.Time{}
}

// Spoke notes an entry of a facility that has just come by the shared journal.
func (w *SiteWatch) Spoke(now time.Time, site string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.spoke[site] = now
}

// Hearing is everything heard, by node.
func (w *SiteWatch) Hearing(now time.Time) bcp.Hearing {
	w.mu.Lock()
	defer w.mu.Unlock()
	h := bcp.Hearing{Own: w.own, Relayed: map[string]time.Duration{}}
	if !w.able.IsZero() && now.Sub(w.heard) <= deafAfter {
		h.Able = max(1, now.Sub(w.able))
	}
	for _, n := range w.nodes {
		h.Nodes = append(h.Nodes, bcp.NodeHeard{Word: n.word, Age: now.Sub(n.at)})
	}
	slices.SortFunc(h.Nodes, func(a, b bcp.NodeHeard) int {
		return cmp.Or(cmp.Compare(a.Word.Site, b.Word.Site), cmp.Compare(a.Word.Node, b.Word.Node))
	})
	for site, at := range w.spoke {
		h.Relayed[site] = now.Sub(at)
	}
	return h
}

// Verdicts judges every data center that has a facility.
func (w *SiteWatch) Verdicts(now time.Time) map[string]Verdict {
	h := w.Hearing(now)
	out := map[string]Verdict{}
	for site, center := range w.sites {
		s, is := h.Silent(site, w.silent)
		v := Verdict{Is: is}
		if is == bcp.Yes {
			v.Evidence = s.Evidence(center, now)
		}
		out[center] = v
	}
	return out
}

// silences is the evidence of silent sites, and of those that open cases have as silent and that are heard again. While
// nobody can say, what was found before stands.
func (t *term) silences(now time.Time) []bcp.Evidence {
	if t.cfg.Silence == nil {
		return nil
	}
	verdicts := t.cfg.Silence(now)
	var out []bcp.Evidence
	told := map[string]bool{}
	for _, v := range verdicts {
		if v.Is == bcp.Yes {
			told[v.Evidence.ID] = true
			out = append(out, v.Evidence)
		}
	}
	for _, i := range t.org.Incidents.All() {
		if i.Over() {
			continue
		}
		for _, e := range i.Evidence {
			if e.Kind != bcp.EvidenceSilent || e.Gone || told[e.ID] {
				continue
			}
			told[e.ID] = true
			if verdicts[e.Site].Is != bcp.Unseen {
				e.Gone, e.UpSince = true, t.at(now)
			}
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b bcp.Evidence) int { return cmp.Compare(a.ID, b.ID) })
	return out
}
