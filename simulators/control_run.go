package simulators

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// longestStep bounds what one step may ask for.
const longestStep = time.Hour

// TimeState says whether the world's time runs.
type TimeState struct {
	Paused    bool    `json:"paused"`
	StepLeftS float64 `json:"step_left_s"` // simulated seconds that a step still lets it run
}

// timeState tells how time runs; the lock is held.
func (p *Plant) timeState() TimeState {
	return TimeState{Paused: p.paused, StepLeftS: p.stepLeft.Seconds()}
}

func (p *Plant) postPause(*http.Request) (any, error) {
	p.Pause()
	return p.clock("the world stands still; whoever judges it does not: deadlines of commands under way will pass"), nil
}

func (p *Plant) postResume(*http.Request) (any, error) {
	p.Resume()
	return p.clock("the world goes on"), nil
}

func (p *Plant) postStep(req *http.Request) (any, error) {
	var body struct {
		Seconds *float64 `json:"seconds"`
	}
	if err := readBody(req, &body); err != nil {
		return nil, err
	}
	if body.Seconds == nil || !(*body.Seconds > 0 && *body.Seconds <= longestStep.Seconds()) {
		return nil, &problem{Title: "Bad step", Status: http.StatusBadRequest, Detail: fmt.Sprintf(`give {"seconds": more than 0 to %g}`, longestStep.Seconds())}
	}
	if err := p.Step(time.Duration(*body.Seconds * float64(time.Second))); err != nil {
		if errors.Is(err, ErrNotPaused) {
			return nil, &problem{Title: "Not paused", Status: http.StatusConflict, Detail: err.Error() + " with POST /sim/v1/pause"}
		}
		return nil, err
	}
	return p.clock("the world goes on for the step, at the speed in force, and pauses again"), nil
}

func (p *Plant) clock(detail string) any {
	p.mu.Lock()
	defer p.mu.Unlock()
	return map[string]any{"time": p.timeState(), "speed": p.speedState(), "detail": detail}
}
