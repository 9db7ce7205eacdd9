package world

import (
	"math"
	"testing"
)

func TestCurtainHidesTheRackFromTheCamera(t *testing.T) {
	w := oneRack(func(c *Config) { c.StartC = 60 })
	play(t, w, nil, 20)
	open, _ := w.Camera(rackUnderTest)
	if want := 24 + .6*(60-24.); math.Abs(open.MaxC-want) > 1 || open.Obscured {
		t.Errorf("camera sees %.1f degC of a 60 degC rack, obscured %v; want about %.1f", open.MaxC, open.Obscured, want)
	}
	if err := w.SetActuator(rackUnderTest, Curtain, true); err != nil {
		t.Fatal(err)
	}
	play(t, w, nil, 20)
	hidden, _ := w.Camera(rackUnderTest)
	if want := 24 + .1*(60-24.); math.Abs(hidden.MaxC-want) > 1 || !hidden.Obscured {
		t.Errorf("camera sees %.1f degC behind the curtain, obscured %v; want about %.1f and obscured", hidden.MaxC, hidden.Obscured, want)
	}
}

func TestLampInThePicture(t *testing.T) {
	w := oneRack(nil)
	inject(t, w, Fault{Kind: CameraSource, Target: rackUnderTest, Params: FaultParams{Amount: 95, Seconds: 40}})
	play(t, w, nil, 30)
	if c, _ := w.Camera(rackUnderTest); math.Abs(c.MaxC-95) > 1 || c.MeanC > 30 {
		t.Errorf("camera shows max %.1f mean %.1f with a lamp, want 95 and a cold mean", c.MaxC, c.MeanC)
	}
	if r, _ := w.Rack(rackUnderTest); r.BMSC > 26 {
		t.Errorf("the lamp heated the rack to %.1f degC", r.BMSC)
	}
	if !w.HotAnywhere() {
		t.Error("a camera over 50 degC is a pre-alarm even if it is only a lamp")
	}
	play(t, w, nil, 40)
	if c, _ := w.Camera(rackUnderTest); c.MaxC > 30 {
		t.Errorf("camera still shows %.1f degC after the lamp is gone", c.MaxC)
	}
}

func TestSmokeBlindsTheCamera(t *testing.T) {
	w := oneRack(nil)
	inject(t, w, Fault{Kind: RoomSmoke, Target: roomUnderTest, Params: FaultParams{Amount: 1}})
	play(t, w, nil, 30)
	if c, _ := w.Camera(rackUnderTest); !c.Obscured {
		r, _ := w.Room(roomUnderTest)
		t.Errorf("camera still looks through smoke (detector at %.1f %%/m)", r.ASDPctM)
	}
}
