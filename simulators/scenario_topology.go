package simulators

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"bongsu/facility"
	"bongsu/simulators/world"
)

// Override changes one number of the world's configuration for the time of a scenario: "Cell.CellToCellWK" of the
// whole world, or a field of one asset ("OtherLoadKW" of a zone).
type Override struct {
	Asset string  `yaml:"asset" json:"asset,omitempty"` // empty for the world's own numbers
	Set   string  `yaml:"set" json:"set"`
	To    float64 `yaml:"to" json:"to"`
}

// overridden gives the configuration of a scenario's world; ok is false when an override was at fault.
func (s *Scenario) overridden(cfg world.Config, report facility.Report) (_ world.Config, ok bool) {
	ok = true
	if len(s.Topology) == 0 {
		return cfg, true
	}
	cfg = clonedConfig(cfg)
	for i, o := range s.Topology {
		if err := o.apply(&cfg); err != nil {
			ok = false
			report(fmt.Sprintf("topology[%d]", i), "%v", err)
		}
	}
	if err := cfg.Validate(); ok && err != nil {
		ok = false
		report("topology", "such a world cannot be: %v", err)
	}
	return cfg, ok
}

// clonedConfig copies what an override may change, so that the site's own configuration stays.
func clonedConfig(cfg world.Config) world.Config {
	v := reflect.ValueOf(&cfg).Elem()
	for i := range v.NumField() {
		switch f := v.Field(i); f.Kind() {
		case reflect.Slice:
			f.Set(reflect.AppendSlice(reflect.MakeSlice(f.Type(), 0, f.Len()), f))
		case reflect.Map:
			c := reflect.MakeMap(f.Type())
			for _, k := range f.MapKeys() {
				c.SetMapIndex(k, f.MapIndex(k))
			}
			f.Set(c)
		}
	}
	return cfg
}

var errOverride = errors.New("topology")

func (o *Override) apply(cfg *world.Config) error {
	at := reflect.ValueOf(cfg).Elem()
	if o.Asset != "" {
		found := assetConfigs(at)
		mine, ok := found[o.Asset]
		if !ok {
			return fmt.Errorf("%w: no asset %q has numbers of its own; those that do are %v", errOverride, o.Asset, slices.Sorted(maps.Keys(found)))
		}
		at = mine
	}
	for _, name := range strings.Split(o.Set, ".") {
		next := reflect.Value{}
		if at.Kind() == reflect.Struct {
			next = at.FieldByName(name)
		}
		if !next.IsValid() {
			return fmt.Errorf("%w: %q is no number of the world: %s has %v", errOverride, o.Set, at.Type().Name(), numbersOf(at.Type()))
		}
		at = next
	}
	switch {
	case at.CanFloat():
		at.SetFloat(o.To)
	case at.CanInt() && o.To == float64(int64(o.To)):
		at.SetInt(int64(o.To))
	default:
		return fmt.Errorf("%w: %q is a %s and cannot be %g", errOverride, o.Set, at.Kind(), o.To)
	}
	return nil
}

// assetConfigs finds every element of the configuration's lists by its id.
func assetConfigs(cfg reflect.Value) map[string]reflect.Value {
	out := map[string]reflect.Value{}
	for i := range cfg.NumField() {
		list := cfg.Field(i)
		if list.Kind() != reflect.Slice || list.Type().Elem().Kind() != reflect.Struct {
			continue
		}
		for n := range list.Len() {
			if id := list.Index(n).FieldByName("ID"); id.IsValid() && id.Kind() == reflect.String {
				out[id.String()] = list.Index(n)
			}
		}
	}
	return out
}

func numbersOf(t reflect.Type) (out []string) {
	if t.Kind() != reflect.Struct {
		return nil
	}
	for i := range t.NumField() {
		switch f := t.Field(i); f.Type.Kind() {
		case reflect.Float64, reflect.Int:
			out = append(out, f.Name)
		case reflect.Struct:
			out = append(out, f.Name+".*")
		}
	}
	return out
}
