package facility

import (
	"fmt"
	"slices"
)

// topology checks the words of the supply: a path that is drawn wrongly opens the wrong breaker.
func (c *checker) topology() {
	t := c.site.Topology
	if t == nil {
		return
	}
	beyond := map[AssetID]bool{}
	for i, b := range t.Beyond {
		path := fmt.Sprintf("topology.beyond[%d]", i)
		switch {
		case b.ID == "" || beyond[b.ID]:
			c.d.fault(path, "a supply beyond the site needs an id of its own")
		case c.site.Asset(b.ID) != nil:
			c.d.fault(path+".id", "%q is an asset of the site", b.ID)
		}
		c.bothTongues(path+".name", b.Name)
		beyond[b.ID] = true
	}
	c.hallFeeds(t, beyond)
	c.loadFeeds(t, beyond)
	c.coolingFeeds(t)
	c.breakerMaps(t)
	for i, h := range t.Automatic {
		path := fmt.Sprintf("topology.automatic[%d]", i)
		c.ofKind(path+".for", h.For, "feed", "generator")
		c.pointThere(path+".point", h.Point)
		if len(h.Off) == 0 {
			c.d.fault(path+".off", "say what the point shows while nothing closes by itself")
		}
	}
	for i, h := range t.ByHand {
		path := fmt.Sprintf("topology.by_hand[%d]", i)
		c.ofKind(path+".at", []AssetID{h.At})
		c.bothTongues(path+".place", h.Place)
	}
	c.gauges(t)
	c.servicesOn(t)
}

func (c *checker) hallFeeds(t *Topology, beyond map[AssetID]bool) {
	fed := map[AssetID]bool{}
	for i, h := range t.Halls {
		path := fmt.Sprintf("topology.halls[%d]", i)
		c.ofKind(path+".halls", h.Halls, "it-hall")
		for _, hall := range h.Halls {
			if fed[hall] {
				c.d.fault(path+".halls", "hall %q has its feeds already", hall)
			}
			fed[hall] = true
		}
		for _, zone := range []AssetID{h.A, h.B} {
			if zone != "" && !beyond[zone] {
				c.ofKind(path, []AssetID{zone}, "ups-zone")
			}
		}
		if h.A == "" || h.A == h.B {
			c.d.fault(path, "give a and b, two different zones, or a alone")
		}
	}
}

func (c *checker) loadFeeds(t *Topology, beyond map[AssetID]bool) {
	for i, l := range t.Loads {
		path := fmt.Sprintf("topology.loads[%d]", i)
		if (l.Kind == "") == (len(l.Assets) == 0) {
			c.d.fault(path, "give either assets or a kind")
		}
		if l.Kind != "" && !slices.Contains(assetKinds, l.Kind) {
			c.d.fault(path+".kind", "unknown kind %q", l.Kind)
		}
		if len(l.Assets) > 0 {
			c.ofKind(path+".assets", l.Assets)
		}
		if (len(l.Zones) == 0) == (len(l.InTurn) == 0) {
			c.d.fault(path, "give either zones or in_turn")
		}
		for _, zone := range append(slices.Clone(l.Zones), l.InTurn...) {
			if !beyond[zone] {
				c.ofKind(path, []AssetID{zone}, "site", "ups-zone")
			}
		}
	}
}

func (c *checker) coolingFeeds(t *Topology) {
	for i, f := range t.Cooling {
		path := fmt.Sprintf("topology.cooling[%d]", i)
		switch {
		case (f.Kind == "") == (len(f.Assets) == 0):
			c.d.fault(path, "give either assets or a kind")
		case f.Kind != "" && !slices.Contains(assetKinds, f.Kind):
			c.d.fault(path+".kind", "unknown kind %q", f.Kind)
		case len(f.Assets) > 0:
			c.ofKind(path+".assets", f.Assets)
		}
		if (len(f.Loops) == 0) == (len(f.InTurn) == 0) {
			c.d.fault(path, "give either loops or in_turn")
			continue
		}
		c.ofKind(path, append(slices.Clone(f.Loops), f.InTurn...), "cooling-loop")
	}
}

func (c *checker) breakerMaps(t *Topology) {
	seen := map[string]bool{}
	for i, b := range t.Breakers {
		path := fmt.Sprintf("topology.breakers[%d]", i)
		p := c.site.Profiles[b.Profile]
		if p == nil {
			if !c.incomplete() {
				c.d.fault(path+".profile", "no device of this site has profile %q", b.Profile)
			}
			continue
		}
		if seen[b.Profile] {
			c.d.fault(path+".profile", "profile %q is named twice", b.Profile)
		}
		seen[b.Profile] = true
		if !slices.ContainsFunc(p.Points, func(d PointDef) bool { return d.Name == b.State }) {
			c.d.fault(path+".state", "profile %s has no point %q", b.Profile, b.State)
		}
		if b.Command != "" && !slices.ContainsFunc(p.Commands, func(d CommandDef) bool { return d.Name == b.Command }) {
			c.d.fault(path+".command", "profile %s has no command %q", b.Profile, b.Command)
		}
		if len(b.Open) == 0 || len(b.Closed) == 0 {
			c.d.fault(path, "give what the state shows when open and when closed")
		}
		for _, v := range b.Open {
			if slices.Contains(b.Closed, v) {
				c.d.fault(path, "%g cannot be both open and closed", v)
			}
		}
	}
}

