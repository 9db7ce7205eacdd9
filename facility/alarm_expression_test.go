package facility

import (
	"math"
	"strings"
	"testing"
)

var formulaUnits = map[string]string{"supply": "degC", "back": "degC", "flow": "m3/h", "it": "kW", "meter": "W", "volts": "V", "amps": "A", "door": "-", "hum": "%", "odd": "furlong"}

func TestFormulaGivesWhatItSays(t *testing.T) {
	values := map[string]float64{"supply": 7, "back": 13, "flow": 20, "it": 300, "meter": 250_000, "volts": 400, "amps": 10, "door": 1, "hum": 40, "odd": 0}
	var m ExpressionMachine
	for text, want := range map[string]float64{
		"back - supply": 6, "abs(supply - back)": 6, "mean([supply, back])": 10, "max(supply, back, 9)": 13,
		"convert(meter, 'kW') / it": 250. / 300, "volts * amps - meter": 4000 - 250_000, "(supply + back) / 2": 10,
		"door == 1 ? back : supply": 13, "back > supply and not (door == 0)": 1, "it > convert(meter, 'kW')": 1,
		"convert(it - convert(meter, 'kW'), 'W')": 50_000, "-supply": -7, "median([supply, back, 9])": 9, "supply > 3": 1, "3 > supply": 0,
		"round(3.6 * back)": 47,
	} {
		x, err := CompileExpression(text, formulaUnits)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		var names []string
		var in []float64
		for name, v := range values {
			names, in = append(names, name), append(in, v)
		}
		got, holds, ok := m.Run(x, names, in)
		if !ok || math.Abs(got-want) > 1e-9 || x.Decides() && holds != (want == 1) {
			t.Errorf("%s is %v %v %v, want %v", text, got, holds, ok, want)
		}
	}
}

func TestFormulaThatMixesUnitsIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"supply + it":             "column 8 of the expression: degC and kW cannot be added or compared",
		"it > meter":              `kW and W differ by a factor: write convert(x, "kW")`,
		"max(supply, flow)":       "degC and m3/h cannot",
		"[supply, back]":          "the expression gives a list",
		"volts * amps > supply":   "VA and degC cannot",
		"supply ? 1 : 2":          "a yes or no is wanted here",
		"supply and back":         "a yes or no is wanted here",
		"nobody > 3":              `unknown name "nobody": known are amps, back`,
		"supply +":                "unexpected token EOF",
		"len([1])":                `unknown function "len"`,
		"convert(supply, 'kW')":   "degC cannot be converted to kW",
		"convert(supply)":         "convert takes a value and a unit",
		"odd > supply":            "furlong and degC cannot",
		"supply ^ 2":              "is not known here",
		"door == 1 ? it : supply": "kW and degC cannot",
		"(supply > 3) + 1":        "a number is wanted here",
		"filter([1], # > 0)":      "unknown function",
		"hum > supply / back":     "differ by a factor",
		"'text' == supply":        "an expression is made of",
		"open('file')":            "unknown function",
		"supply" + strings.Repeat("+ supply", 150): "exceeds maximum",
	} {
		if _, err := CompileExpression(text, formulaUnits); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: got %v, want %q", text, err, want)
		}
	}
}

// What cannot be computed is no number, and above all not zero.
func TestDivisionByNothingIsNoNumber(t *testing.T) {
	var m ExpressionMachine
	for _, text := range []string{"supply / odd", "odd / odd", "1 / odd"} {
		x, err := CompileExpression(text, formulaUnits)
		if err != nil {
			t.Fatal(err)
		}
		if v, _, ok := m.Run(x, []string{"supply", "odd"}, []float64{5, 0}); ok {
			t.Errorf("%s is %v", text, v)
		}
	}
}

func FuzzFormula(f *testing.F) {
	for _, text := range []string{"supply + back > 3", "convert(meter, 'kW') / it", "max([supply, back])", "door == 1 ? it : 3", "((", "a.b", "let x = 1; x"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		x, err := CompileExpression(text, formulaUnits)
		if err != nil {
			return
		}
		var m ExpressionMachine
		var names []string
		for name := range formulaUnits {
			names = append(names, name)
		}
		if v, _, ok := m.Run(x, names, make([]float64, len(names))); ok && (math.IsNaN(v) || math.IsInf(v, 0)) {
			t.Errorf("%q gives %v", text, v)
		}
	})
}
