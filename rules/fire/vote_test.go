package fire

import (
	"testing"
	"time"
)

// Each row lays down how the channels stand and what the racks around them report. "80" means over
// all three thresholds, "68" over two, "60" over one, "25" none; "bad", "tc hidden" and "lost S1"
// are out of the vote, the last one with the vote of a channel lost hot in stage 1.
func TestVotes(t *testing.T) {
	tests := []struct {
		name     string
		channels [Channels]string
		evidence Evidence
		n        [3]int
		want     [3]bool
	}{
		{"three good, none over", [3]string{"25", "25", "25"}, Evidence{}, [3]int{3, 3, 3}, [3]bool{}},
		{"three good, one over", [3]string{"80", "25", "25"}, Evidence{}, [3]int{3, 3, 3}, [3]bool{}},
		{"three good, two over 60", [3]string{"60", "60", "25"}, Evidence{}, [3]int{3, 3, 3}, [3]bool{true}},
		{"three good, two over 68", [3]string{"68", "25", "68"}, Evidence{}, [3]int{3, 3, 3}, [3]bool{true, true}},
		{"three good, two over 80", [3]string{"25", "80", "80"}, Evidence{}, [3]int{3, 3, 3}, [3]bool{true, true, true}},
		{"three good, one over 80 and one over 60", [3]string{"80", "60", "25"}, Evidence{}, [3]int{3, 3, 3}, [3]bool{true}},
		{"three good, one over and smoke", [3]string{"68", "25", "25"}, Evidence{Smoke: true}, [3]int{3, 3, 3}, [3]bool{true, true}},
		{"three good, one over and off-gas", [3]string{"60", "25", "25"}, Evidence{OffGas: true}, [3]int{3, 3, 3}, [3]bool{true}},
		{"three good, one over and an arc", [3]string{"60", "25", "25"}, Evidence{Arc: true}, [3]int{3, 3, 3}, [3]bool{true}},
		{"three good, one over and a camera", [3]string{"60", "25", "25"}, Evidence{EV: true}, [3]int{3, 3, 3}, [3]bool{true}},
		{"three good, one over and a patch", [3]string{"80", "25", "25"}, Evidence{PatchSelfActuated: true}, [3]int{3, 3, 3}, [3]bool{true, true, true}},
		{"all evidence is one vote", [3]string{"25", "25", "25"}, Evidence{true, true, true, true, true}, [3]int{3, 3, 3}, [3]bool{}},

		{"two good, one over", [3]string{"80", "25", "bad"}, Evidence{}, [3]int{2, 2, 2}, [3]bool{true}},
		{"two good, both over", [3]string{"80", "80", "bad"}, Evidence{}, [3]int{2, 2, 2}, [3]bool{true, true, true}},
		{"two good, one over and smoke", [3]string{"80", "25", "bad"}, Evidence{Smoke: true}, [3]int{2, 2, 2}, [3]bool{true, true, true}},
		{"two good, only smoke", [3]string{"25", "25", "bad"}, Evidence{Smoke: true}, [3]int{2, 2, 2}, [3]bool{}},
		{"the hidden camera has no vote", [3]string{"80", "25", "tc hidden"}, Evidence{}, [3]int{2, 2, 2}, [3]bool{true}},

		{"one good and over", [3]string{"80", "bad", "bad"}, Evidence{}, [3]int{1, 1, 1}, [3]bool{true}},
		{"one good, over, and smoke", [3]string{"80", "bad", "bad"}, Evidence{Smoke: true}, [3]int{1, 1, 1}, [3]bool{true, true, true}},
		{"one good, only smoke", [3]string{"25", "bad", "bad"}, Evidence{Smoke: true}, [3]int{1, 1, 1}, [3]bool{}},
		{"none good, smoke", [3]string{"bad", "bad", "bad"}, Evidence{Smoke: true}, [3]int{}, [3]bool{}},

		{"lost hot in S1 votes for stage 2 only", [3]string{"60", "60", "lost S1"}, Evidence{}, [3]int{2, 3, 2}, [3]bool{true}},
		{"lost hot in S1 and one over 68", [3]string{"68", "60", "lost S1"}, Evidence{}, [3]int{2, 3, 2}, [3]bool{true, true}},
		{"lost hot in S1 says nothing of stage 3", [3]string{"80", "60", "lost S1"}, Evidence{}, [3]int{2, 3, 2}, [3]bool{true, true}},
		{"only lost hot", [3]string{"bad", "bad", "lost S1"}, Evidence{}, [3]int{0, 1, 0}, [3]bool{}},
		{"only lost hot, and smoke", [3]string{"bad", "bad", "lost S1"}, Evidence{Smoke: true}, [3]int{0, 1, 0}, [3]bool{true, true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newCore(oneRack())
			c.now = time.Minute
			r := c.racks[0]
			r.stage = S1
			r.in = RackInputs{Smoke: tt.evidence.Smoke, OffGas: tt.evidence.OffGas, Arc: tt.evidence.Arc, EV: tt.evidence.EV}
			r.selfPatch = tt.evidence.PatchSelfActuated
			for i, how := range tt.channels {
				lay(&r.ch[i], how)
			}
			c.judge(r)
			for i := range tt.n {
				if r.votes[i].n != tt.n[i] || r.demand[i] != tt.want[i] {
					t.Errorf("stage %d: N %d, demand %v, want N %d, demand %v", i+1, r.votes[i].n, r.demand[i], tt.n[i], tt.want[i])
				}
			}
		})
	}
}

func lay(ch *channel, how string) {
	ch.state = ChannelGood
	switch how {
	case "80":
		ch.over = [3]bool{true, true, true}
	case "68":
		ch.over = [3]bool{true, true, false}
	case "60":
		ch.over = [3]bool{true, false, false}
	case "tc hidden":
		ch.state = ChannelObscured
	case "bad", "lost S1":
		ch.state, ch.bad = ChannelBad, true
		ch.badAt = since{on: true, at: 50 * time.Second}
		if how == "lost S1" {
			ch.lost = S2
		}
	}
}

func TestNeed(t *testing.T) {
	for _, tt := range []struct{ n, s1, s2, s3 int }{
		{0, 0, 0, 0}, {1, 1, 2, 2}, {2, 1, 2, 2}, {3, 2, 2, 2}, {4, 2, 2, 2},
	} {
		if got := [3]int{need(S1, tt.n), need(S2, tt.n), need(S3, tt.n)}; got != [3]int{tt.s1, tt.s2, tt.s3} {
			t.Errorf("N %d needs %v, want %d %d %d", tt.n, got, tt.s1, tt.s2, tt.s3)
		}
	}
}

func TestOneChannelNeedsTenScansOrThirtyBehindTheCurtain(t *testing.T) {
	for _, tt := range []struct {
		name   string
		camera float64
		scans  int
	}{
		{"the others are bad", nan(), 10},
		{"the camera is merely hidden", 30, 30},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := newRig(t, oneRack())
			g.run(1)
			g.heat(0, 40, nan(), tt.camera)
			g.run(10)
			g.heat(0, 81, nan(), tt.camera)
			g.run(3) // debounced now: stage 1, and the first scan with N = 1 if the camera is bad
			first := 1
			if tt.camera == 30 {
				first = 0 // the curtain is proven down a tick later
			}
			g.run(tt.scans - first - 1)
			g.wantStage(S1)
			if g.alarms["DEGRADED_1OO1_TRIP:R1"] {
				t.Error("the agent is decided too early")
			}
			g.run(1)
			g.wantStage(S3)
			g.wantAlarms(map[string]bool{"DEGRADED_1OO1_TRIP:R1": true})
		})
	}
}
