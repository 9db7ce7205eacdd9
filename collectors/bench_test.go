package collectors

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"bongsu/facility"
)

const (
	benchRegisters = 100
)

func benchPoints(scan time.Duration) []facility.PointDef {
	var defs []facility.PointDef
	for n := range benchRegisters {
		def := register(fmt.Sprintf("x%d", n), n, scan)
		def.Type, def.Scale, def.Range, def.Invalid = "int16", 0.1, []float64{-40, 200}, []int64{0x7FFF}
		defs = append(defs, def)
	}
	return defs
}

func BenchmarkDecode(b *testing.B) {
	plans, slots, err := planUnit(unitSpec{maxWords: 125, points: pointsOf(benchPoints(time.Second))})
	if err != nil || len(plans) != 1 {
		b.Fatal(len(plans), err)
	}
	data, scales, now := make([]byte, plans[0].bytes()), make([]scale, slots), time.Now()
	for i := range benchRegisters {
		binary.BigEndian.PutUint16(data[2*i:], uint16(i))
	}
	b.ReportAllocs()
	for b.Loop() {
		plans[0].decode(data, scales, now)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchRegisters, "ns/register")
}
