package shared

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Flaw is a place of an archive that does not prove itself: entries that are missing or damaged, or one that
// does not follow the one before.
type Flaw struct {
	Span
	File string `json:"file"`
	What string `json:"what"`
}

// ArchiveReport is what reading a whole archive found.
type ArchiveReport struct {
	Entries uint64
	First   uint64
	Last    uint64
	Hash    string // of the newest entry
	Files   int
	Flaws   int
}

// ReadArchive hands out every entry of the archive in dir that proves itself, in order, and each flaw where it
// stands; either may be nil. It takes no lock and mends nothing, so a desk may be writing. An unfinished line
// at the very end is none.
func ReadArchive(dir string, each func(Entry) error, flaw func(Flaw) error) (ArchiveReport, error) {
	var r ArchiveReport
	list, err := segments(dir)
	if err != nil {
		return r, err
	}
	v := verifier{report: &r, each: each, flaw: flaw}
	for _, first := range list {
		v.first, v.file = first, segmentName(first)
		if err := scanSegment(filepath.Join(dir, v.file), func(l line, _ span) error { return v.take(l) }); err != nil && !os.IsNotExist(err) {
			return r, err
		}
		r.Files++
	}
	return r, nil
}

// verifier proves one line after the other.
type verifier struct {
	report *ArchiveReport
	each   func(Entry) error
	flaw   func(Flaw) error
	first  uint64
	file   string
	why    string // an entry could not be read for this reason; what is missing is named with the next good one
}

func (v *verifier) take(l line) error {
	r := v.report
	e, err := l.entry()
	switch {
	case err != nil:
		v.why = err.Error()
		return nil
	case e.Seq <= r.Last || segmentFirst(e.Seq) != v.first:
		return v.bad(Span{e.Seq, e.Seq}, e.Seq, "it stands in another place than its own")
	case e.Seq > r.Last+1:
		what := "missing, or its checksum does not match"
		if v.why != "" {
			what = v.why
		}
		if err := v.bad(Span{r.Last + 1, e.Seq - 1}, r.Last+1, what); err != nil {
			return err
		}
	case e.Prev != r.Hash:
		if err := v.bad(Span{e.Seq, e.Seq}, e.Seq, "it does not follow the entry before it as that stands here"); err != nil {
			return err
		}
	}
	v.why = ""
	if r.Entries++; r.First == 0 {
		r.First = e.Seq
	}
	r.Last, r.Hash = e.Seq, e.Hash
	if v.each == nil {
		return nil
	}
	return v.each(e)
}

func (v *verifier) bad(s Span, seq uint64, what string) error {
	v.report.Flaws++
	if v.flaw == nil {
		return nil
	}
	return v.flaw(Flaw{Span: s, File: segmentName(seq), What: what})
}

// Checks gives the newest checkpoint of every node that has told one, by its name. An empty prefix means
// DefaultPrefix.
func Checks(ctx context.Context, client *clientv3.Client, prefix string) (map[string]Check, error) {
	at := newSpace(prefix).check("")
	out := map[string]Check{}
	err := insist(ctx, func(ctx context.Context) error {
		r, err := client.Get(ctx, at, clientv3.WithPrefix())
		if err != nil {
			return err
		}
		for _, kv := range r.Kvs {
			node := strings.TrimPrefix(string(kv.Key), at)
			var c Check
			if err := json.Unmarshal(kv.Value, &c); err != nil {
				return fmt.Errorf("checkpoint of %s: %w", node, err)
			}
			out[node] = c
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the nodes' checkpoints: %w", err)
	}
	return out, nil
}

// Begins is the number of the first entry that the members have: those before have left.
func (l *Log) Begins(ctx context.Context) (uint64, error) {
	var floor head
	err := insist(ctx, func(ctx context.Context) error {
		r, err := l.client.Get(ctx, l.keys.floor())
		if err == nil {
			floor, err = decodeHead(r)
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("read where the members' entries begin: %w", err)
	}
	return floor.Seq + 1, nil
}
