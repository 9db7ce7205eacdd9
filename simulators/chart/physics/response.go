package main

import (
	"errors"

	"bongsu/simulators/world"
)

// response is the staged fire response in its plainest form, as far as the reference runs need it: sound sensors, one
// rack. Two channels over 60, 68 or 80 degC, or one with smoke or delta evidence beside it, give the first three
// stages; a minute of agent that did not help gives water. The production engine knows much more.
type response struct {
	w        *world.World
	rack     string
	room     string
	evidence bool // delta evidence supports a vote
	last     int  // highest stage it may reach

	stage   int
	at      [5]float64 // second of each stage
	over    [3][3]int  // seconds in a row of each channel over each threshold
	bmAlone int
}

var thresholdsC = [3]float64{60, 68, 80}

// step judges the instruments of one second.
func (c *response) step(second float64) error {
	r, err := c.w.Rack(c.rack)
	cam, cerr := c.w.Camera(c.rack)
	room, rerr := c.w.Room(c.room)
	if err := errors.Join(err, cerr, rerr); err != nil {
		return err
	}
	for k, v := range [3]float64{r.AirC, r.BMSC, cam.MaxC} {
		for i, limit := range thresholdsC {
			switch {
			case v >= limit:
				c.over[k][i]++
			case v < limit-2:
				c.over[k][i] = 0
			}
		}
	}
	if c.bmAlone++; c.over[1][0] < 3 {
		c.bmAlone = 0
	}
	support := r.SmokeAlarm || c.evidence && world.DeltaEvidence(nil, r.BMSSecondC, r.BMSMedianC)
	demand := [3]bool{c.vote(0, support, cam.Obscured), c.vote(1, support, cam.Obscured), c.vote(2, support, cam.Obscured)}
	demand[0] = demand[0] || demand[1] || c.bmAlone >= 60 || r.SmokeAlarm && room.ASDLevel >= 3
	demand[1] = demand[1] || demand[2]
	if c.stage < min(3, c.last) && demand[c.stage] {
		return c.enter(c.stage+1, second)
	}
	if c.stage == 3 && c.last >= 4 && second-c.at[3] >= 60 && max(r.AirC, r.BMSC) >= thresholdsC[0] {
		return c.enter(4, second)
	}
	return nil
}

// vote needs two of the channels and what supports them; a camera that sees nothing is none, and then one is enough
// for the first stage.
func (c *response) vote(i int, support, blind bool) bool {
	votes, good := 0, 0
	for k := range c.over {
		if k == 2 && blind {
			continue
		}
		if good++; c.over[k][i] >= 3 {
			votes++
		}
	}
	if votes > 0 && support {
		votes++
	}
	return votes >= 2 || votes == 1 && i == 0 && good < 3
}

func (c *response) enter(stage int, second float64) error {
	c.stage, c.at[stage] = stage, second
	orders := [5][][2]string{
		1: {{c.rack, world.Isolate}, {c.rack, world.Curtain}, {c.room, world.EvacAlarm}, {c.room, world.HVACStop}},
		2: {{c.rack, world.Patch}},
		3: {{c.room, world.DrainToTank}, {c.rack, world.Nozzle}},
		4: {{c.rack, world.Water}},
	}
	var errs []error
	for _, o := range orders[stage] {
		errs = append(errs, c.w.SetActuator(o[0], o[1], true))
	}
	return errors.Join(errs...)
}
