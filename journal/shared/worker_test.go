package shared

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// workerEnv makes the test binary a worker: it campaigns, and while it leads it does numbered steps one
// after the other, each as intent, act, outcome.
const (
	workerEnv   = "BONGSU_TEST_WORKER"
	kindIntent  = "intent"
	kindOutcome = "outcome"
	stepEvery   = 20 * time.Millisecond
)

// world is where steps are done. It obeys no older epoch than the newest it has heard of, as all that a
// leader acts on does.
type world struct {
	url string

	mu      sync.Mutex
	epoch   uint64
	first   time.Time // act under that epoch
	done    map[string]int
	refused int
}

func startWorld(t testing.TB) *world {
	t.Helper()
	w := &world{done: map[string]int{}}
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	w.url = server.URL
	return w
}

// ServeHTTP does a step (POST) or says how often it was done (GET).
func (w *world) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	step := r.FormValue("step")
	epoch, err := strconv.ParseUint(r.FormValue("epoch"), 10, 64)
	switch {
	case err != nil || step == "":
		http.Error(out, "give step and epoch", http.StatusBadRequest)
		return
	case epoch < w.epoch:
		w.refused++
		http.Error(out, fmt.Sprintf("epoch %d is older than %d", epoch, w.epoch), http.StatusConflict)
		return
	case epoch > w.epoch:
		w.epoch, w.first = epoch, time.Time{}
	}
	if r.Method == http.MethodPost {
		w.done[step]++
		if w.first.IsZero() {
			w.first = time.Now()
		}
	}
	fmt.Fprint(out, w.done[step])
}

func (w *world) newest() uint64 { w.mu.Lock(); defer w.mu.Unlock(); return w.epoch }

func (w *world) acts() map[string]int { w.mu.Lock(); defer w.mu.Unlock(); return maps.Clone(w.done) }

func (w *world) steps() []string { return slices.Sorted(maps.Keys(w.acts())) }

func (w *world) refusals() int { w.mu.Lock(); defer w.mu.Unlock(); return w.refused }

// leads waits for an act under a newer epoch than after and gives when it came.
func (w *world) leads(t testing.TB, after uint64) time.Time {
	t.Helper()
	for end := time.Now().Add(2 * patience); time.Now().Before(end); _ = sleep(t.Context(), 5*time.Millisecond) {
		w.mu.Lock()
		epoch, first := w.epoch, w.first
		w.mu.Unlock()
		if epoch > after && !first.IsZero() {
			return first
		}
	}
	t.Fatalf("nobody acts under a newer epoch than %d", after)
	return time.Time{}
}

// workerConfig is what a worker process is told.
type workerConfig struct {
	Node      string
	Endpoints []string
	World     string
}

func startWorker(t testing.TB, cfgs []MemberConfig, i int, at string) *process {
	t.Helper()
	text, err := json.Marshal(workerConfig{Node: cfgs[i].Name, Endpoints: endpoints(cfgs), World: at})
	if err != nil {
		t.Fatal(err)
	}
	return startSelf(t, workerEnv+"="+string(text))
}

// worker follows the log all the time, so that it knows where the steps stand when it is its turn.
type worker struct {
	workerConfig
	client *clientv3.Client
	log    *Log

	mu   sync.Mutex
	seq  uint64
	last int          // newest step that was intended
	open map[int]bool // intended, and without an outcome
}

func workerProcess(text string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	w := &worker{open: map[int]bool{}}
	if err := json.Unmarshal([]byte(text), &w.workerConfig); err != nil {
		logger.Error("no worker", "cause", err)
		return 2
	}
	var err error
	if w.client, err = Dial(w.Endpoints, nil, logger); err != nil {
		logger.Error("no worker", "cause", err)
		return 2
	}
	defer w.client.Close()
	w.log = Open(w.client, Options{Site: w.Node, Node: w.Node, Logger: logger})
	defer w.log.Close()
	var following sync.WaitGroup
	following.Go(func() { _ = w.log.Tail(ctx, 0, w.take) })
	defer following.Wait()
	for ctx.Err() == nil {
		if err := w.serve(ctx, logger); err != nil {
			logger.Warn("does not lead", "cause", err)
		}
	}
	return 0
}

