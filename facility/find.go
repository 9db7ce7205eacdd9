package facility

import "strings"

// pointWord is one word at its place in the ids of so many words.
type pointWord struct {
	words, place int
	word         string
}

// index makes finding by id independent of the size of the site. Of two things with one id, which is
// a fault, the first is found.
func (s *Site) index() {
	s.devices = make(map[DeviceID]*Device, len(s.Devices))
	for i := len(s.Devices) - 1; i >= 0; i-- {
		s.devices[s.Devices[i].ID] = &s.Devices[i]
	}
	s.links = make(map[string]*Link, len(s.Links))
	for i := len(s.Links) - 1; i >= 0; i-- {
		s.links[s.Links[i].ID] = &s.Links[i]
	}
	s.assets = make(map[AssetID]*Asset, len(s.Assets))
	for i := len(s.Assets) - 1; i >= 0; i-- {
		s.assets[s.Assets[i].ID] = &s.Assets[i]
	}
}

// indexPoints keeps for each word of the ids which points have it there, for patterns.
func (s *Site) indexPoints() {
	s.words = map[pointWord][]Ref{}
	for i := range s.Points {
		id := string(s.Points[i].ID)
		at := pointWord{words: strings.Count(id, "/") + 1}
		for word := range strings.SplitSeq(id, "/") {
			at.word = word
			s.words[at] = append(s.words[at], Ref(i))
			at.place++
		}
	}
}

// Ref finds a point by its id.
func (s *Site) Ref(id PointID) (Ref, bool) { r, ok := s.refs[id]; return r, ok }

// Device finds a device by its id, nil if there is none.
func (s *Site) Device(id DeviceID) *Device {
	return find(s.devices, s.Devices, id, func(d *Device) DeviceID { return d.ID })
}

// Link finds a link by its id, nil if there is none.
func (s *Site) Link(id string) *Link {
	return find(s.links, s.Links, id, func(l *Link) string { return l.ID })
}

// Asset finds an asset by its id, nil if there is none.
func (s *Site) Asset(id AssetID) *Asset {
	return find(s.assets, s.Assets, id, func(a *Asset) AssetID { return a.ID })
}

// find looks into the index that Load made, or through the list of a site put together in code.
func find[K comparable, T any](index map[K]*T, all []T, id K, key func(*T) K) *T {
	if index != nil {
		return index[id]
	}
	for i := range all {
		if key(&all[i]) == id {
			return &all[i]
		}
	}
	return nil
}

// PointsMatching lists, in the order of their Refs, the points whose id matches a pattern of
// slash-separated words, in which "*" stands for any one word.
func (s *Site) PointsMatching(pattern string) []Ref {
	if ref, ok := s.refs[PointID(pattern)]; ok {
		return []Ref{ref}
	}
	want := strings.Split(pattern, "/")
	var rarest []Ref
	literal := false
	for place, word := range want {
		if word == "*" {
			continue
		}
		have := s.words[pointWord{words: len(want), place: place, word: word}]
		if !literal || len(have) < len(rarest) {
			literal, rarest = true, have
		}
	}
	var out []Ref
	if !literal || s.words == nil {
		for i := range s.Points {
			if matches(string(s.Points[i].ID), want) {
				out = append(out, Ref(i))
			}
		}
		return out
	}
	for _, ref := range rarest {
		if matches(string(s.Points[ref].ID), want) {
			out = append(out, ref)
		}
	}
	return out
}

func matches(id string, want []string) bool {
	if strings.Count(id, "/")+1 != len(want) {
		return false
	}
	for _, w := range want {
		var have string
		have, id, _ = strings.Cut(id, "/")
		if w != "*" && w != have {
			return false
		}
	}
	return true
}
