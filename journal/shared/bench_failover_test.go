package shared

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// failoverRounds is how often a node is struck: killed and frozen in turn.
const failoverRounds = 10

// writerPace is how long the writer waits after each entry: the writing does not stop, and no site writes more.
const writerPace = 20 * time.Millisecond

// cluster is three nodes, each a member and a worker in processes of their own, a writer that never
// stops and the world in which the workers' steps are done.
type cluster struct {
	*trial
	world   *world
	workers []*process
}

func startCluster(b *testing.B) *cluster {
	b.Helper()
	c := &cluster{trial: startTrial(b, writerPace), world: startWorld(b)}
	b.Cleanup(func() {
		for i, p := range c.workers {
			if b.Failed() {
				b.Logf("worker %d said: %s", i, p.out)
			}
		}
	})
	for i := range c.cfgs {
		c.workers = append(c.workers, startWorker(b, c.cfgs, i, c.world.url))
	}
	return c
}

// BenchmarkFailover strikes the node that leads in both senses, etcd's and ours: its member and its worker
// are killed, or frozen, at the same moment. It gives how long until a write that began then is acknowledged,
// and until another worker's first act has reached the world, under its own epoch.
func BenchmarkFailover(b *testing.B) {
	c := startCluster(b)
	var writes, leaders, rejoined []time.Duration
	var bySignal [2][]time.Duration
	for n := range failoverRounds {
		was := c.world.leads(b, 0)
		i := c.together(b)
		sig := []syscall.Signal{syscall.SIGKILL, syscall.SIGSTOP}[n%2]
		old := c.world.newest()
		began, took := c.strike(b, sig, i, c.workers[i])
		acted := c.world.leads(b, old).Sub(began)
		writes, leaders = append(writes, took), append(leaders, acted)
		bySignal[n%2] = append(bySignal[n%2], acted)
		b.Logf("%v of %s: writes after %v, a leader acts after %v; the one before led since %v", sig, c.cfgs[i].Name, took, acted, was.Format(time.TimeOnly))
		from := time.Now()
		if sig == syscall.SIGSTOP {
			c.procs[i].signal(syscall.SIGCONT)
			c.workers[i].signal(syscall.SIGCONT)
		} else {
			c.procs[i] = startProcess(b, c.cfgs[i])
			c.workers[i] = startWorker(b, c.cfgs, i, c.world.url)
		}
		back(b, c.trial, i)
		rejoined = append(rejoined, time.Since(from))
	}
	memory := c.memory(b)
	c.stop()
	for i, p := range c.workers {
		p.signal(syscall.SIGTERM)
		select {
		case err := <-p.gone:
			p.gone <- err
			if err != nil {
				b.Errorf("worker %d: %v: %s", i, err, p.out)
			}
		case <-time.After(patience):
			b.Fatalf("worker %d does not end: %s", i, p.out)
		}
	}
	slices.Sort(rejoined)
	c.print(b, writes, leaders, bySignal, map[string]any{
		"rejoin_ms_p50": millis(rejoined[len(rejoined)/2]), "rejoin_ms_max": millis(rejoined[len(rejoined)-1]), "member_rss_mib_max": memory,
	})
}

// memory is what the largest member holds, in MiB.
func (c *cluster) memory(b *testing.B) float64 {
	b.Helper()
	most := 0.0
	for _, p := range c.procs {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
		if err != nil {
			b.Fatal(err)
		}
		var size, resident int
		if _, err := fmt.Sscan(string(text), &size, &resident); err != nil {
			b.Fatal(err)
		}
		most = max(most, float64(resident*os.Getpagesize())/(1<<20))
	}
	return most
}

// together moves etcd's leadership to the node whose worker leads, so that one strike takes both.
func (c *cluster) together(b *testing.B) int {
	b.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); _ = sleep(b.Context(), 100*time.Millisecond) {
		who, err := Leader(within(b, patience), c.log.client, "")
		if err != nil {
			b.Fatal(err)
		}
		i := slices.IndexFunc(c.cfgs, func(m MemberConfig) bool { return m.Name == who.Node })
		if i < 0 {
			continue
		}
		at := leaderOf(b, c.log.client, c.cfgs)
		if at == i {
			return i
		}
		to, err := c.log.client.Status(within(b, patience), c.cfgs[i].ClientURL)
		if err == nil {
			_, err = dial(b, c.cfgs[at:at+1]).MoveLeader(within(b, patience), to.Header.MemberId)
		}
		if err != nil {
			b.Logf("etcd's leadership is not moved yet: %v", err)
		}
	}
	b.Fatal("no node leads in both senses")
	return -1
}

func (c *cluster) print(b *testing.B, writes, leaders []time.Duration, bySignal [2][]time.Duration, more map[string]any) {
	acked, lost := c.check(b)
	done := c.world.acts()
	intended, settled := map[string]bool{}, map[string]bool{}
	for _, e := range wholeLog(b, c.log) {
		switch e.Kind {
		case kindIntent:
			intended[e.Subject] = true
		case kindOutcome:
			settled[e.Subject] = true
		}
	}
	repeated, forgotten := 0, 0
	for step := range intended {
		if done[step] > 1 {
			repeated++
		}
		if done[step] == 0 || !settled[step] {
			forgotten++
		}
	}
	if len(intended) == 0 || acked == 0 {
		b.Fatalf("no figures: %d steps, %d acknowledged entries", len(intended), acked)
	}
	for _, list := range [][]time.Duration{writes, leaders, bySignal[0], bySignal[1]} {
		slices.Sort(list)
	}
	n := len(writes)
	figures := map[string]any{
		"bench": "journal.failover", "rounds": n, "lost": lost, "repeated": repeated, "forgotten": forgotten,
		"writes_ms_p50": millis(writes[n/2]), "writes_ms_max": millis(writes[n-1]), "leader_ms_p50": millis(leaders[n/2]), "leader_ms_max": millis(leaders[n-1]),
		"killed_leader_ms_p50": millis(bySignal[0][n/4]), "frozen_leader_ms_p50": millis(bySignal[1][n/4]),
		"acknowledged": acked, "steps": len(intended), "refused_stale": c.world.refusals(),
	}
	maps.Copy(figures, more)
	line, err := json.Marshal(figures)
	if err != nil {
		b.Fatal(err)
	}
	fmt.Printf("\n%s\n", line)
	b.ReportMetric(0, "ns/op")
	if extra := len(done) - len(intended); extra > 0 {
		b.Errorf("%d steps were done that nobody had intended: %s", extra, strings.Join(c.world.steps(), " "))
	}
}
