package shared

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// trial is three member processes with a writer that never stops.
type trial struct {
	cfgs  []MemberConfig
	procs []*process
	log   *Log
	stop  context.CancelFunc
	wait  sync.WaitGroup
	last  atomic.Int64 // when the newest acknowledgement came, Unix nanoseconds
	mu    sync.Mutex
	acked []Entry
}

func startTrial(t testing.TB) *trial {
	t.Helper()
	r := &trial{cfgs: configs(t, 3)}
	for _, c := range r.cfgs {
		r.procs = append(r.procs, startProcess(t, c))
	}
	r.log = openLog(t, dial(t, r.cfgs), Options{Site: "dc1", Node: "writer"})
	if _, err := r.log.Append(within(t, patience), Draft{Kind: "first"}); err != nil {
		t.Fatal(err, r.procs[0].out)
	}
	for i := range r.procs {
		back(t, r, i)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.stop = func() { cancel(); r.wait.Wait() }
	t.Cleanup(r.stop)
	r.wait.Go(func() {
		for ctx.Err() == nil {
			e, err := r.log.Append(ctx, Draft{Kind: "note"})
			if err != nil {
				continue
			}
			r.last.Store(time.Now().UnixNano())
			r.mu.Lock()
			r.acked = append(r.acked, e)
			r.mu.Unlock()
			_ = sleep(ctx, 2*time.Millisecond)
		}
	})
	return r
}

// hit strikes etcd's leader with sig and gives how long until a write that began afterwards was
// acknowledged, and the member that was struck.
func (r *trial) hit(t testing.TB, sig syscall.Signal) (time.Duration, int) {
	t.Helper()
	i := leaderOf(t, r.log.client, r.cfgs)
	said := &lines{}
	began := time.Now()
	r.procs[i].signal(sig)
	probe := openLog(t, dial(t, r.cfgs), Options{Site: "dc2", Node: "probe", Logger: slog.New(slog.NewTextHandler(said, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if _, err := probe.Append(within(t, patience), Draft{Kind: "probe"}); err != nil {
		t.Fatalf("no writes after member %d was struck: %v; %s; the members said: %s; %s; %s", i, err, said, r.procs[0].out, r.procs[1].out, r.procs[2].out)
	}
	return time.Since(began), i
}

// check proves that every acknowledged entry stands where its writer was told.
func (r *trial) check(t testing.TB) (entries int) {
	t.Helper()
	all := wholeLog(t, r.log)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.acked {
		if int(e.Seq) > len(all) || all[e.Seq-1].Hash != e.Hash {
			t.Fatalf("acknowledged entry %d is lost", e.Seq)
		}
	}
	return len(r.acked)
}

// Etcd's leader is killed, and the next one frozen, under a stream of writes. Writes go on, none that
// was acknowledged is lost, and the frozen one finds its place again.
func TestWritesGoOnWithoutTheLeader(t *testing.T) {
	r := startTrial(t)
	killed, i := r.hit(t, syscall.SIGKILL)
	r.procs[i] = startProcess(t, r.cfgs[i])
	back(t, r, i)
	frozen, j := r.hit(t, syscall.SIGSTOP)
	r.procs[j].signal(syscall.SIGCONT)
	back(t, r, j)
	r.stop()
	t.Logf("writes resumed %v after kill -9 and %v after a freeze; %d entries acknowledged, 0 lost",
		killed.Round(time.Millisecond), frozen.Round(time.Millisecond), r.check(t))
	local := openLog(t, dial(t, r.cfgs[j:j+1]), Options{})
	caughtUp(t, local, r.log)
}

// back waits until member i answers for a majority again.
func back(t testing.TB, r *trial, i int) {
	t.Helper()
	l := openLog(t, dial(t, r.cfgs[i:i+1]), Options{})
	for end := time.Now().Add(patience); ; {
		if _, err := l.LastSeq(within(t, 2*time.Second)); err == nil {
			return
		} else if time.Now().After(end) {
			t.Fatalf("member %d does not come back: %v; %s", i, err, r.procs[i].out)
		}
	}
}

// caughtUp waits until one member alone has the whole log.
func caughtUp(t testing.TB, local, whole *Log) {
	t.Helper()
	want := wholeLog(t, whole)
	for end := time.Now().Add(patience); ; {
		got, err := local.After(within(t, patience), 0, 1<<30, Local)
		if err == nil && len(got) == len(want) && got[len(got)-1].Hash == want[len(want)-1].Hash {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("it has %d entries of %d: %v", len(got), len(want), err)
		}
	}
}

// BenchmarkFailover kills or freezes, in turn, the member that leads etcd, and at the same moment
// the process that holds the lease stops renewing it. It gives how long until a write is
// acknowledged and until another leader has written under its own epoch.
func BenchmarkFailover(b *testing.B) {
	r := startTrial(b)
	var writes, leaders []time.Duration
	client := dial(b, r.cfgs)
	for b.Loop() {
		ctx, cancel := context.WithCancel(context.Background())
		held, err := Campaign(ctx, client, Candidate{Node: "old"})
		if err != nil {
			b.Fatal(err)
		}
		took := make(chan time.Duration, 1)
		next, stopNext := context.WithCancel(context.Background())
		began := make(chan time.Time, 1)
		go succeed(b, next, dial(b, r.cfgs), r.cfgs, began, took)
		_ = sleep(next, 300*time.Millisecond)
		sig := []syscall.Signal{syscall.SIGKILL, syscall.SIGSTOP}[len(writes)%2]
		held.freeze()
		began <- time.Now()
		w, i := r.hit(b, sig)
		writes, leaders = append(writes, w), append(leaders, <-took)
		b.Logf("%v: writes after %v, a leader after %v", sig, w, leaders[len(leaders)-1])
		stopNext()
		cancel()
		if sig == syscall.SIGSTOP {
			r.procs[i].signal(syscall.SIGCONT)
		} else {
			r.procs[i] = startProcess(b, r.cfgs[i])
		}
		back(b, r, i)
	}
	r.stop()
	acked := r.check(b)
	slices.Sort(writes)
	slices.Sort(leaders)
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	n := len(writes)
	b.ReportMetric(ms(writes[n/2]), "writes_ms_p50")
	b.ReportMetric(ms(writes[n-1]), "writes_ms_max")
	b.ReportMetric(ms(leaders[n/2]), "leader_ms_p50")
	b.ReportMetric(ms(leaders[n-1]), "leader_ms_max")
	b.ReportMetric(float64(acked), "acked")
}

// freeze stops renewing without a word, as a killed process does.
func (l *Lease) freeze() {
	l.mu.Lock()
	l.end()
	l.mu.Unlock()
	<-l.done
}

// succeed waits for leadership and reports when it has written under it.
func succeed(b *testing.B, ctx context.Context, client *clientv3.Client, cfgs []MemberConfig, began <-chan time.Time, took chan<- time.Duration) {
	lease, err := Campaign(ctx, client, Candidate{Node: "new"})
	if err != nil {
		b.Error(err)
		close(took)
		return
	}
	l := Open(client, Options{Node: "new"})
	defer l.Close()
	if _, err := l.AppendAs(ctx, lease, Draft{Kind: "leads", Data: fmt.Sprint(len(cfgs))}); err != nil {
		b.Error(err)
	}
	took <- time.Since(<-began)
	<-ctx.Done()
}
