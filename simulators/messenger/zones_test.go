package messenger

import (
	"errors"
	"testing"

	"bongsu/facility"
	"bongsu/simulators/world"
)

// cloud is a messenger in one region: two zones that serve and a witness.
func cloud(t *testing.T) *talkRig {
	cfg := rigConfig(10, 60)
	cfg.Region = "seoul"
	cfg.Sites = []facility.MessengerSite{{ID: "zone-a", Address: "127.0.0.1:1"}, {ID: "zone-b", Address: "127.0.0.1:2"}, {ID: "witness", Address: "127.0.0.1:3", Witness: true}}
	return startWith(t, cfg)
}

// A planned move between two zones of one cloud: fence, promote, shift, with the users writing all the while.
func TestAMoveBetweenZonesLosesNothing(t *testing.T) {
	t.Parallel()
	r := cloud(t)
	eventually(t, "the users write", func() bool { return r.w.State().Acked > 60 })
	before := r.w.State()
	if st, err := r.order("zone-a", "readonly", map[string]any{"epoch": 2}); err != nil || st.Serving {
		t.Fatalf("fence: %v, %+v", err, st)
	}
	r.failOver("zone-b", "witness", 2)
	eventually(t, "users are served by the other zone", func() bool { return r.w.State().Sites[1].Users.Acked > 30 })
	eventually(t, "all of them are", func() bool { return r.w.State().Connected == 10 })
	s := r.settled(before.Acked+30, 2)
	if s.Lost != 0 || s.Duplicated != 0 || !s.Sites[1].Serving || s.Sites[0].Serving || s.Region != "seoul" {
		t.Errorf("%+v", s)
	}
}

// A zone dies: the witness holds what the other one lacks, and votes. It never leads itself.
func TestALostZoneLosesNothing(t *testing.T) {
	t.Parallel()
	r := cloud(t)
	eventually(t, "the users write", func() bool { return r.w.State().Acked > 60 })
	// The last messages are on the dying zone and the witness alone.
	r.w.net.setCut("zone-a", "zone-b", true)
	before := r.w.State().Acked
	eventually(t, "they write on with the witness", func() bool { return r.w.State().Acked > before+20 })
	heal := r.inject(SitePower, "zone-a", world.FaultParams{})
	eventually(t, "the power is off", func() bool { return !r.w.State().Sites[0].Power })
	if _, err := r.order("witness", "promote", map[string]any{"epoch": 2}); !errors.Is(err, errWitness) {
		t.Errorf("a witness that leads: %v", err)
	}
	if st := r.site("witness").state(); !st.Witness || st.Serving {
		t.Errorf("the witness says %+v", st)
	}
	r.failOver("zone-b", "witness", 2)
	s := r.settled(before+20, 2)
	if s.Lost != 0 || s.Duplicated != 0 || !s.Sites[1].Serving {
		t.Errorf("%+v", s)
	}
	heal()
	eventually(t, "the zone is back", func() bool { return r.site("zone-a").state().Power })
	heal = r.inject(SitePower, "seoul", world.FaultParams{})
	dark := func() (n int) {
		for _, s := range r.w.State().Sites {
			if !s.Power {
				n++
			}
		}
		return n
	}
	eventually(t, "the whole region is dark", func() bool { return dark() == 3 })
	heal()
	eventually(t, "and lit again", func() bool { return dark() == 0 })
	r.w.Restored(t.Context())
	eventually(t, "the last zone that led serves on", func() bool { return r.w.State().Sites[1].Serving })
}
