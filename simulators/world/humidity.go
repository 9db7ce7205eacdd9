package world

import (
	"math"
	"math/rand/v2"
)

// DampAir is water vapour in a room that nobody meant to be there: Amount g/s, from a leak on something warm, a
// burst humidifier, or a wall that is wet behind.
const DampAir FaultKind = "damp-air"

// moisture is the water in a room's air. Its probe draws from a stream of its own, so that no other instrument of
// the room changes with it.
type moisture struct {
	grams  float64
	usual  float64 // of the air that comes in, g/m3
	source []dose  // g/s
	probe  *probe
	rng    *rand.Rand
}

func newMoisture(id string, cfg *Config) moisture {
	p := &cfg.Room
	usual := p.HumidityPct / 100 * saturatedGM3(p.SetpointC)
	rng := deviceRand(cfg.Seed, id+"/humidity")
	return moisture{grams: usual * p.VolumeM3, usual: usual, probe: newProbe(&cfg.Sensors, 30, 1.5, .2, rng), rng: rng}
}

// step balances dm/dt = Q - ACH (m - m_in); what the air cannot hold drips out of it.
func (m *moisture) step(p *RoomPhysics, airC, exchange, dt float64) {
	m.grams += total(m.source)*dt - exchange*(m.grams-m.usual*p.VolumeM3)
	m.grams = min(m.grams, saturatedGM3(airC)*p.VolumeM3)
	m.probe.sample(100*m.grams/p.VolumeM3/saturatedGM3(airC), dt, m.rng)
}

// saturatedGM3 is the vapour that a cubic metre of air holds at most, by the Magnus formula over water.
func saturatedGM3(airC float64) float64 {
	return 216.7 * 6.112 * math.Exp(17.62*airC/(243.12+airC)) / (airC + kelvinOffset)
}
