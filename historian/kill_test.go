package historian

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"compress/gzip"
	"io"

	"bongsu/facility"
	"bongsu/journal"
)

// victimEnv tells the re-executed test binary to be the process that is killed: its folder, then the
// database's address.
const victimEnv = "BONGSU_HISTORIAN_VICTIM"

const victimPoints = 50

func TestMain(m *testing.M) {
	if dir, address, ok := strings.Cut(os.Getenv(victimEnv), "|"); ok {
		if err := victim(dir, address); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// victim collects as fast as it can, stores, forwards and confirms, and says each round it took.
func victim(dir, address string) error {
	spool, err := journal.OpenSpool(filepath.Join(dir, "spool"), cells(victimPoints), journal.SpoolOptions{SegmentBytes: 256 << 10, Keep: -1})
	if err != nil {
		return err
	}
	store, err := Open(filepath.Join(dir, "history"), Options{}, quiet)
	if err != nil {
		return err
	}
	site := &facility.Site{ID: "dc1", Influx: &facility.Influx{URL: "http://" + address, Bucket: "plant/autogen"}}
	f, err := NewForwarder(site, filepath.Join(dir, "influx"), quiet)
	if err != nil {
		return err
	}
	ctx := context.Background()
	failed := make(chan error, 4)
	go func() { failed <- spool.Run(ctx) }()
	go func() { failed <- f.Run(ctx) }()
	go func() { failed <- deliverFrom(ctx, spool, f) }()
	go func() {
		failed <- spool.Tail(ctx, store.Position(), func(b journal.Batch) error {
			if b.Gap != nil {
				return fmt.Errorf("gap: %+v", *b.Gap)
			}
			return store.Append(ctx, Batch{Seq: b.Seq, Points: b.Points, Samples: b.Samples}, time.Now())
		})
	}()
	first, err := strconv.Atoi(os.Getenv("FIRST"))
	if err != nil {
		return err
	}
	for k := first; ; k++ {
		select {
		case err := <-failed:
			return err
		default:
		}
		if err := spool.Append(round(victimPoints, k)); err != nil {
			return err
		}
		fmt.Println(k)
		if k%100 == 0 {
			if err := spool.Truncate(min(store.Position(), f.Position())); err != nil {
				return err
			}
		}
		time.Sleep(200 * time.Microsecond)
	}
}

// kept is a database that outlives the process that is killed.
type kept struct {
	mu    sync.Mutex
	lines map[string]bool
}

func (k *kept) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/api/v2/write" {
		http.NotFound(w, r)
		return
	}
	body, err := gzip.NewReader(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	text, err := io.ReadAll(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, l := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		if !strings.HasPrefix(l, "bongsu_probe") {
			k.lines[l] = true
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

// The process that collects, stores and forwards is killed three times in the middle of it. Every round it
// said it had taken is in the history and in the database.
func TestKillNineLosesNothingThatWasTaken(t *testing.T) {
	dir := t.TempDir()
	db := &kept{lines: map[string]bool{}}
	srv := httptest.NewServer(db)
	defer srv.Close()
	taken := 0
	for range 3 {
		taken = killed(t, dir, strings.TrimPrefix(srv.URL, "http://"), taken)
	}
	spool := openSpool(t, filepath.Join(dir, "spool"), cells(victimPoints), journal.SpoolOptions{})
	s := open(t, filepath.Join(dir, "history"))
	defer s.Close()
	site := &facility.Site{ID: "dc1", Influx: &facility.Influx{URL: srv.URL, Bucket: "plant/autogen"}}
	f, err := NewForwarder(site, filepath.Join(dir, "influx"), quiet)
	if err != nil {
		t.Fatal(err)
	}
	if err := spool.Append(round(victimPoints, taken)); err != nil { // the end, so that all before it has passed
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = f.Run(ctx) })
	running.Go(func() { _ = deliverFrom(ctx, spool, f) })
	fill(t, s, spool)
	eventually(t, 2*patience, "the rest is delivered", func() bool { return f.Position() == spool.LastSeq() })
	cancel()
	running.Wait()
	complete(t, s, victimPoints, taken+1)
	db.mu.Lock()
	defer db.mu.Unlock()
	if want := victimPoints * (taken + 1); len(db.lines) != want {
		t.Errorf("the database has %d of %d lines", len(db.lines), want)
	}
	t.Logf("%d rounds of %d points over three kills", taken, victimPoints)
}

// killed starts the victim, kills it after a while and tells how far it had come.
func killed(t *testing.T, dir, address string, from int) int {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), victimEnv+"="+dir+"|"+address, "FIRST="+strconv.Itoa(from))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	enough := from + 1500 + rand.IntN(1000)
	next := from
	for lines := bufio.NewScanner(out); lines.Scan(); {
		k, err := strconv.Atoi(lines.Text())
		if err != nil {
			continue
		}
		if next = k + 1; next == enough {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait()
	if next < enough {
		t.Fatalf("the process ended by itself after round %d", next)
	}
	return next
}
