package simulators

import (
	"fmt"
	"maps"
	"slices"

	"bongsu/simulators/world"
)

// gauge reads one figure of the world, of one asset.
type gauge func(w *world.World, asset string) (float64, error)

// gauges lists the figures that scenarios may bound. It is the only place to add one. Temperatures are degrees
// Celsius, times seconds or minutes as the name says; what is yes or no reads 1 or 0.
var gauges = map[string]gauge{
	// Battery racks: the truth, not what instruments say.
	"max_cell_c":  ofTruth(func(t world.RackTruth) float64 { return t.MaxCellC }),
	"rack_air_c":  ofTruth(func(t world.RackTruth) float64 { return t.AirC }),
	"vented":      ofTruth(func(t world.RackTruth) float64 { return float64(t.Vented) }),
	"run_away":    ofTruth(func(t world.RackTruth) float64 { return float64(t.RunAway) }),
	"water_l":     ofTruth(func(t world.RackTruth) float64 { return t.DischargedL }),
	"soc_percent": ofRack(func(r world.RackReading) float64 { return r.SOCPercent }),
	"bms_c":       ofRack(func(r world.RackReading) float64 { return r.BMSC }),

	// Battery rooms.
	"room_c":       ofRoom(func(r world.RoomReading) float64 { return r.AirC }),
	"humidity_pct": ofRoom(func(r world.RoomReading) float64 { return r.HumidityPct }),
	"lfl_percent":  ofRoom(func(r world.RoomReading) float64 { return r.LFLPercent }),
	"asd_level":    ofRoom(func(r world.RoomReading) float64 { return float64(r.ASDLevel) }),
	"people":       ofRoom(func(r world.RoomReading) float64 { return float64(r.Occupancy) }),
	"gas_bank_bar": ofRoom(func(r world.RoomReading) float64 { return r.GasBankBar }),
	"tank_percent": ofRoom(func(r world.RoomReading) float64 { return r.TankPercent }),
	"spilled_l":    ofRoom(func(r world.RoomReading) float64 { return r.SpilledL }),

	// UPS zones and feeds.
	"ups_minutes":    ofZone(func(z world.UPSReading) float64 { return z.MinutesRemaining }),
	"ups_load_kw":    ofZone(func(z world.UPSReading) float64 { return z.LoadKW }),
	"ups_load_pct":   ofZone(func(z world.UPSReading) float64 { return z.LoadPercent }),
	"ups_battery":    ofZone(func(z world.UPSReading) float64 { return yes(z.Mode == world.UPSBattery) }),
	"ups_carries":    ofZone(func(z world.UPSReading) float64 { return yes(z.OutputV[0] > 0) }),
	"feed_available": ofFeed(func(f world.FeedReading) float64 { return yes(f.Available) }),
	"feed_carries":   ofFeed(func(f world.FeedReading) float64 { return yes(f.Carrying) }),
	"feed_transfers": ofFeed(func(f world.FeedReading) float64 { return float64(f.TransferCnt) }),

	// Chilled water.
	"chiller_runs":     reader((*world.World).Chiller, func(c world.ChillerReading) float64 { return yes(c.Running) }),
	"setpoint_c":       reader((*world.World).Chiller, func(c world.ChillerReading) float64 { return c.SetpointC }),
	"chiller_capacity": reader((*world.World).Chiller, func(c world.ChillerReading) float64 { return c.CapacityPercent }),
	"pump_m3h":         reader((*world.World).Pump, func(p world.PumpReading) float64 { return p.FlowM3H }),
	"chw_c":            reader((*world.World).Tank, func(t world.TankReading) float64 { return t.OutC }),
	"chw_minutes":      reader((*world.World).Tank, func(t world.TankReading) float64 { return t.MinutesLeft }),
	"hall_c":           reader((*world.World).Hall, func(h world.HallReading) float64 { return h.InletC }),

	// Power paths.
	"breaker_closed":  reader((*world.World).Breaker, func(b world.BreakerReading) float64 { return yes(b.State == world.BreakerClosed) }),
	"transfer_source": reader((*world.World).Transfer, func(t world.TransferReading) float64 { return float64(t.Position) }),
	"generator_kw":    reader((*world.World).Generator, func(g world.GeneratorReading) float64 { return g.KW }),

	// Ground, water, weather and lines.
	"outdoor_c":         reader((*world.World).Weather, func(r world.WeatherReading) float64 { return r.DryC }),
	"rain_mm_h":         reader((*world.World).Weather, func(r world.WeatherReading) float64 { return r.RainMMH }),
	"quake_gal":         reader((*world.World).Seismic, func(r world.SeismicReading) float64 { return r.PeakGal }),
	"racks_tilted":      reader((*world.World).Seismic, func(r world.SeismicReading) float64 { return float64(r.Tilted) }),
	"flood_cm":          reader((*world.World).Sump, func(r world.SumpReading) float64 { return r.LevelCm }),
	"sump_m3h":          reader((*world.World).Sump, func(r world.SumpReading) float64 { return r.PumpM3H }),
	"leak_found":        reader((*world.World).Leak, func(r world.LeakReading) float64 { return yes(r.Leak) }),
	"drain_percent":     reader((*world.World).DrainTank, func(r world.DrainTankReading) float64 { return r.LevelPct }),
	"drain_spilled_l":   reader((*world.World).DrainTank, func(r world.DrainTankReading) float64 { return r.SpilledL }),
	"carrier_reachable": reader((*world.World).Carrier, func(r world.CarrierReading) float64 { return yes(r.Reachable) }),
	"carrier_common":    reader((*world.World).Carrier, func(r world.CarrierReading) float64 { return yes(r.CommonCause) }),

	// IT racks: one, or all of the site when the asset is the site.
	"inlet_c": ofITRacks(0, func(worst float64, r world.ITRackReading) float64 { return max(worst, r.InletTopC) }),
	"it_dark": ofITRacks(0, func(n float64, r world.ITRackReading) float64 { return n + yes(!r.Powered) }),
	"it_kw":   ofITRacks(0, func(kw float64, r world.ITRackReading) float64 { return kw + r.FeedAKW + r.FeedBKW }),
}

