package world

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// TelecomConfig describes the ways out: carriers that come in at two meet-me rooms.
type TelecomConfig struct {
	RxDBm      float64 // received optical power on a sound fibre
	LosDBm     float64 // below it the transceiver sees no light
	DarkDBm    float64 // what it shows then
	ErrorDBm   float64 // below it bits are lost
	RTTMs      float64 // of the first carrier; each further one is a little longer
	RTTStepMs  float64
	RerouteS   [2]float64 // with BFD: shortest and longest
	HoldS      float64    // without BFD: BGP's own hold timer
	RestoreS   float64    // after a fault, until the session is up again
	BadPercent float64    // loss that takes a session down
}

// DefaultTelecomConfig: -8.5 dBm, no light below -28; a way round is found in 1 to 3 s with BFD and in 90 s without.
func DefaultTelecomConfig() TelecomConfig {
	return TelecomConfig{RxDBm: -8.5, LosDBm: -28, DarkDBm: -40, ErrorDBm: -24, RTTMs: 4, RTTStepMs: 2,
		RerouteS: [2]float64{1, 3}, HoldS: 90, RestoreS: 30, BadPercent: 50}
}

const meetMeRooms = 2 // every carrier comes in twice

// LinkReading is one fibre of a carrier at one meet-me room.
type LinkReading struct {
	LOS         bool    // loss of signal
	RxDBm       float64 // received optical power
	LossPercent float64
	RTTMs       float64 // NaN when nothing comes back
	BGP         bool    // session up
}

// CarrierReading is one carrier as the site's edge sees it.
type CarrierReading struct {
	Links       [meetMeRooms]LinkReading
	Carrying    int  // meet-me room, from 1, through which the site's traffic leaves over this carrier; 0: not over it
	Reachable   bool // at least one session is up and passes traffic
	CommonCause bool // both fibres went dark together: they share a duct
	Reroutes    int  // of the whole site
	OutageS     float64
}

// fibre is one link.
type fibre struct {
	rxDBm   float64
	cut     []string // fault ids
	fadeDB  []dose
	lossPct []dose
	downS   float64
	upS     float64
	bgp     bool
	detectS float64
	darkAt  float64 // second in which the light went, -1 while there is light
}

// carrier is one provider with its fibres. Both run through one duct on their last mile.
type carrier struct {
	id     string
	cfg    *TelecomConfig
	rng    *rand.Rand
	rttMs  float64
	links  [meetMeRooms]fibre
	noBFD  string // fault id
	common bool
	nowS   float64

	carrying int
	reroutes *reroutes
}

// reroutes is the site's own book of ways changed; all carriers share it.
type reroutes struct {
	count   int
	outageS float64
	way     int // 1 + index of the fibre in use over all carriers, 0 none
}

func newCarrier(id string, n int, cfg *Config) *carrier {
	c := &cfg.Environment.Telecom
	k := &carrier{id: id, cfg: c, rng: deviceRand(cfg.Seed, id), rttMs: c.RTTMs + float64(n)*c.RTTStepMs, reroutes: &reroutes{}}
	for i := range k.links {
		k.links[i] = fibre{rxDBm: c.RxDBm + .6*(2*k.rng.Float64()-1), bgp: true, darkAt: -1}
	}
	if n == 0 {
		k.carrying = 1 // traffic takes the first way, in a world that has not moved yet too
	}
	return k
}

func (f *fibre) rx(c *TelecomConfig) float64 {
	if len(f.cut) > 0 {
		return c.DarkDBm
	}
	return max(c.DarkDBm, f.rxDBm-total(f.fadeDB))
}

// loss is the share of packets that does not arrive, in per cent: all without light, some with little.
func (f *fibre) loss(c *TelecomConfig) float64 {
	rx := f.rx(c)
	switch {
	case rx < c.LosDBm:
		return 100
	case rx < c.ErrorDBm:
		return min(100, total(f.lossPct)+20*(c.ErrorDBm-rx)/(c.ErrorDBm-c.LosDBm))
	}
	return min(100, total(f.lossPct))
}

// step moves the sessions of one carrier on.
func (k *carrier) step(dt float64) {
	k.nowS += dt
	for i := range k.links {
		k.stepSession(&k.links[i], dt)
	}
	// Two fibres that lose their light within a second have lost it to one excavator.
	a, b := k.links[0].darkAt, k.links[1].darkAt
	k.common = a >= 0 && b >= 0 && max(a, b)-min(a, b) <= 1
}

func (k *carrier) stepSession(f *fibre, dt float64) {
	c := k.cfg
	dark := f.rx(c) < c.LosDBm
	switch {
	case !dark:
		f.darkAt = -1
	case f.darkAt < 0:
		f.darkAt = k.nowS
	}
	if f.loss(c) < c.BadPercent {
		f.downS = 0
		if f.upS += dt; f.upS >= c.RestoreS {
			f.bgp = true
		}
		return
	}
	if f.downS == 0 {
		f.detectS = c.RerouteS[0] + k.rng.Float64()*(c.RerouteS[1]-c.RerouteS[0])
		if k.noBFD != "" && !dark {
			// A port without light goes down by itself; one that swallows packets is only found by the hold timer.
			f.detectS = c.HoldS
		}
	}
	f.upS = 0
	if f.downS += dt; f.downS >= f.detectS {
		f.bgp = false
	}
}