// serve waits until it leads and leads until its time is over. An order to stop ends the waiting at once,
// and the leading after the step that was begun.
func (w *worker) serve(ctx context.Context, logger *slog.Logger) error {
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	waits := context.AfterFunc(ctx, end)
	lease, err := Campaign(life, w.client, Candidate{Node: w.Node, Logger: logger})
	waits()
	if err != nil {
		return err
	}
	err = w.lead(ctx, lease)
	rest, cancel := context.WithTimeout(life, 2*time.Second)
	defer cancel()
	return errors.Join(err, lease.Resign(rest))
}

// take folds one entry; one that was seen before changes nothing.
func (w *worker) take(e Entry) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if e.Seq <= w.seq {
		return nil
	}
	w.seq = e.Seq
	n, err := strconv.Atoi(e.Subject)
	switch {
	case e.Kind == kindIntent && err == nil:
		w.last, w.open[n] = max(w.last, n), true
	case e.Kind == kindOutcome && err == nil:
		delete(w.open, n)
	}
	return nil
}

// lead settles what a former leader left open, then goes on with the next steps until its time is over.
func (w *worker) lead(ctx context.Context, lease *Lease) error {
	whole := context.WithoutCancel(ctx) // a step that was begun is ended
	if err := w.catchUp(whole); err != nil {
		return err
	}
	w.mu.Lock()
	last, open := w.last, slices.Sorted(maps.Keys(w.open))
	w.mu.Unlock()
	for _, n := range open {
		done, err := w.ask(whole, http.MethodGet, n, lease)
		if err == nil && done == 0 {
			_, err = w.ask(whole, http.MethodPost, n, lease)
		}
		if err == nil {
			err = w.write(whole, lease, kindOutcome, n)
		}
		if err != nil {
			return fmt.Errorf("settle step %d: %w", n, err)
		}
	}
	for n := last + 1; ctx.Err() == nil; n++ {
		err := w.write(whole, lease, kindIntent, n)
		if err == nil && !lease.Valid(time.Now()) {
			err = ErrFenced
		}
		if err == nil {
			_, err = w.ask(whole, http.MethodPost, n, lease)
		}
		if err == nil {
			err = w.write(whole, lease, kindOutcome, n)
		}
		if err != nil {
			return fmt.Errorf("step %d: %w", n, err)
		}
		_ = sleep(ctx, stepEvery)
	}
	return nil
}

// catchUp reads what the tail has not handed out yet of all that stands in the log now.
func (w *worker) catchUp(ctx context.Context) error {
	newest, err := w.log.LastSeq(ctx)
	if err != nil {
		return err
	}
	for {
		w.mu.Lock()
		seq := w.seq
		w.mu.Unlock()
		if seq >= newest {
			return nil
		}
		page, err := w.log.After(ctx, seq, 1000, Newest)
		if err != nil {
			return err
		}
		for _, e := range page {
			_ = w.take(e)
		}
	}
}

func (w *worker) write(ctx context.Context, lease *Lease, kind string, n int) error {
	subject := strconv.Itoa(n)
	e, err := w.log.AppendAs(ctx, lease, Draft{Kind: kind, Actor: w.Node, Subject: subject, Key: kind + "/" + subject})
	if err == nil && e.Epoch != lease.Epoch() {
		err = errors.New("an earlier leader wrote it")
	}
	return err
}

// ask asks the world for a step, or after it.
func (w *worker) ask(ctx context.Context, method string, n int, lease *Lease) (done int, err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	q := url.Values{"step": {strconv.Itoa(n)}, "epoch": {strconv.FormatUint(lease.Epoch(), 10)}}
	req, err := http.NewRequestWithContext(ctx, method, w.World+"?"+q.Encode(), nil)
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err
	}
	if resp.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("the world answers %s: %s", resp.Status, text)
	}
	return strconv.Atoi(string(text))
}
