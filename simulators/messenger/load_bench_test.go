package messenger

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// BenchmarkLoad shows what one core carries of the whole simulated messenger: three sites, name servers, the
// users' programs and their read-back, all in this process. Each step asks for more; the figures are those of
// the last step in which nearly all that was wanted was acknowledged and nothing came late.
func BenchmarkLoad(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	quiet := carry(b, 40, 20)
	var best load
	for _, step := range []struct {
		users int
		rate  float64
	}{{1000, 1000}, {2000, 2000}, {4000, 4000}} {
		l := carry(b, step.users, step.rate)
		b.Logf("%+v", l)
		if l.sessions < step.users || l.perSecond < .9*step.rate || l.late > int(.01*float64(l.acked)) {
			break
		}
		best = l
	}
	fmt.Printf("\n{\"bench\":\"messenger.load\",\"sessions\":%d,\"messages_per_s\":%.0f,\"cores\":%.3f,\"messages_per_core\":%.0f,\"lost\":%d,\"late\":%d,\"demo_cores\":%.4f}\n",
		best.sessions, best.perSecond, best.cores, best.perSecond/max(best.cores, .001), best.lost, best.late, quiet.cores)
	b.ReportMetric(0, "ns/op")
}

// load is what was carried in one step.
type load struct {
	sessions, acked, late, lost int
	perSecond, cores            float64
}

// carry runs users at a rate for some seconds, after they have all logged in.
func carry(b *testing.B, users int, rate float64) (out load) {
	cfg := rigConfig(users, rate)
	cfg.Capacity = 1e6
	w, err := New(cfg, "", slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	if err := w.Open(true); err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			b.Error(err)
		}
		runtime.GC()
	}()
	for deadline := time.Now().Add(40 * time.Second); w.State().Connected < users; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			return out
		}
	}
	time.Sleep(2 * time.Second) // until the rate is even
	before, used, began := w.State(), cpuTime(b), time.Now()
	time.Sleep(5 * time.Second)
	after, took := w.State(), time.Since(began).Seconds()
	return load{sessions: after.Connected, acked: after.Acked - before.Acked, late: after.MessengerCounts.Late - before.MessengerCounts.Late,
		lost: after.Lost, perSecond: float64(after.Acked-before.Acked) / took, cores: (cpuTime(b) - used).Seconds() / took}
}

// cpuTime is what this process has used.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
