package bands

import "testing"

// A set that was opened asks for no time zone any more: the one who judges by it must not wait for a disk.
func TestAnOpenedSetHasItsZones(t *testing.T) {
	s := &Set{Bands: map[string]*Band{"a": {Zone: "Asia/Seoul"}, "b": {Zone: "Asia/Seoul"}, "c": {Zone: "Nowhere/Else"}, "d": nil}}
	s.Open()
	for id, b := range s.Bands {
		if b != nil && b.zone == nil {
			t.Errorf("%s has none", id)
		}
	}
	if s.Bands["a"].zone != s.Bands["b"].zone {
		t.Error("one zone was read twice")
	}
	(*Set)(nil).Open()
}
