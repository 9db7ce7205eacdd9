package world

import "math"

// TestResult is what came of the last battery test.
type TestResult int

// Results as the UPS's map numbers them.
const (
	TestNone TestResult = iota
	TestRunning
	TestPassed
	TestFailed
	TestAborted
)

// batteryTest is a discharge of half a minute on purpose, with every string's voltage compared.
type batteryTest struct {
	left   float64
	result TestResult
}

// startTest begins a battery test; false when the zone is in no state for one.
func (z *zone) startTest() bool {
	if z.mode != UPSOnline || z.linked == 0 || z.bypass || z.noMove != "" || !z.busGood() {
		return false
	}
	z.test = batteryTest{left: z.pow.TestS, result: TestRunning}
	return true
}

func (z *zone) stopTest() {
	if z.test.left > 0 {
		z.test = batteryTest{result: TestAborted}
	}
}

// judgeTest counts the test down. A real loss of the mains ends it: the battery is needed.
func (z *zone) judgeTest(dt float64) {
	if z.test.left <= 0 {
		return
	}
	if z.mode != UPSBattery || !z.busGood() {
		if z.test.left < z.pow.TestS { // it had begun
			z.stopTest()
		}
		return
	}
	if z.test.left -= dt; z.test.left > 1e-9 {
		return
	}
	z.test = batteryTest{result: TestPassed}
	if z.weakString() {
		z.test.result = TestFailed
	}
}

// weakString tells whether some string sags well below the mean of all under the test's load.
func (z *zone) weakString() bool {
	var sum, least float64 = 0, math.Inf(1)
	n := 0
	for _, u := range z.racks {
		if u.onBus() {
			v := u.terminalVolts()
			sum, least, n = sum+v, min(least, v), n+1
		}
	}
	return n > 0 && least < (1-z.pow.TestSag)*sum/float64(n)
}

// reading is what the zone reports.
func (z *zone) reading() UPSReading {
	out := UPSReading{Mode: z.mode, LoadKW: z.loadKW(), LoadPercent: 100 * z.loadKW() / z.ratedKW(), InputHz: z.busHz,
		MinutesRemaining: z.minutes(), BatteryRacks: z.connected(), BypassAvailable: z.busGood() && z.noMove == "",
		DCTripped: z.trip.operated(), Test: z.test.result, WalkInPercent: 100, InputKW: z.inputKW(), ChargeKW: z.chargeKW(),
		BatterySeconds: z.onBattS, OverloadPercent: 100 * z.overload, ChargeHeld: z.noCharge, BatteryEmpty: z.spent,
		BypassForced: z.bypass}
	out.LoadKVA = out.LoadKW / .95
	if z.mode == UPSBattery || z.mode == UPSOff {
		out.WalkInPercent = 100 * z.walk
	}
	for i := range out.InputV {
		out.InputV[i] = z.busPU * z.pow.InputV
		if z.alive() {
			out.OutputV[i], out.OutputHz = z.outputPU()*z.pow.OutputV, z.pow.NominalHz
			out.OutputA[i] = out.LoadKVA * 1000 / (math.Sqrt(3) * z.pow.OutputV)
		}
	}
	var n, soc, volts, temp float64
	for _, u := range z.racks {
		if !u.onBus() || out.DCTripped {
			continue
		}
		n++
		soc, volts, temp = soc+u.soc, volts+u.terminalVolts(), max(temp, u.hottest())
		out.BatteryA += u.currentA
	}
	if n > 0 {
		out.ChargePercent, out.BatteryV, out.BatteryC = 100*soc/n, volts/n, temp
	}
	out.LowBattery = z.mode == UPSBattery && out.MinutesRemaining <= z.pow.LowMinutes
	return out
}

// outputPU is the voltage behind the zone: the inverter's, or the mains' own on the way around it.
func (z *zone) outputPU() float64 {
	switch z.mode {
	case UPSBypass, UPSMaintenance, UPSEco:
		return z.busPU
	}
	return 1
}
