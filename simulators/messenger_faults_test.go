package simulators

import (
	"errors"
	"log/slog"
	"testing"
)

// Faults of the messenger world are refused where they name nothing.
func TestMessengerFaultsAreChecked(t *testing.T) {
	w, err := newMessenger(messengerConfig(1, 0), "", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		fault Fault
		ok    bool
	}{
		{Fault{Kind: SitePartition, Target: "dc1", Params: FaultParams{Mode: "dc2"}}, true},
		{Fault{Kind: SitePartition, Target: "dc1", Params: FaultParams{Mode: "dc1"}}, false},
		{Fault{Kind: SitePartition, Target: "dc1"}, false},
		{Fault{Kind: SitePower, Target: "dc9"}, false},
		{Fault{Kind: SlowReplication, Target: "dc3", Params: FaultParams{Amount: .5}}, true},
		{Fault{Kind: SlowReplication, Target: "dc3"}, false},
		{Fault{Kind: DNSRefuse, Target: "ns1"}, true},
		{Fault{Kind: DNSFrozen, Target: "ns2"}, true},
		{Fault{Kind: DNSFrozen, Target: "ns1"}, false},
		{Fault{Kind: DNSSilent, Target: "ns7"}, false},
		{Fault{Kind: ChannelDead, Target: "phone", Params: FaultParams{Mode: "silent"}}, true},
		{Fault{Kind: ChannelDead, Target: "pigeon"}, false},
		{Fault{Kind: ChannelDead, Target: "webhook/board"}, true},
		{Fault{Kind: PersonAbsent, Target: "kim"}, true},
		{Fault{Kind: PersonAbsent, Target: "stranger"}, false},
		{Fault{Kind: ConfigDrift, Target: "dc2", Params: FaultParams{Mode: "deploy"}}, true},
		{Fault{Kind: ConfigDrift, Target: "dc2", Params: FaultParams{Mode: "twice"}}, false},
		{Fault{Kind: ConfigDrift, Target: "dc9"}, false},
		{Fault{Kind: DNSRefuse, Target: "ns1", Params: FaultParams{Mode: "updates"}}, true},
		{Fault{Kind: DNSSilent, Target: "ns1", Params: FaultParams{Mode: "updates"}}, false},
		{Fault{Kind: PeopleSilent, Target: "all"}, true},
		{Fault{Kind: PeopleSilent, Target: "kim", Params: FaultParams{Mode: "vote"}}, true},
		{Fault{Kind: PeopleSilent, Target: "kim", Params: FaultParams{Mode: "sulk"}}, false},
		{Fault{Kind: PeopleSilent, Target: "stranger"}, false},
	}
	for _, c := range cases {
		heal, err := w.Inject(c.fault, "w1")
		if (err == nil) != c.ok || err != nil && !errors.Is(err, ErrUnknownAsset) && !errors.Is(err, ErrFaultParams) {
			t.Errorf("%+v: %v", c.fault, err)
		}
		if err == nil {
			heal()
		}
	}
	if _, err := w.Inject(Fault{Kind: "gremlins", Target: "dc1"}, "w1"); !errors.Is(err, ErrUnknownFault) {
		t.Errorf("an unknown kind: %v", err)
	}
	if len(w.net.cut) != 2 || w.net.cut[[2]string{"dc1", "dc2"}] || len(w.inbox.state().Channels) != 0 {
		t.Errorf("left behind: %v, %v", w.net.cut, w.inbox.state().Channels)
	}
}
