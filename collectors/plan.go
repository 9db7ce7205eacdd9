package collectors

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"bongsu/facility"
)

const (
	maxRegisters = 125  // in one answer, by the Modbus application protocol
	maxCoils     = 2000 // likewise
	// maxBridge is how many registers no point names are read at once to save a request, where the maker says
	// that they exist: 20 of them take less time at 9600 baud than a question, an answer and the gap between two.
	maxBridge = 20
)

// unitSpec is everything the site says about one Modbus unit, gathered from the devices that share
// its unit id.
type unitSpec struct {
	id       byte
	maxWords int
	gap      time.Duration // kept between two requests
	timeout  time.Duration // for an answer
	holes    [][2]int
	defined  [][2]int // registers that exist whether a point names them or not
	points   []*facility.Point
}

// blockPlan is one request of one scan class and what its answer means, compiled once.
type blockPlan struct {
	fn      byte
	address uint16
	count   uint16 // registers, or coils for functions 1 and 2
	every   time.Duration
	fields  []field
	scales  []scaleField // scale registers that stand in this block
	parts   []blockPlan  // the same without registers no point names, for a device that refuses those; nil if there are none
}

// layout is what the blocks of one unit share while they are compiled.
type layout struct {
	slots  map[[2]int]int // function and address of a scale register to its slot
	placed map[facility.Ref]bool
}

// slot is the place where the scale register of a function and address is kept.
func (l layout) slot(fn byte, address int) int {
	key := [2]int{int(fn), address}
	if _, ok := l.slots[key]; !ok {
		l.slots[key] = len(l.slots)
	}
	return l.slots[key]
}

// span is a run of registers one point (or scale register) needs: from lo up to but without hi.
type span struct{ lo, hi int }

// areaKey separates what can never share a request.
type areaKey struct {
	fn    int
	every time.Duration
}

// planUnit groups the unit's points into as few requests as its limits allow. It joins registers of
// one scan class only over registers that some point of the unit names, or that are declared to exist: what
// nobody named may not exist, and some devices answer a block over holes with zeros, which invents data.
// The second result is how many scale registers the unit has.
func planUnit(u unitSpec) ([]blockPlan, int, error) {
	named := map[int]map[int]bool{}
	areas := map[areaKey][]*facility.Point{}
	for _, p := range u.points {
		def := p.Def
		if def.Address == nil {
			return nil, 0, fmt.Errorf("point %s has no address", p.ID)
		}
		if named[def.Function] == nil {
			named[def.Function] = map[int]bool{}
		}
		for _, s := range spansOf(*def) {
			for a := s.lo; a < s.hi; a++ {
				named[def.Function][a] = true
			}
		}
		key := areaKey{def.Function, def.Scan}
		areas[key] = append(areas[key], p)
	}
	done := layout{slots: map[[2]int]int{}, placed: map[facility.Ref]bool{}}
	var plans []blockPlan
	for key, points := range areas {
		blocks, err := u.blocks(key, points, named[key.fn], done)
		if err != nil {
			return nil, 0, err
		}
		plans = append(plans, blocks...)
	}
	slices.SortFunc(plans, comparePlans)
	return plans, len(done.slots), nil
}

// comparePlans puts the quickest scan class first and, within it, blocks with scale registers before
// the blocks that need them.
func comparePlans(a, b blockPlan) int {
	return cmp.Or(
		cmp.Compare(a.every, b.every),
		cmp.Compare(min(len(b.scales), 1), min(len(a.scales), 1)),
		cmp.Compare(a.fn, b.fn),
		cmp.Compare(a.address, b.address),
	)
}

func spansOf(def facility.PointDef) []span {
	out := []span{{*def.Address, *def.Address + def.Words()}}
	if def.ScaleFrom != nil {
		out = append(out, span{*def.ScaleFrom, *def.ScaleFrom + 1})
	}
	return out
}