func (c *checker) gauges(t *Topology) {
	for i, b := range t.Batteries {
		path := fmt.Sprintf("topology.batteries[%d]", i)
		c.ofKind(path+".zone", []AssetID{b.Zone}, "ups-zone")
		c.pointThere(path+".minutes", b.Minutes)
		c.pointThere(path+".on", b.On)
		for _, p := range b.With {
			c.pointThere(path+".with", p)
		}
	}
	for i, s := range t.Stores {
		path := fmt.Sprintf("topology.stores[%d]", i)
		c.ofKind(path+".tank", []AssetID{s.Tank}, "tank")
		c.ofKind(path+".zones", s.Zones, "ups-zone")
		if s.VolumeM3 <= 0 {
			c.d.fault(path+".volume_m3", "%g m3: want the tank's volume", s.VolumeM3)
		}
		if s.BelowC <= 0 || s.BelowC > 40 {
			c.d.fault(path+".below_c", "%g degC: want the warmest water that still cools", s.BelowC)
		}
		if len(s.Temperatures) < 2 {
			c.d.fault(path+".temperatures", "give at least two, from the inlet to the outlet")
		}
		for _, p := range append(slices.Clone(s.Temperatures), s.Level, s.Flow, s.Inlet) {
			c.pointThere(path, p)
		}
	}
}

func (c *checker) servicesOn(t *Topology) {
	seen := map[string]bool{}
	for i, s := range t.Services {
		path := fmt.Sprintf("topology.services[%d]", i)
		if s.ID == "" || seen[s.ID] {
			c.d.fault(path, "the service needs an id of its own")
		}
		seen[s.ID] = true
		c.bothTongues(path+".name", s.Name)
		c.ofKind(path+".assets", s.Assets)
		if s.Need < 0 || s.Need > 100 {
			c.d.fault(path+".need", "%g: want 0 to 100 percent", s.Need)
		}
	}
	c.servicesDepend(t.Services)
	rooms := map[string]bool{}
	for i, f := range t.Compartments {
		path := fmt.Sprintf("topology.compartments[%d]", i)
		if f.ID == "" || rooms[f.ID] {
			c.d.fault(path, "the fire compartment needs an id of its own")
		}
		rooms[f.ID] = true
		c.bothTongues(path+".name", f.Name)
		c.ofKind(path+".assets", f.Assets)
	}
}

// servicesDepend checks that every service leans on others that exist, and on itself by no way round.
func (c *checker) servicesDepend(services []StandsOn) {
	on := map[string][]string{}
	for _, s := range services {
		on[s.ID] = s.DependsOn
	}
	var leads func(from, to string, seen map[string]bool) bool
	leads = func(from, to string, seen map[string]bool) bool {
		if seen[from] {
			return false
		}
		seen[from] = true
		return slices.ContainsFunc(on[from], func(next string) bool { return next == to || leads(next, to, seen) })
	}
	for i, s := range services {
		path := fmt.Sprintf("topology.services[%d].depends_on", i)
		for _, other := range s.DependsOn {
			if _, ok := on[other]; !ok {
				c.d.fault(path, "unknown service %q", other)
			}
		}
		if leads(s.ID, s.ID, map[string]bool{}) {
			c.d.fault(path, "%q depends on itself by way of the others", s.ID)
		}
	}
}

// ofKind checks that assets exist and are of one of the kinds, any when none is given.
func (c *checker) ofKind(path string, ids []AssetID, kinds ...string) {
	if len(ids) == 0 {
		c.d.fault(path, "name at least one asset")
	}
	for _, id := range ids {
		a := c.site.Asset(id)
		if a == nil {
			c.d.fault(path, "unknown asset %q", id)
		} else if len(kinds) > 0 && !slices.Contains(kinds, a.Kind) {
			c.d.fault(path, "%q is a %s: want %s", id, a.Kind, orList(kinds))
		}
	}
}

func orList(words []string) string {
	out := words[0]
	for _, w := range words[1:] {
		out += " or " + w
	}
	return out
}

func (c *checker) pointThere(path string, id PointID) {
	if _, ok := c.site.refs[id]; !ok && !c.incomplete() {
		c.d.fault(path, "unknown point %q", id)
	}
}

func (c *checker) bothTongues(path string, t Text) {
	if t.KO == "" || t.EN == "" {
		c.d.fault(path, "give the words in ko and en")
	}
}
