package main

import (
	"fmt"
	"math/rand/v2"
	"syscall"
	"time"
)

// fault is one thing that goes wrong.
type fault struct {
	name         string
	strike, heal func()
}

// fault picks what goes wrong at a node.
func (v *voyage) fault(rnd *rand.Rand, i int) fault {
	j := (i + 1 + rnd.IntN(2)) % 3
	kinds := []func(i, j int) fault{v.cutOff, v.cutOff, v.deaf, v.mute, v.apart, v.oneWay}
	children := []string{"desk", "member", "field"}
	spared := v.sparing && i == 0
	if spared {
		children = children[:2]
	}
	for _, child := range children {
		kinds = append(kinds, func(i, _ int) fault { return v.killed(i, child) }, func(i, _ int) fault { return v.still(i, child) })
	}
	if spared {
		return kinds[rnd.IntN(len(kinds))](i, j)
	}
	kinds = append(kinds, v.dies, v.freezes, v.dies, v.freezes, v.unanswered)
	if v.disks[0] != nil && v.disks[1] != nil && v.disks[2] != nil {
		kinds = append(kinds, v.slowDisk, v.hungDisk, v.fullDisk)
	}
	return kinds[rnd.IntN(len(kinds))](i, j)
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

// fullDisk takes all the room there is. What the processes delete meanwhile they may use again.
func (v *voyage) fullDisk(i, _ int) fault {
	s, d := v.nodes[i], v.disks[i]
	return fault{s.name + "'s disk is full", d.full, func() {
		v.t.Logf("with %d bytes left on its disk %s says %d of its readiness", d.room(), s.name, s.status("/readyz"))
		d.well()
	}}
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
