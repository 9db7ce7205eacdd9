package ui

import (
	"context"
	"slices"
	"strings"
	"time"

	"bongsu/facility"
)

const mostPage = 10_000 // points in one answer, whatever was asked for: more would cost the desk its memory

type pointsIn struct {
	Prefix string   `query:"prefix" doc:"only points whose id begins so"`
	IDs    []string `query:"ids" maxItems:"500" doc:"only these, set apart by commas; one that does not exist is left out"`
	Assets []string `query:"assets" maxItems:"500" doc:"only points of these assets, set apart by commas"`
	Words  string   `query:"words" maxLength:"200" doc:"only points whose id, name or asset's name in either language holds every word"`
	After  string   `query:"after" doc:"only points after this one, in the order of the site file"`
	Limit  int      `query:"limit" minimum:"1" maximum:"200000" default:"10000" doc:"points in this answer, 10,000 at most: what is left comes by next"`
}

func (s *Server) listPoints(_ context.Context, in *pointsIn) (*listOut[pointView], error) {
	m := s.cfg.Model
	site := m.site()
	from := 0
	if in.After != "" {
		ref, ok := site.Ref(facility.PointID(in.After))
		if !ok {
			return nil, unknown("point", in.After)
		}
		from = int(ref) + 1
	}
	wanted := in.wanted(site)
	now, out := time.Now(), list[pointView]{Items: []pointView{}}
	for i := from; i < len(site.points); i++ {
		p := &site.points[i]
		if !wanted(p) {
			continue
		}
		if len(out.Items) == min(in.Limit, mostPage) {
			out.Next = string(out.Items[len(out.Items)-1].ID)
			break
		}
		out.Items = append(out.Items, m.viewPoint(*p, m.live.Sample(p.Ref, now)))
	}
	return &listOut[pointView]{out}, nil
}

// wanted returns whether a point is asked for; a question that is empty asks for every one.
func (in *pointsIn) wanted(site *plan) func(*facility.Point) bool {
	ids, assets := setOf(in.IDs), setOf(in.Assets)
	words := strings.Fields(strings.ToLower(in.Words))
	names := map[facility.AssetID]string{}
	if len(words) > 0 {
		for _, a := range site.Assets {
			names[a.ID] = a.Name.KO + " " + a.Name.EN
		}
	}
	return func(p *facility.Point) bool {
		if !strings.HasPrefix(string(p.ID), in.Prefix) || (ids != nil && !ids[string(p.ID)]) || (assets != nil && !assets[string(p.Asset)]) {
			return false
		}
		if len(words) == 0 {
			return true
		}
		text := strings.ToLower(string(p.ID) + " " + p.Name.KO + " " + p.Name.EN + " " + names[p.Asset])
		return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) })
	}
}

type assetsIn struct {
	IDs   []string `query:"ids" maxItems:"500" doc:"only these, set apart by commas; one that does not exist is left out"`
	Kinds []string `query:"kinds" maxItems:"100" doc:"only assets of these kinds, set apart by commas"`
	After string   `query:"after" doc:"only assets after this one, in the order of the site file"`
	Limit int      `query:"limit" minimum:"1" maximum:"200000" default:"200000"`
}

func (s *Server) listAssets(_ context.Context, in *assetsIn) (*listOut[facility.Asset], error) {
	site := s.cfg.Model.site()
	from := 0
	if in.After != "" {
		from = 1 + slices.IndexFunc(site.Assets, func(a facility.Asset) bool { return string(a.ID) == in.After })
		if from == 0 {
			return nil, unknown("asset", in.After)
		}
	}
	ids, kinds := setOf(in.IDs), setOf(in.Kinds)
	out := list[facility.Asset]{Items: []facility.Asset{}}
	for _, a := range site.Assets[from:] {
		if (ids != nil && !ids[string(a.ID)]) || (kinds != nil && !kinds[a.Kind]) {
			continue
		}
		if len(out.Items) == in.Limit {
			out.Next = string(out.Items[len(out.Items)-1].ID)
			break
		}
		out.Items = append(out.Items, a)
	}
	return &listOut[facility.Asset]{out}, nil
}

// setOf is the set of some texts, nil for none: nothing asked for is no restriction.
func setOf(texts []string) map[string]bool {
	if len(texts) == 0 {
		return nil
	}
	set := make(map[string]bool, len(texts))
	for _, t := range texts {
		set[t] = true
	}
	return set
}
