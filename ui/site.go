package ui

import (
	"context"

	"bongsu/facility"
)

// list is how the API answers several things at once.
type list[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" doc:"send it as after to get what follows; absent at the end"`
}

type listOut[T any] struct{ Body list[T] }

func all[T any](items []T) *listOut[T] { return &listOut[T]{list[T]{Items: listed(items)}} }

// ByID is the id in a call's path.
type ByID struct {
	ID string `path:"id" doc:"slashes in it may be plain or percent-encoded"`
}

type siteView struct {
	ID       string        `json:"id"`
	Name     facility.Text `json:"name"`
	Timezone string        `json:"timezone"`
	Revision string        `json:"revision" doc:"of the site this node's desk shows"`
	Field    string        `json:"field_revision" doc:"of the site the field works by; empty before it was heard"`
	Node     string        `json:"node"`
	Build    string        `json:"build"`
	Demo     bool          `json:"demo" doc:"accounts with a published password exist"`
	Drill    bool          `json:"drill"`
	Lang     string        `json:"lang"`

	Continuity bool     `json:"continuity" doc:"this site takes part in the organisation of all sites"`
	Simulator  bool     `json:"simulator" doc:"its devices are played by a simulator that this node can reach"`
	Rooms      []string `json:"rooms" doc:"ids of the fire response's rooms, in the order of the site file"`
}

func (s *Server) getSite(context.Context, *struct{}) (*struct{ Body siteView }, error) {
	site := s.cfg.Model.site()
	field, _ := s.cfg.Model.fieldStatus()
	return &struct{ Body siteView }{siteView{
		Field: field.Revision, ID: site.ID, Name: site.Name, Timezone: site.Timezone, Revision: site.Revision, Node: s.cfg.Node,
		Build: s.cfg.Build, Demo: site.Demo, Drill: s.cfg.Model.drill(), Lang: s.cfg.Lang,
		Continuity: s.cfg.Continuity != nil, Simulator: s.simulator != nil, Rooms: fireRooms(site.Site),
	}}, nil
}

func fireRooms(site *facility.Site) []string {
	ids := []string{}
	if site.Fire != nil {
		for _, r := range site.Fire.Rooms {
			ids = append(ids, r.ID)
		}
	}
	return ids
}

func (s *Server) getAsset(_ context.Context, in *ByID) (*struct{ Body facility.Asset }, error) {
	a := s.cfg.Model.site().Asset(facility.AssetID(in.ID))
	if a == nil {
		return nil, unknown("asset", in.ID)
	}
	return &struct{ Body facility.Asset }{*a}, nil
}
