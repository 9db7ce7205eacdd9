package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"
)

// fault is one thing that goes wrong.
type fault struct {
	name         string
	strike, heal func()
}

// fault is what goes wrong at a node: a number's own, so that consecutive rounds go through all there is. What would hit the
// watch of a building that burns hits another node.
func (v *voyage) fault(rnd *rand.Rand, number, i int) fault {
	kinds := []func(i, j int) fault{v.cutOff, v.cutOff, v.deaf, v.mute, v.apart, v.oneWay}
	for _, child := range []string{"desk", "member"} {
		kinds = append(kinds, func(i, _ int) fault { return v.killed(i, child) }, func(i, _ int) fault { return v.still(i, child) })
	}
	spares := len(kinds)
	kinds = append(kinds, func(i, _ int) fault { return v.killed(i, "field") }, func(i, _ int) fault { return v.still(i, "field") },
		v.dies, v.freezes, v.dies, v.freezes, v.unanswered)
	if v.disks[0] != nil && v.disks[1] != nil && v.disks[2] != nil {
		kinds = append(kinds, v.slowDisk, v.hungDisk, v.fullDisk)
	}
	which := number * 7 % len(kinds) // 7 divides no number of kinds there may be
	if v.sparing && i == 0 && which >= spares {
		i = 1 + rnd.IntN(2)
	}
	return kinds[which](i, (i+1+rnd.IntN(2))%3)
}

func (v *voyage) dies(i, _ int) fault {
	s := v.nodes[i]
	return fault{s.name + " is killed", func() { v.struck[i].Store(true); s.die() }, func() { s.boot(); v.struck[i].Store(false) }}
}

func (v *voyage) freezes(i, _ int) fault {
	s := v.nodes[i]
	return fault{s.name + " stands still", func() { v.struck[i].Store(true); s.signal(syscall.SIGSTOP) }, func() { s.signal(syscall.SIGCONT); v.struck[i].Store(false) }}
}

// killed ends one process of a node; its supervisor starts it again.
func (v *voyage) killed(i int, child string) fault {
	s := v.nodes[i]
	return fault{fmt.Sprintf("the %s of %s is killed", child, s.name), func() { s.signalChild(child, syscall.SIGKILL) }, func() {}}
}

// still lets one process of a node stand still.
func (v *voyage) still(i int, child string) fault {
	s := v.nodes[i]
	return fault{fmt.Sprintf("the %s of %s stands still", child, s.name), func() {
		v.struck[i].Store(true)
		s.signalChild(child, syscall.SIGSTOP)
	}, func() {
		s.signalChild(child, syscall.SIGCONT)
		v.struck[i].Store(false)
	}}
}

// parted closes directions between islands; pairs are from, to.
func (v *voyage) parted(name string, pairs ...[2]int) fault {
	set := func(closed bool) {
		for _, p := range pairs {
			v.sea.set(p[0]+1, p[1]+1, closed)
		}
	}
	return fault{name, func() { set(true) }, func() { set(false) }}
}

func (v *voyage) cutOff(i, _ int) fault {
	a, b := (i+1)%3, (i+2)%3
	return v.parted(v.nodes[i].name+" is cut off", [2]int{i, a}, [2]int{a, i}, [2]int{i, b}, [2]int{b, i})
}

func (v *voyage) deaf(i, _ int) fault {
	return v.parted(v.nodes[i].name+" hears nobody", [2]int{(i + 1) % 3, i}, [2]int{(i + 2) % 3, i})
}

func (v *voyage) mute(i, _ int) fault {
	return v.parted("nobody hears "+v.nodes[i].name, [2]int{i, (i + 1) % 3}, [2]int{i, (i + 2) % 3})
}

func (v *voyage) apart(i, j int) fault {
	return v.parted(v.nodes[i].name+" and "+v.nodes[j].name+" are cut from each other", [2]int{i, j}, [2]int{j, i})
}

func (v *voyage) oneWay(i, j int) fault {
	return v.parted(v.nodes[j].name+" does not hear "+v.nodes[i].name, [2]int{i, j})
}

// unanswered lets what a node asks of the messenger, the names and its building be heard and done, but not answered.
func (v *voyage) unanswered(i, _ int) fault {
	return fault{"nothing answers " + v.nodes[i].name, func() { v.sea.set(shore, i+1, true) }, func() { v.sea.set(shore, i+1, false) }}
}

func (v *voyage) slowDisk(i, _ int) fault {
	d := v.disks[i]
	return fault{v.nodes[i].name + "'s disk is slow", func() { d.slow(300*time.Millisecond, 50*time.Millisecond) }, d.well}
}

func (v *voyage) hungDisk(i, _ int) fault {
	d := v.disks[i]
	return fault{v.nodes[i].name + "'s disk hangs", func() { d.control(ioctlFreeze) }, d.well}
}

// fullDisk leaves no room, and people write so much meanwhile that the node's member cannot take it up and ends, and its
// field cannot prove its journal. Until both was seen the disk stays full.
func (v *voyage) fullDisk(i, _ int) fault {
	s, d := v.nodes[i], v.disks[i]
	said, began := 0, time.Time{}
	return fault{s.name + "'s disk is full", func() {
		said, began = len(s.nodeLog.String()), time.Now()
		d.full()
	}, func() {
		writing, stop := v.press(i)
		v.patiently(s.name+"'s member ends for want of room and its field says that it cannot write", func() bool {
			return memberFull.MatchString(s.nodeLog.String()[said:]) && s.status("/readyz") == http.StatusServiceUnavailable
		})
		close(stop)
		writing.Wait()
		v.t.Logf("with %d bytes of room %s's member has ended and its field has refused, after %.1f s", d.room(), s.name, time.Since(began).Seconds())
		d.well()
	}}
}

// memberFull is a member's last word on a full disk.
var memberFull = regexp.MustCompile(`(?i)member.*no space left`)

// press has people write long lines at the two other nodes, as fast as they are taken, until the channel closes.
func (v *voyage) press(i int) (*sync.WaitGroup, chan struct{}) {
	stop, writing := make(chan struct{}), &sync.WaitGroup{}
	line := strings.Repeat("all that was seen ", 200)
	for n, user := range []string{"lead", "safety", "member", "chair"} {
		s := v.nodes[(i+1+n%2)%3]
		writing.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				code, id, _ := v.crowd.at(s, user).ask("incidents/i1/note", "", map[string]string{"text": line})
				if code != http.StatusOK {
					time.Sleep(200 * time.Millisecond) // nobody leads just now
					continue
				}
				v.crowd.mu.Lock()
				v.crowd.taken = append(v.crowd.taken, id)
				v.crowd.mu.Unlock()
			}
		})
	}
	return writing, stop
}

// all lets the same happen to all three nodes.
func (v *voyage) all(name string, what func(i, j int) fault) fault {
	faults := []fault{what(0, 1), what(1, 2), what(2, 0)}
	return fault{name, func() {
		for _, f := range faults {
			f.strike()
		}
	}, func() {
		for _, f := range faults {
			f.heal()
		}
	}}
}

func (v *voyage) allDie() fault    { return v.all("all three are killed", v.dies) }
func (v *voyage) allFreeze() fault { return v.all("all three stand still", v.freezes) }
func (v *voyage) allApart() fault  { return v.all("nobody hears anybody", v.cutOff) }
