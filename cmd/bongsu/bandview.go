package main

import (
	"context"
	"fmt"
	"time"

	"bongsu/facility"
	"bongsu/historian"
	"bongsu/rules/bands"
	"bongsu/ui"
)

// bandStep is the finest step of a drawn band: it moves by the hour, and its drivers are averaged.
const bandStep = 5 * time.Minute

// bandHour is the mean that a band is compared with.
const bandHour = time.Hour

// Band implements ui.Bands.
func (k *bandKeeper) Band(ctx context.Context, point facility.PointID, from, to time.Time, most int) (ui.Band, bool, error) {
	k.mu.Lock()
	plan, banded := k.plans[point]
	accepted := k.state.Accepted[string(point)]
	k.mu.Unlock()
	b := k.set.Load().Get(string(point))
	if !banded || b == nil {
		return ui.Band{}, false, nil
	}
	spreads := plan.Rule.Spreads()
	out := ui.Band{Spreads: spreads, Learned: b.Learned, From: b.From, To: b.To, Hours: b.Hours, Needs: b.Needs, Weekly: b.Weekly, Drivers: plan.Drivers}
	if b.Since != nil {
		out.Accepted = &ui.BandAccepted{At: *b.Since, By: accepted.By, Reason: accepted.Reason}
	}
	err := k.now(ctx, b, plan, &out)
	if err != nil {
		return ui.Band{}, true, err
	}
	step := max(bandStep, to.Sub(from)/time.Duration(max(most, 1)))
	drivers, err := k.drivers(ctx, plan, from.Truncate(step), to, step)
	if err != nil {
		return ui.Band{}, true, err
	}
	for at := from.Truncate(step); at.Before(to); at = at.Add(step) {
		values := make([]float64, 0, len(drivers))
		for _, d := range drivers {
			if v, ok := d[at.Unix()]; ok {
				values = append(values, v)
			}
		}
		middle := at.Add(step / 2)
		if x := b.Expect(middle, values); x.State == bands.Ready {
			out.Edges = append(out.Edges, ui.BandEdge{T: middle, Low: x.Low(spreads), Centre: x.Centre, High: x.High(spreads)})
		}
	}
	return out, true, nil
}

// drivers reads the means of what drives a point, step by step.
func (k *bandKeeper) drivers(ctx context.Context, plan facility.BandPlan, from, to time.Time, step time.Duration) ([]map[int64]float64, error) {
	out := make([]map[int64]float64, len(plan.Drivers))
	for i, id := range plan.Drivers {
		end := from.Add((to.Sub(from) + step - 1) / step * step)
		buckets, err := k.store.Query(ctx, id, from, end, int(end.Sub(from)/step))
		if err != nil {
			return nil, fmt.Errorf("read what %s did: %w", id, err)
		}
		out[i] = map[int64]float64{}
		for _, b := range buckets {
			if usableBucket(b) {
				out[i][b.T.Truncate(step).Unix()] = b.Avg
			}
		}
	}
	return out, nil
}

// now says what is expected of the last hour and what it showed.
func (k *bandKeeper) now(ctx context.Context, b *bands.Band, plan facility.BandPlan, out *ui.Band) error {
	now := time.Now()
	var values []float64
	for _, id := range append([]facility.PointID{plan.Point}, plan.Drivers...) {
		buckets, err := k.store.Query(ctx, id, now.Add(-bandHour), now, 1)
		if err != nil {
			return fmt.Errorf("read what %s did: %w", id, err)
		}
		if len(buckets) > 0 && usableBucket(buckets[0]) {
			values = append(values, buckets[0].Avg)
		}
	}
	out.State = bands.Warming
	if !b.Ready {
		words := b.Explain(now, bands.Expectation{State: bands.Warming}, 0, out.Spreads, 0)
		out.Said = facility.Text{KO: words.KO, EN: words.EN}
		return nil
	}
	out.State = bands.Ready
	if len(values) != 1+len(plan.Drivers) {
		out.Said = facility.Text{KO: "지난 한 시간의 값이 없어 비교하지 않음", EN: "not compared: values of the last hour are missing"}
		return nil
	}
	digits := 1
	if ref, ok := k.field.site.Load().Ref(plan.Point); ok {
		digits = k.field.site.Load().Points[ref].Digits
	}
	at := now.Add(-bandHour / 2)
	x := b.Expect(at, values[1:])
	words := b.Explain(at, x, values[0], out.Spreads, digits)
	out.State, out.Said = x.State, facility.Text{KO: words.KO, EN: words.EN}
	return nil
}

func usableBucket(b historian.Bucket) bool {
	return b.Quality == facility.Good || b.Quality == facility.Uncertain
}