// stepCarriers moves all sessions on and lets the traffic take the first way whose session is up.
func stepCarriers(all []*carrier, dt float64) {
	if len(all) == 0 {
		return
	}
	book := all[0].reroutes
	way, passes := 0, false
	for n, k := range all {
		k.reroutes, k.carrying = book, 0
		k.step(dt)
		for i := range k.links {
			if f := &k.links[i]; f.bgp && way == 0 {
				way, passes = n*meetMeRooms+i+1, f.loss(k.cfg) < k.cfg.BadPercent
				k.carrying = i + 1
			}
		}
	}
	if way != book.way && book.way != 0 {
		book.count++
	}
	book.way = way
	if !passes {
		book.outageS += dt
	}
}

func (k *carrier) reading() CarrierReading {
	out := CarrierReading{Carrying: k.carrying, CommonCause: k.common, Reroutes: k.reroutes.count, OutageS: k.reroutes.outageS}
	for i := range k.links {
		f := &k.links[i]
		l := LinkReading{RxDBm: f.rx(k.cfg), LossPercent: f.loss(k.cfg), BGP: f.bgp}
		l.LOS = l.RxDBm < k.cfg.LosDBm
		// Lost packets are sent again: the time that users see grows with them.
		l.RTTMs = (k.rttMs + .5*float64(i)) * (1 + l.LossPercent/25)
		if l.LossPercent >= 100 {
			l.RTTMs = math.NaN()
		}
		out.Links[i] = l
		out.Reachable = out.Reachable || l.BGP && l.LossPercent < k.cfg.BadPercent
	}
	return out
}

// Carrier reads one carrier.
func (w *World) Carrier(id string) (CarrierReading, error) {
	k, ok := w.env.carriers[id]
	if !ok {
		return CarrierReading{}, missing("carrier", id)
	}
	return k.reading(), nil
}

// Online tells whether the site's traffic gets out; a site without carriers has ways of its own.
func (w *World) Online() bool {
	if len(w.env.carrierOrder) == 0 {
		return true
	}
	for _, k := range w.env.carrierOrder {
		if k.carrying > 0 {
			return k.links[k.carrying-1].loss(k.cfg) < k.cfg.BadPercent
		}
	}
	return false
}

// Telecom faults; the target is a carrier. Channel names a meet-me room and, when empty, means both fibres.
const (
	FibreCut    FaultKind = "fibre-cut"
	DuctCut     FaultKind = "duct-cut"     // both fibres of the carrier at once, as an excavator does
	FibreFade   FaultKind = "fibre-fade"   // Amount dB lost
	CarrierLoss FaultKind = "carrier-loss" // Amount per cent of the packets, with light
	NoBFD       FaultKind = "no-bfd"       // silent loss is only found after the hold timer
)

// fibres resolves the meet-me room of a fault.
func (w *World) fibres(k *carrier, f Fault) ([]*fibre, error) {
	if f.Params.Channel == "" || f.Kind == DuctCut {
		return []*fibre{&k.links[0], &k.links[1]}, nil
	}
	rooms := w.cfg.Environment.MeetMe
	i := slices.Index(rooms, f.Params.Channel)
	if i < 0 || i >= meetMeRooms {
		return nil, fmt.Errorf("%w: meet-me room %q; the carrier comes in at %v", ErrFaultParams, f.Params.Channel, rooms)
	}
	return []*fibre{&k.links[i]}, nil
}

func injectTelecom(w *World, f Fault, id string) (func(), error) {
	k, ok := w.env.carriers[f.Target]
	if !ok {
		return nil, missing("carrier", f.Target)
	}
	if f.Kind == NoBFD {
		k.noBFD = id
		return func() { k.noBFD = "" }, nil
	}
	hit, err := w.fibres(k, f)
	if err != nil {
		return nil, err
	}
	if (f.Kind == FibreFade || f.Kind == CarrierLoss) && (f.Params.Amount <= 0 || f.Params.Amount > 100) {
		return nil, fmt.Errorf("%w: amount %g is outside 0..100", ErrFaultParams, f.Params.Amount)
	}
	for _, l := range hit {
		switch f.Kind {
		case FibreFade:
			l.fadeDB = append(l.fadeDB, dose{id, f.Params.Amount})
		case CarrierLoss:
			l.lossPct = append(l.lossPct, dose{id, f.Params.Amount})
		default:
			l.cut = append(l.cut, id)
		}
	}
	return func() {
		for _, l := range hit {
			l.fadeDB, l.lossPct = without(l.fadeDB, id), without(l.lossPct, id)
			l.cut = slices.DeleteFunc(l.cut, func(x string) bool { return x == id })
		}
	}, nil
}
