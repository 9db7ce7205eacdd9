package rules

import (
	"context"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/facility"
	"bongsu/journal"
)

// tape records a house the way the field does: its turns, and its samples in a spool.
type tape struct {
	dir    string
	mu     sync.Mutex
	blocks [][]byte
	spool  *journal.Spool
}

func (p *tape) Put(block []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.blocks = append(p.blocks, slices.Clone(block))
	return true
}

func newTape(t *testing.T, h *house, dir string) *tape {
	t.Helper()
	p := &tape{dir: filepath.Join(dir, "spool")}
	ids := make([]facility.PointID, len(h.site.Points))
	for i, point := range h.site.Points {
		ids[i] = point.ID
	}
	var err error
	if p.spool, err = journal.OpenSpool(p.dir, ids, journal.SpoolOptions{}); err != nil {
		t.Fatal(err)
	}
	return p
}

// keep writes what the bus carries until ctx ends, and what has come by then.
func (p *tape) keep(ctx context.Context, r *facility.Reader) {
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-r.Ready():
		}
		batches, _ := r.Take()
		for _, b := range batches {
			if err := p.spool.Append(b); err != nil {
				panic(err)
			}
		}
	}
}

func (p *tape) recording(book *paper) Recording {
	return Recording{
		Turns: func(fn func([]byte) error) (journal.Past, error) {
			for _, b := range p.blocks {
				if err := fn(b); err != nil {
					return journal.Past{}, err
				}
			}
			return journal.Past{}, nil
		},
		Samples: func(fn func(journal.Batch) error) (journal.Past, error) { return journal.ReadSpool(p.dir, fn) },
		Journal: book.read,
	}
}

func (p *paper) read(fn func(journal.Entry) error) error {
	for _, e := range p.all() {
		if err := fn(e); err != nil {
			return err
		}
	}
	return nil
}

// betweenScans is a moment at which nothing else happens: a house that ends with a scan may have judged what its tape
// no longer took.
const betweenScans = 500 * time.Millisecond

// recorded tells a story in virtual time with a tape running.
func recorded(t *testing.T, tell func(t *testing.T, h *house)) (rec Recording, tp *tape, book *paper) {
	t.Helper()
	book = &paper{}
	dir := t.TempDir() // outlives the bubble
	synctest.Test(t, func(t *testing.T) {
		h := newHouseWith(t, book, func(h *house) { tp = newTape(t, h, dir); h.tape = tp })
		ctx, stop := context.WithCancel(t.Context())
		time.Sleep(5 * time.Second)
		tell(t, h)
		time.Sleep(betweenScans)
		h.ends()
		stop()
		<-ctx.Done()
		synctest.Wait()
		if err := tp.spool.Close(); err != nil {
			t.Error(err)
		}
	})
	return tp.recording(book), tp, book
}

// aDayWithAFire is calm, a thermistor that fails and heals, a fire that climbs to water with people acting in it, a
// command by hand, and calm again.
func aDayWithAFire(t *testing.T, h *house) {
	time.Sleep(15 * time.Second)
	h.lose("demo/b1/r2/bms/t-max")
	time.Sleep(40 * time.Second)
	h.mu.Lock()
	clear(h.bad)
	h.mu.Unlock()
	act := facility.Act{ID: "a1", Kind: "fire.bypass", Subject: "B1", By: []string{"kim", "lee"}, Args: map[string]string{"rack": "R4", "channel": "RT", "seconds": "600"}}
	if res := h.do(act); res.Code != http.StatusOK {
		t.Fatalf("bypass: %+v", res)
	}
	if p, err := h.engine.Picture(t.Context()); err != nil || len(p.Alarms) == 0 {
		t.Fatalf("nothing stands to write a note on: %v", err)
	} else if res := h.do(facility.Act{ID: "a2", Kind: ActNote, Subject: p.Alarms[0].ID, By: []string{"kim"}, Args: map[string]string{"text": "센서 교체 요청함"}}); res.Code != http.StatusOK {
		t.Fatalf("note: %+v", res)
	}
	for c := 26.0; c < 86; c += 1.5 {
		h.heat(c)
		time.Sleep(1700 * time.Millisecond)
	}
	time.Sleep(65 * time.Second) // water follows the agent by a minute
	h.heat(25)
	time.Sleep(20 * time.Second)
}

// The stories of one recorded day. The last one damages it.
func TestRecordedDay(t *testing.T) {
	rec, tp, book := recorded(t, aDayWithAFire)
	t.Run("is replayed byte for byte", func(t *testing.T) { replayedByteForByte(t, rec, book) })
	t.Run("with lower thresholds", func(t *testing.T) { lowerThresholdsComeEarlier(t, rec) })
	t.Run("from a spool in another order", func(t *testing.T) { otherOrder(t, rec) })
	t.Run("without its turns", func(t *testing.T) { samplesTimesLead(t, rec, book) })
	t.Run("against a forged journal", func(t *testing.T) { forgeryIsFound(t, rec, book) })
	t.Run("from a damaged spool", func(t *testing.T) { damageIsNamed(t, rec, tp) })
}

// The whole day is replayed: every decision comes again, byte for byte.
func replayedByteForByte(t *testing.T, rec Recording, book *paper) {
	t.Helper()
	r := Replay{Recording: rec, Sites: []*facility.Site{demoSite(t)}}
	report, err := r.Run()
	if err != nil {
		t.Fatal(err)
	}
	if !report.Identical {
		t.Fatalf("not identical: %+v %s", report, told(report.First))
	}
	want := 0
	for _, e := range book.all() {
		if decides(e.Kind) {
			want++
		}
	}
	if report.Compared != want || want < 50 {
		t.Errorf("%d decisions compared, the journal has %d", report.Compared, want)
	}
	if report.Missing+report.Untaken+report.Foreign+report.Unwritten+report.Unrecorded != 0 {
		t.Errorf("something is missing of a whole recording: %+v", report)
	}
	if report.Decisions[KindStage] < 4 {
		t.Errorf("decisions %v: the fire is missing", report.Decisions)
	}
}

func told(d *Difference) string {
	if d == nil {
		return ""
	}
	var s strings.Builder
	for _, x := range []*Decision{d.Recorded, d.Replayed} {
		if x == nil {
			s.WriteString("nothing\n")
			continue
		}
		s.WriteString(x.At.Format(time.RFC3339Nano) + " " + x.Kind + " " + x.Subject + " " + string(x.Data) + "\n")
	}
	return s.String()
}
