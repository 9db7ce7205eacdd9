package ui

import (
	"context"
	"errors"
	"sync"
	"time"

	"bongsu/facility"
	"bongsu/rules"
)

// supplyDesk reads the ride-through clocks for the console once a second and plans isolations. What it needs of the
// site it makes anew when the desk follows another revision. It is safe for concurrent use.
type supplyDesk struct {
	model *Model

	mu      sync.Mutex
	of      *plan
	clocks  *rules.RideClocks
	newest  []rules.RideClock
	read    time.Time
	planner *rules.Planner
	line    *rules.LineDrawer
	drawn   map[string]singleLineView // by the box whose members are told
}

func newSupplyDesk(m *Model) *supplyDesk { return &supplyDesk{model: m} }

// run keeps the clocks going, whether or not somebody looks: they average over a minute.
func (d *supplyDesk) run(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			d.turn(now)
		}
	}
}

// turn reads the clocks, at most twice a second.
func (d *supplyDesk) turn(now time.Time) ([]rules.RideClock, *plan) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if site := d.model.site(); d.of != site {
		d.of, d.clocks, d.planner, d.line, d.drawn, d.newest = site, rules.NewRideClocks(site.Site), nil, nil, nil, nil
	}
	if d.newest == nil || now.Sub(d.read) >= 500*time.Millisecond {
		d.newest, d.read = d.clocks.Read(now, d.model.live), now
	}
	return d.newest, d.of
}

// isolation plans with the positions known now.
func (d *supplyDesk) isolation(id facility.AssetID, now time.Time) (rules.Isolation, error) {
	return d.plans(now).Plan(id, now, d.model.live)
}

// ofOrder says what an order that opens a switch takes along.
func (d *supplyDesk) ofOrder(cmd facility.Command, now time.Time) (rules.Isolation, error) {
	return d.plans(now).PlanOrder(cmd, now, d.model.live)
}

func (d *supplyDesk) plans(now time.Time) *rules.Planner {
	d.turn(now)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.planner == nil {
		d.planner = rules.NewPlanner(d.of.Site)
	}
	return d.planner
}

// ridesView is every clock, and the shortest of each zone.
type ridesView struct {
	Time  time.Time         `json:"time"`
	Items []rules.RideClock `json:"items"`
	Zones []rules.RideZone  `json:"zones" doc:"for each UPS zone the clock that ends first, or one that cannot be computed"`
}

func (s *Server) listClocks(context.Context, *struct{}) (*struct{ Body ridesView }, error) {
	now := time.Now()
	clocks, site := s.supply.turn(now)
	return &struct{ Body ridesView }{ridesView{Time: now.UTC(), Items: listed(clocks), Zones: rules.Worst(site.Site, clocks)}}, nil
}

type isolationIn struct {
	Asset facility.AssetID   `query:"asset" doc:"a battery rack or room, a UPS zone or room, a panel, an IT rack or hall, a machine"`
	Order facility.CommandID `query:"order" doc:"instead: an order that opens a switch; the first way is that switch alone"`
}

func (s *Server) planIsolation(_ context.Context, in *isolationIn) (*struct{ Body rules.Isolation }, error) {
	if (in.Asset == "") == (in.Order == "") {
		return nil, problem(422, "Say either an asset or an order.")
	}
	if in.Order != "" {
		return s.planOrder(in.Order)
	}
	plan, err := s.supply.isolation(in.Asset, time.Now())
	if errors.Is(err, rules.ErrNoSupply) {
		return nil, problem(404, "How %q is supplied is not known here. Say it in the site file's topology, or choose the room or zone it stands in.", in.Asset)
	}
	plan.Time = plan.Time.UTC()
	return &struct{ Body rules.Isolation }{plan}, err
}

func (s *Server) planOrder(id facility.CommandID) (*struct{ Body rules.Isolation }, error) {
	cmd, ok := s.cfg.Model.site().Commands[id]
	if !ok {
		return nil, unknown("order", string(id))
	}
	plan, err := s.supply.ofOrder(cmd, time.Now())
	if errors.Is(err, rules.ErrNoSupply) {
		return nil, problem(404, "%s opens no switch of the supply.", id)
	}
	plan.Time = plan.Time.UTC()
	return &struct{ Body rules.Isolation }{plan}, err
}
