package world

import "math"

// SmokeConfig holds source strengths and volumes of smoke and vent gas.
type SmokeConfig struct {
	ExtinctionM2PerG float64 // light extinction of flaming smoke, a common value
	VentSmokeG       float64 // at the first vent of a cell
	VentReleaseS     float64 // how long the vent blows
	RunawaySmokeG    float64 // per cell in runaway, over its burning time
	GasLPerWh        float64 // vent gas, both phases
	GasAtVent        float64 // share of it at the vent, the rest in runaway
	LFLFraction      float64 // lower flammable limit of the mixture, volume fraction
	CeilingFactor    float64 // near the ceiling against the room mean
	RackVolumeM3     float64
	RackLeakM3PerS   float64
	OffGasLPerS      float64 // solvent vapour of a cell that is going to vent
}

// DefaultSmokeConfig: 2 g at vent and 15 g per burning cell, 0.6 L of gas per Wh, 8 % lower limit.
// A vent blows for 10 s: the rack is then back at 22 %/m two minutes after it with the curtain up.
func DefaultSmokeConfig() SmokeConfig {
	return SmokeConfig{
		ExtinctionM2PerG: 8.7, VentSmokeG: 2, VentReleaseS: 10, RunawaySmokeG: 15,
		GasLPerWh: .6, GasAtVent: .1, LFLFraction: .08, CeilingFactor: 1.5,
		RackVolumeM3: 1.5, RackLeakM3PerS: .05, OffGasLPerS: .05,
	}
}

// obscuration converts a smoke concentration in g/m3 to %/m.
func (c *SmokeConfig) obscuration(gPerM3 float64) float64 {
	return 100 * (1 - math.Exp(-c.ExtinctionM2PerG*gPerM3))
}

// rackSmoke is the balance of smoke and vent gas in one rack.
type rackSmoke struct {
	smokeG  float64 // in the rack's air
	gasL    float64
	blowing float64 // grams of vent smoke still to come
	blowGPS float64
	gasTo   float64 // litres of vent gas still to come
	gasLPS  float64
}

// smokeSource is what happens to the rack's air in one step.
type smokeSource struct {
	cells  packOutput
	offGas bool
	leak   float64 // share of the normal leak that is open: less with the curtain down
}

// smokeFlow is what left the rack for the room in one step.
type smokeFlow struct {
	smokeG float64
	gasL   float64
}

// step releases what venting and burning cells give, and leaks to the room.
func (r *rackSmoke) step(cfg *SmokeConfig, cell *CellConfig, in smokeSource, dt float64) smokeFlow {
	got := in.cells
	cellGasL := cfg.GasLPerWh * cell.CellWh
	smoke, gas := min(r.blowing, r.blowGPS*dt), min(r.gasTo, r.gasLPS*dt)
	r.blowing, r.gasTo = r.blowing-smoke, r.gasTo-gas
	if got.vents > 0 {
		// What opens in this second blows from the next one on.
		r.blowing += float64(got.vents) * cfg.VentSmokeG
		r.gasTo += float64(got.vents) * cellGasL * cfg.GasAtVent
		r.blowGPS, r.gasLPS = r.blowing/cfg.VentReleaseS, r.gasTo/cfg.VentReleaseS
	}
	fire := float64(got.afire) * dt / cell.RunawayS
	smoke += fire * cfg.RunawaySmokeG
	gas += fire * cellGasL * (1 - cfg.GasAtVent)
	if in.offGas {
		gas += cfg.OffGasLPerS * dt
	}
	if r.smokeG == 0 && r.gasL == 0 && smoke == 0 && gas == 0 && r.blowing == 0 {
		return smokeFlow{}
	}
	share := min(1, cfg.RackLeakM3PerS*in.leak*dt/cfg.RackVolumeM3)
	out := smokeFlow{smokeG: r.smokeG * share, gasL: r.gasL * share}
	r.smokeG += smoke - out.smokeG
	r.gasL += gas - out.gasL
	if r.smokeG < 1e-9 && r.gasL < 1e-9 {
		r.smokeG, r.gasL = 0, 0
	}
	return out
}

func (r *rackSmoke) pctM(cfg *SmokeConfig) float64 {
	return cfg.obscuration(r.smokeG / cfg.RackVolumeM3)
}

// ppm is the vent gas in the rack's air by volume.
func (r *rackSmoke) ppm(cfg *SmokeConfig) float64 {
	return min(1e6, r.gasL/1000/cfg.RackVolumeM3*1e6)
}
