package facility

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// baseUnits says what each unit is made of: a factor and powers of base quantities. Active, apparent and
// reactive power are one quantity here, since their ratios are what people write rules about. A unit
// that is not listed is a quantity of its own.
var baseUnits = map[string]measure{
	"-": {factor: 1}, "%": {factor: 0.01}, "ppm": {factor: 1e-6},
	"degC": {1, powers{"temperature": 1}}, "K": {1, powers{"temperature": 1}},
	"V": {1, powers{"V": 1}}, "mV": {1e-3, powers{"V": 1}}, "kV": {1e3, powers{"V": 1}},
	"A": {1, powers{"A": 1}}, "mA": {1e-3, powers{"A": 1}}, "uA": {1e-6, powers{"A": 1}},
	"ohm": {1, powers{"V": 1, "A": -1}}, "kohm": {1e3, powers{"V": 1, "A": -1}},
	"W": {1, powers{"V": 1, "A": 1}}, "kW": {1e3, powers{"V": 1, "A": 1}}, "MW": {1e6, powers{"V": 1, "A": 1}},
	"VA": {1, powers{"V": 1, "A": 1}}, "kVA": {1e3, powers{"V": 1, "A": 1}},
	"var": {1, powers{"V": 1, "A": 1}}, "kvar": {1e3, powers{"V": 1, "A": 1}},
	"Wh": {3600, powers{"V": 1, "A": 1, "s": 1}}, "kWh": {3.6e6, powers{"V": 1, "A": 1, "s": 1}}, "Ah": {3600, powers{"A": 1, "s": 1}},
	"ms": {1e-3, powers{"s": 1}}, "s": {1, powers{"s": 1}}, "min": {60, powers{"s": 1}}, "h": {3600, powers{"s": 1}},
	"Hz": {1, powers{"s": -1}}, "rpm": {1. / 60, powers{"s": -1}},
	"Pa": {1, powers{"Pa": 1}}, "hPa": {100, powers{"Pa": 1}}, "mbar": {100, powers{"Pa": 1}}, "kPa": {1e3, powers{"Pa": 1}}, "bar": {1e5, powers{"Pa": 1}},
	"mm": {1e-3, powers{"m": 1}}, "m": {1, powers{"m": 1}}, "m/s": {1, powers{"m": 1, "s": -1}},
	"L": {1e-3, powers{"m": 3}}, "m3": {1, powers{"m": 3}},
	"L/s": {1e-3, powers{"m": 3, "s": -1}}, "L/min": {1e-3 / 60, powers{"m": 3, "s": -1}}, "m3/h": {1. / 3600, powers{"m": 3, "s": -1}},
	"%/m": {0.01, powers{"m": -1}},
}

// powers are the exponents of base quantities.
type powers map[string]int

// measure is what a number counts: how many base units one of it is.
type measure struct {
	factor float64
	powers powers
}

func measureOf(unit string) measure {
	if m, ok := baseUnits[unit]; ok {
		return m
	}
	return measure{1, powers{unit: 1}}
}

// times multiplies by the other measure raised to a power of 1 or -1.
func (m measure) times(o measure, sign int) measure {
	out := measure{m.factor * math.Pow(o.factor, float64(sign)), powers{}}
	maps.Copy(out.powers, m.powers)
	for name, n := range o.powers {
		if out.powers[name] += sign * n; out.powers[name] == 0 {
			delete(out.powers, name)
		}
	}
	return out
}

func (m measure) sameKind(o measure) bool { return maps.Equal(m.powers, o.powers) }

func (m measure) same(o measure) bool {
	return m.sameKind(o) && math.Abs(m.factor-o.factor) <= 1e-9*math.Abs(m.factor)
}

// String names the unit where one has a name, else writes its parts.
func (m measure) String() string {
	for _, unit := range slices.Sorted(maps.Keys(baseUnits)) {
		if baseUnits[unit].same(m) {
			if unit == "-" {
				return "a plain number"
			}
			return unit
		}
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(m.powers)) {
		part := name
		if n := m.powers[name]; n != 1 {
			part = fmt.Sprintf("%s^%d", name, n)
		}
		parts = append(parts, part)
	}
	if m.factor != 1 {
		parts = append([]string{fmt.Sprintf("%.6g", m.factor)}, parts...)
	}
	return strings.Join(parts, " ")
}
