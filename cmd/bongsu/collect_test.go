package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"syscall"
	"testing"
	"time"
)

// within is what a move may take: 5 s, and on a machine that is busy with other tests at the same time, where
// starting to poll may wait for the processor, six times as long.
func within() time.Duration {
	if os.Getenv("BONGSU_LONG") != "" {
		return 5 * time.Second
	}
	return 30 * time.Second
}

// Three collectors share a site. One is killed, one stands still and goes on, one is cut off with its devices in
// reach: each device is asked again soon, and never by two.
func TestCollectorsThatDieStandStillAndAreCutOff(t *testing.T) {
	t.Parallel()
	p := newOutpost(t, 9)
	g := newGate(t, p.socket())
	first := p.collector("c1", "unix:"+p.socket())
	second := p.collector("c2", "unix:"+p.socket())
	p.collector("c3", g.address)
	p.field()
	p.owners("every link is its first choice's", func(i int, owner string) bool { return owner == fmt.Sprintf("c%d", i%3+1) })
	eventually(t, 2*time.Minute, "every device is asked", func() bool {
		for _, d := range p.devices {
			if d.newest().n < 3 {
				return false
			}
		}
		return true
	})
	judge := func(what string, took time.Duration) {
		t.Logf("%s: every device is asked again within %v", what, took.Round(time.Millisecond))
		if took > within() {
			t.Errorf("%s: it took %v until every device was asked again", what, took)
		}
	}

	killed := time.Now()
	if err := first.Kill(); err != nil {
		t.Fatal(err)
	}
	p.owners("the killed one's links are the others'", func(i int, owner string) bool { return owner != "c1" && owner != "" })
	judge("killed", p.resumed(killed))

	stopped := time.Now()
	if err := second.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	p.owners("the third has all", func(_ int, owner string) bool { return owner == "c3" })
	judge("standing still", p.resumed(stopped))
	if err := second.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	eventually(t, 2*time.Minute, "the second is back", func() bool {
		r, _ := p.report()
		return len(r.Collectors) == 3 && r.Collectors[1].Connected
	})

	cut := time.Now()
	g.block(true)
	p.owners("the second has all", func(_ int, owner string) bool { return owner == "c2" })
	judge("cut off", p.resumed(cut))
	g.block(false)
	eventually(t, 2*time.Minute, "the third is back", func() bool {
		r, _ := p.report()
		return len(r.Collectors) == 3 && r.Collectors[2].Connected
	})
	p.alone(1)
	eventually(t, 2*time.Minute, "every link is shown as its collector sees it", func() bool {
		r, ok := p.report()
		for _, l := range r.Links {
			ok = ok && l.Connected && l.LastGood != nil && l.Requests > 0
		}
		return ok
	})
}

// The same for three minutes and at random: whoever is hurt, however often, no device is asked by two.
func TestCollectorsHurtAtRandom(t *testing.T) {
	if os.Getenv("BONGSU_LONG") == "" {
		t.Skip("three minutes of real time: make scenario sets BONGSU_LONG=1")
	}
	p := newOutpost(t, 12)
	g := newGate(t, p.socket())
	way := []string{"unix:" + p.socket(), "unix:" + p.socket(), g.address}
	procs := make([]*os.Process, 3)
	for i := range procs {
		procs[i] = p.collector(fmt.Sprintf("c%d", i+1), way[i])
	}
	field := p.field()
	p.owners("every link is its first choice's", func(i int, owner string) bool { return owner == fmt.Sprintf("c%d", i%3+1) })
	hurts := 0
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); hurts++ {
		i, at := rand.IntN(3), time.Now()
		for _, pause := range []time.Duration{time.Duration(rand.IntN(4000)) * time.Millisecond, 0} {
			switch how := rand.IntN(4); {
			case how == 0:
				_ = procs[i].Kill()
				procs[i] = p.collector(fmt.Sprintf("c%d", i+1), way[i])
			case how == 1:
				_ = procs[i].Signal(syscall.SIGSTOP)
				time.Sleep(pause)
				_ = procs[i].Signal(syscall.SIGCONT)
			case how == 2:
				g.block(true)
				time.Sleep(pause)
				g.block(false)
			case pause > 3*time.Second: // rarely: the field itself
				_ = field.Kill()
				_, _ = field.Wait()
				field = p.field()
			}
		}
		p.resumedBy(at.Add(20 * time.Second))
	}
	p.alone(hurts)
	t.Logf("hurt %d times", hurts)
}
