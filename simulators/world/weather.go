package world

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// SkyConfig is the weather of an ordinary day. It is judgement: a mild day of a temperate coast.
type SkyConfig struct {
	MeanC       float64 // of the day, dry bulb
	SwingK      float64 // half the difference of afternoon and morning
	PeakHour    float64 // local time of the warmest hour
	StartHour   float64 // local time at the start of the simulation
	DewC        float64 // dew point, the same all day
	PressureHPa float64
	WindMS      float64 // ten-minute mean
	Turbulence  float64 // standard deviation of the wind over its mean, rough open country
	EddyS       float64 // correlation time of the gusts at mast height
	GustS       float64 // averaging time of a gust: 3 s by convention
	ReturnS     float64 // time in which a withdrawn extreme goes back to the ordinary
}

// DefaultSkyConfig: 15 to 25 degC with the warmest hour at 15, dew point 12 degC, a breeze of 4 m/s.
func DefaultSkyConfig() SkyConfig {
	return SkyConfig{MeanC: 20, SwingK: 5, PeakHour: 15, StartHour: 9, DewC: 12, PressureHPa: 1013,
		WindMS: 4, Turbulence: .18, EddyS: 8, GustS: 3, ReturnS: 1800}
}

// WeatherReading is what a weather station shows.
type WeatherReading struct {
	DryC, WetC, DewC float64 // degC
	HumidityPct      float64
	PressureHPa      float64
	WindMS           float64 // ten-minute mean
	GustMS           float64 // strongest 3 s of the last ten minutes
	WindDeg          float64 // where it comes from
	RainMMH          float64
	RainMM           float64 // since the start
}

// extreme is weather that a scenario asks for: it takes over linearly and gives way linearly.
type extreme struct {
	fault string
	peak  float64
	rampS float64
	share float64 // 0 ordinary, 1 as asked
}

func (x *extreme) step(returnS, dt float64) {
	switch {
	case x.fault == "":
		x.share = max(0, x.share-dt/returnS)
	case x.rampS <= dt:
		x.share = 1
	default:
		x.share = min(1, x.share+dt/x.rampS)
	}
}

func (x *extreme) over(ordinary float64) float64 { return ordinary + x.share*(x.peak-ordinary) }

// weather is the air outside and the instruments of the station in it.
type weather struct {
	cfg  *SkyConfig
	rng  *rand.Rand
	heat extreme
	rain extreme
	blow extreme

	dryC, wetC, dewC float64
	rainMMH, rainMM  float64
	eddy             float64 // m/s over the mean
	lullMS           float64 // 3 s average
	meanMS           float64
	gusts            [10]float64 // strongest of each of the last ten minutes
	minute           int
	fromDeg          float64

	dry, wet *probe
}

func newWeather(cfg *Config) weather {
	c := &cfg.Environment.Weather
	rng := deviceRand(cfg.Seed, cfg.Site+"/weather")
	v := weather{cfg: c, rng: rng, fromDeg: 270, meanMS: c.WindMS, lullMS: c.WindMS,
		dry: newProbe(&cfg.Sensors, 60, .2, .03, rng), wet: newProbe(&cfg.Sensors, 90, .2, .03, rng)}
	v.air(0)
	v.look(0)
	return v
}

// step moves the weather on; nowS is seconds since the start.
func (v *weather) step(nowS, dt float64) {
	c := v.cfg
	for _, x := range []*extreme{&v.heat, &v.rain, &v.blow} {
		x.step(c.ReturnS, dt)
	}
	v.air(nowS)
	v.rainMMH = v.rain.over(0)
	v.rainMM += v.rainMMH * dt / 3600
	v.gust(nowS, dt)
	v.look(dt)
}

// air sets the temperatures of the hour.
func (v *weather) air(nowS float64) {
	c := v.cfg
	hour := c.StartHour + nowS/3600
	v.dryC = v.heat.over(c.MeanC + c.SwingK*math.Cos(2*math.Pi*(hour-c.PeakHour)/24))
	v.dewC = min(c.DewC, v.dryC)
	if v.rainMMH > .1 {
		v.dewC = max(v.dewC, v.dryC-1) // rain all but saturates the air
	}
	v.wetC = wetBulbC(v.dryC, humidityPct(v.dryC, v.dewC))
}

