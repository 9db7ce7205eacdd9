package messenger

import (
	"errors"
	"log/slog"
	"testing"

	"bongsu/simulators/world"
)

// Faults of the messenger world are refused where they name nothing.
func TestMessengerFaultsAreChecked(t *testing.T) {
	w, err := New(rigConfig(1, 0), "", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		fault world.Fault
		ok    bool
	}{
		{world.Fault{Kind: SitePartition, Target: "dc1", Params: world.FaultParams{Mode: "dc2"}}, true},
		{world.Fault{Kind: SitePartition, Target: "dc1", Params: world.FaultParams{Mode: "dc1"}}, false},
		{world.Fault{Kind: SitePartition, Target: "dc1"}, false},
		{world.Fault{Kind: SitePower, Target: "dc9"}, false},
		{world.Fault{Kind: SlowReplication, Target: "dc3", Params: world.FaultParams{Amount: .5}}, true},
		{world.Fault{Kind: SlowReplication, Target: "dc3"}, false},
		{world.Fault{Kind: DNSRefuse, Target: "ns1"}, true},
		{world.Fault{Kind: DNSFrozen, Target: "ns2"}, true},
		{world.Fault{Kind: DNSFrozen, Target: "ns1"}, false},
		{world.Fault{Kind: DNSSilent, Target: "ns7"}, false},
		{world.Fault{Kind: ChannelDead, Target: "phone", Params: world.FaultParams{Mode: "silent"}}, true},
		{world.Fault{Kind: ChannelDead, Target: "pigeon"}, false},
		{world.Fault{Kind: ChannelDead, Target: "webhook/board"}, true},
		{world.Fault{Kind: PersonAbsent, Target: "kim"}, true},
		{world.Fault{Kind: PersonAbsent, Target: "stranger"}, false},
		{world.Fault{Kind: ConfigDrift, Target: "dc2", Params: world.FaultParams{Mode: "deploy"}}, true},
		{world.Fault{Kind: ConfigDrift, Target: "dc2", Params: world.FaultParams{Mode: "twice"}}, false},
		{world.Fault{Kind: ConfigDrift, Target: "dc9"}, false},
		{world.Fault{Kind: DNSRefuse, Target: "ns1", Params: world.FaultParams{Mode: "updates"}}, true},
		{world.Fault{Kind: DNSSilent, Target: "ns1", Params: world.FaultParams{Mode: "updates"}}, false},
		{world.Fault{Kind: PeopleSilent, Target: "all"}, true},
		{world.Fault{Kind: PeopleSilent, Target: "kim", Params: world.FaultParams{Mode: "vote"}}, true},
		{world.Fault{Kind: PeopleSilent, Target: "kim", Params: world.FaultParams{Mode: "sulk"}}, false},
		{world.Fault{Kind: PeopleSilent, Target: "stranger"}, false},
	}
	for _, c := range cases {
		heal, err := w.Inject(c.fault, "w1")
		if (err == nil) != c.ok || err != nil && !errors.Is(err, world.ErrUnknownAsset) && !errors.Is(err, world.ErrFaultParams) {
			t.Errorf("%+v: %v", c.fault, err)
		}
		if err == nil {
			heal()
		}
	}
	if _, err := w.Inject(world.Fault{Kind: "gremlins", Target: "dc1"}, "w1"); !errors.Is(err, world.ErrUnknownFault) {
		t.Errorf("an unknown kind: %v", err)
	}
	if len(w.net.cut) != 2 || w.net.cut[[2]string{"dc1", "dc2"}] || len(w.inbox.State().Channels) != 0 {
		t.Errorf("left behind: %v, %v", w.net.cut, w.inbox.State().Channels)
	}
}