// blocks compiles the requests of one area, each that runs over unnamed registers with what it can be cut into.
func (u unitSpec) blocks(key areaKey, points []*facility.Point, named map[int]bool, done layout) ([]blockPlan, error) {
	wanted, err := u.wanted(key, points)
	if err != nil {
		return nil, err
	}
	blocks := u.join(key, wanted, named, u.defined)
	for i := range blocks {
		b := &blocks[i]
		if err := b.compile(points, done); err != nil {
			return nil, err
		}
		if allNamed(named, int(b.address), int(b.address)+int(b.count)) {
			continue
		}
		own := slices.DeleteFunc(slices.Clone(wanted), func(s span) bool { return !b.holds(s) })
		b.parts = u.join(key, own, named, nil)
		alone := layout{slots: done.slots, placed: map[facility.Ref]bool{}}
		for k := range b.parts {
			if err := b.parts[k].compile(points, alone); err != nil {
				return nil, err
			}
		}
	}
	return blocks, nil
}

// limit is how many registers or coils one request of a function may ask for.
func (u unitSpec) limit(fn int) int {
	limit := min(max(u.maxWords, 1), maxRegisters)
	if fn <= 2 {
		limit = min(limit*16, maxCoils)
	}
	return limit
}

// wanted lists the runs of registers the points of one area need, by address.
func (u unitSpec) wanted(key areaKey, points []*facility.Point) ([]span, error) {
	limit := u.limit(key.fn)
	var wanted []span
	for _, p := range points {
		if p.Def.Words() > limit {
			return nil, fmt.Errorf("point %s takes %d registers but the device answers %d at most", p.ID, p.Def.Words(), limit)
		}
		wanted = append(wanted, spansOf(*p.Def)...)
	}
	slices.SortFunc(wanted, func(a, b span) int { return cmp.Or(cmp.Compare(a.lo, b.lo), cmp.Compare(a.hi, b.hi)) })
	return wanted, nil
}

// join cuts the registers of one area into requests.
func (u unitSpec) join(key areaKey, wanted []span, named map[int]bool, defined [][2]int) []blockPlan {
	limit := u.limit(key.fn)
	var out []blockPlan
	cur := wanted[0]
	add := func() {
		out = append(out, blockPlan{fn: byte(key.fn), address: uint16(cur.lo), count: uint16(cur.hi - cur.lo), every: key.every})
	}
	for _, w := range wanted[1:] {
		hi := max(cur.hi, w.hi)
		over := allNamed(named, cur.hi, w.lo) || key.fn >= 3 && bridged(defined, cur.hi, w.lo)
		if hi-cur.lo <= limit && over && (hi == cur.hi || !u.crossesHole(key.fn, cur.lo, hi)) {
			cur.hi = hi
			continue
		}
		add()
		cur = w
	}
	add()
	return out
}

// bridged says whether the registers from lo up to hi are few, and lie in one range that is said to have no gaps.
func bridged(defined [][2]int, lo, hi int) bool {
	return hi-lo <= maxBridge && slices.ContainsFunc(defined, func(r [2]int) bool { return r[0] <= lo && hi-1 <= r[1] })
}

func allNamed(named map[int]bool, lo, hi int) bool {
	for a := lo; a < hi; a++ {
		if !named[a] {
			return false
		}
	}
	return true
}

// crossesHole says whether the registers from lo up to hi touch a declared hole. Holes are of
// registers: coils are a numbering of their own.
func (u unitSpec) crossesHole(fn, lo, hi int) bool {
	return fn >= 3 && slices.ContainsFunc(u.holes, func(h [2]int) bool { return h[0] < hi && h[1] >= lo })
}

// holds says whether a span lies wholly inside the block.
func (b *blockPlan) holds(s span) bool {
	return s.lo >= int(b.address) && s.hi <= int(b.address)+int(b.count)
}

// compile turns the points that lie in this block into decode steps. A point that two overlapping
// blocks hold is read in the first of them.
func (b *blockPlan) compile(points []*facility.Point, done layout) error {
	have := map[int]bool{}
	for _, p := range points {
		spans := spansOf(*p.Def)
		if b.holds(spans[0]) && !done.placed[p.Ref] {
			f, err := newField(p, int(b.address))
			if err != nil {
				return err
			}
			if p.Def.ScaleFrom != nil {
				f.slot = done.slot(b.fn, *p.Def.ScaleFrom)
			}
			done.placed[p.Ref] = true
			b.fields = append(b.fields, f)
		}
		if len(spans) == 2 && b.holds(spans[1]) && !have[spans[1].lo] {
			have[spans[1].lo] = true
			b.scales = append(b.scales, scaleField{slot: done.slot(b.fn, spans[1].lo), at: 2 * (spans[1].lo - int(b.address))})
		}
	}
	return nil
}