func gaugeNames() []string { return slices.Sorted(maps.Keys(gauges)) }

func yes(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// reader makes a gauge of an accessor of the world and of what to take from its reading.
func reader[R any](read func(*world.World, string) (R, error), take func(R) float64) gauge {
	return func(w *world.World, asset string) (float64, error) {
		r, err := read(w, asset)
		if err != nil {
			return 0, err
		}
		return take(r), nil
	}
}

func ofTruth(take func(world.RackTruth) float64) gauge  { return reader((*world.World).Truth, take) }
func ofRack(take func(world.RackReading) float64) gauge { return reader((*world.World).Rack, take) }
func ofRoom(take func(world.RoomReading) float64) gauge { return reader((*world.World).Room, take) }
func ofZone(take func(world.UPSReading) float64) gauge  { return reader((*world.World).Zone, take) }
func ofFeed(take func(world.FeedReading) float64) gauge { return reader((*world.World).Feed, take) }

// ofITRacks folds one IT rack, or every one of the site.
func ofITRacks(start float64, fold func(float64, world.ITRackReading) float64) gauge {
	return func(w *world.World, asset string) (float64, error) {
		cfg := w.Config()
		if asset != cfg.Site {
			r, err := w.ITRack(asset)
			if err != nil {
				return 0, err
			}
			return fold(start, r), nil
		}
		sum := start
		for i := range cfg.ITRacks {
			r, err := w.ITRack(cfg.ITRacks[i].ID)
			if err != nil {
				return 0, fmt.Errorf("IT rack %s: %w", cfg.ITRacks[i].ID, err)
			}
			sum = fold(sum, r)
		}
		return sum, nil
	}
}