// gust moves the wind: a mean with turbulence of an eddy's life.
func (v *weather) gust(nowS, dt float64) {
	c := v.cfg
	mean := v.blow.over(c.WindMS)
	v.eddy += -v.eddy*dt/c.EddyS + c.Turbulence*mean*math.Sqrt(2*dt/c.EddyS)*v.rng.NormFloat64()
	v.eddy = max(-mean, min(3.5*c.Turbulence*mean, v.eddy))
	v.lullMS = lag(v.lullMS, mean+v.eddy, c.GustS, dt)
	v.meanMS = lag(v.meanMS, mean+v.eddy, 120, dt)
	if minute := int(nowS / 60); minute != v.minute {
		v.minute = minute
		v.gusts[minute%len(v.gusts)] = 0
	}
	slot := &v.gusts[v.minute%len(v.gusts)]
	*slot = max(*slot, v.lullMS)
	v.fromDeg = math.Mod(v.fromDeg+.3*v.rng.NormFloat64()+360, 360)
}

func (v *weather) look(dt float64) {
	v.dry.sample(v.dryC, dt, v.rng)
	v.wet.sample(v.wetC, dt, v.rng)
}

func (v *weather) reading() WeatherReading {
	gust := max(v.meanMS, slices.Max(v.gusts[:]))
	return WeatherReading{DryC: v.dry.out, WetC: v.wet.out, DewC: v.dewC, HumidityPct: humidityPct(v.dryC, v.dewC),
		PressureHPa: v.cfg.PressureHPa, WindMS: v.meanMS, GustMS: gust, WindDeg: v.fromDeg, RainMMH: v.rainMMH, RainMM: v.rainMM}
}

// humidityPct is the relative humidity from dry bulb and dew point by the Magnus formula.
func humidityPct(dryC, dewC float64) float64 {
	vapour := func(t float64) float64 { return math.Exp(17.62 * t / (243.12 + t)) }
	return min(100, 100*vapour(dewC)/vapour(dryC))
}

// wetBulbC is Stull's fit of 2011 at sea level, within about 1 K for 5 to 99 % and -20 to 50 degC.
func wetBulbC(dryC, humidity float64) float64 {
	return dryC*math.Atan(.151977*math.Sqrt(humidity+8.313659)) + math.Atan(dryC+humidity) - math.Atan(humidity-1.676331) +
		.00391838*math.Pow(humidity, 1.5)*math.Atan(.023101*humidity) - 4.686035
}

// Weather reads a weather station.
func (w *World) Weather(id string) (WeatherReading, error) {
	if !slices.Contains(w.cfg.Environment.Stations, id) {
		return WeatherReading{}, missing("weather station", id)
	}
	return w.env.weather.reading(), nil
}

// Weather extremes; the target is a weather station or the site.
const (
	HeatWave FaultKind = "heat-wave" // Amount degC reached after Seconds (6 h when not given)
	Rain     FaultKind = "rain"      // Amount mm/h reached after Seconds (10 min when not given)
	Storm    FaultKind = "storm"     // Amount m/s of mean wind after Seconds (10 min when not given)
)

// injectWeather lets one extreme come; clearing lets it go again in half an hour.
func injectWeather(w *World, f Fault, id string) (func(), error) {
	if f.Target != w.cfg.Site && !slices.Contains(w.cfg.Environment.Stations, f.Target) {
		return nil, missing("weather station", f.Target)
	}
	v := &w.env.weather
	x, ramp, limit := &v.heat, 6*3600.0, 60.0
	switch f.Kind {
	case Rain:
		x, ramp, limit = &v.rain, 600, 300
	case Storm:
		x, ramp, limit = &v.blow, 600, 80
	}
	if f.Params.Amount <= 0 || f.Params.Amount > limit || f.Params.Seconds < 0 {
		return nil, fmt.Errorf("%w: amount %g is outside 0..%g", ErrFaultParams, f.Params.Amount, limit)
	}
	if x.fault != "" {
		return nil, fmt.Errorf("%w: clear %s first", ErrFaultParams, x.fault)
	}
	if f.Params.Seconds > 0 {
		ramp = f.Params.Seconds
	}
	x.fault, x.peak, x.rampS = id, f.Params.Amount, ramp
	return func() { x.fault = "" }, nil
}
