package collectors

import (
	"slices"
	"time"

	"github.com/goburrow/modbus"
)

// refusesRegisters says whether a refusal can be meant for the registers that were asked for.
func refusesRegisters(r *modbus.ModbusError) bool {
	switch r.ExceptionCode {
	case modbus.ExceptionCodeIllegalDataAddress, modbus.ExceptionCodeIllegalDataValue, modbus.ExceptionCodeServerDeviceFailure:
		return true
	}
	return false
}

// split puts the parts of a block in its place, for good: the device does not have all that its profile says,
// and what it has must not be lost with that.
func (l *modbusLink) split(b *block, refusal error, now time.Time) {
	l.log.Warn("device refuses registers that its profile calls defined: they are read in parts", "unit", b.unit.id,
		"fn", b.fn, "address", b.address, "count", b.count, "requests", len(b.parts), "error", refusal)
	own := func(o *block) bool { return o == b }
	b.unit.blocks, l.blocks = slices.DeleteFunc(b.unit.blocks, own), slices.DeleteFunc(l.blocks, own)
	for _, plan := range b.parts {
		part := &block{blockPlan: plan, unit: b.unit, due: now}
		l.judgeBy(part)
		for _, n := range b.boosts {
			if slices.ContainsFunc(plan.fields, func(f field) bool { return f.ref == n.ref }) {
				part.quicken(n, now)
			}
		}
		l.addBlock(part)
	}
	l.sortBlocks()
}
