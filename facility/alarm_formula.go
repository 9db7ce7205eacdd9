package facility

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
)

// formulaKind is what a part of a formula gives.
type formulaKind uint8

const (
	aNumber formulaKind = iota
	aTruth
	aList
)

// measured is one part of a formula: what it gives and in which unit. A number written in the formula
// takes the unit of what it stands beside.
type measured struct {
	measure
	kind    formulaKind
	written bool
	name    string // of the unit, when it is a point's
}

func (m measured) String() string {
	if m.name != "" {
		return m.name
	}
	return m.measure.String()
}

// formula holds the units of a formula together, from the leaves up.
type formula struct {
	units   map[string]string
	factors map[file.Location]float64 // of each convert, by its place
}

func wrong(n ast.Node, format string, args ...any) error {
	return fmt.Errorf("column %d of the expression: %s", n.Location().From+1, fmt.Sprintf(format, args...))
}

func (f *formula) measure(n ast.Node) (measured, error) {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		unit, ok := f.units[n.Value]
		if !ok {
			return measured{}, wrong(n, "unknown name %q: known are %s", n.Value, strings.Join(slices.Sorted(maps.Keys(f.units)), ", "))
		}
		return measured{measure: measureOf(unit), name: unit}, nil
	case *ast.IntegerNode, *ast.FloatNode:
		return measured{measure: measure{factor: 1}, written: true}, nil
	case *ast.BoolNode:
		return measured{kind: aTruth}, nil
	case *ast.UnaryNode:
		return f.unary(n)
	case *ast.BinaryNode:
		return f.binary(n)
	case *ast.ConditionalNode:
		return f.choice(n)
	case *ast.ArrayNode:
		all, err := f.alike(n, n.Nodes)
		all.kind = aList
		return all, err
	case *ast.BuiltinNode:
		return f.function(n)
	case *ast.CallNode:
		return f.call(n)
	}
	return measured{}, wrong(n, "an expression is made of points, numbers, + - * /, comparisons, and, or, not and the functions %s", strings.Join(formulaFunctions, ", "))
}

func (f *formula) number(n ast.Node) (measured, error) {
	m, err := f.measure(n)
	if err == nil && m.kind != aNumber {
		err = wrong(n, "a number is wanted here")
	}
	return m, err
}

func (f *formula) truth(n ast.Node) (measured, error) {
	m, err := f.measure(n)
	if err == nil && m.kind != aTruth {
		err = wrong(n, "a yes or no is wanted here: compare the value, like door == 1")
	}
	return m, err
}

func (f *formula) unary(n *ast.UnaryNode) (measured, error) {
	if n.Operator == "not" || n.Operator == "!" {
		return f.truth(n.Node)
	}
	return f.number(n.Node)
}

func (f *formula) binary(n *ast.BinaryNode) (measured, error) {
	switch n.Operator {
	case "and", "&&", "or", "||":
		if m, err := f.truth(n.Left); err != nil {
			return m, err
		}
		return f.truth(n.Right)
	}
	a, err := f.number(n.Left)
	if err != nil {
		return a, err
	}
	b, err := f.number(n.Right)
	if err != nil {
		return b, err
	}
	switch n.Operator {
	case "<", "<=", ">", ">=", "==", "!=":
		_, err := f.beside(n, a, b)
		return measured{kind: aTruth}, err
	case "+", "-":
		return f.beside(n, a, b)
	case "*":
		return product(a, b, 1), nil
	case "/":
		return product(a, b, -1), nil
	}
	return measured{}, wrong(n, "the operator %q is not known here", n.Operator)
}

// product multiplies or divides. A number written in the formula scales a value and leaves its unit.
func product(a, b measured, sign int) measured {
	switch {
	case b.written:
		return a
	case a.written && sign > 0:
		return b
	}
	return measured{measure: a.measure.times(b.measure, sign)}
}

// beside answers the unit of two values that are added or compared.
func (f *formula) beside(n ast.Node, a, b measured) (measured, error) {
	switch {
	case a.written:
		return b, nil
	case b.written:
		return a, nil
	case a.same(b.measure):
		return a, nil
	case a.sameKind(b.measure):
		return a, wrong(n, `%v and %v differ by a factor: write convert(x, "%v")`, a, b, a)
	}
	return a, wrong(n, "%v and %v cannot be added or compared", a, b)
}

// alike answers the one unit of several values.
func (f *formula) alike(at ast.Node, nodes []ast.Node) (measured, error) {
	if len(nodes) == 0 {
		return measured{}, wrong(at, "the list is empty")
	}
	all, err := f.number(nodes[0])
	for _, n := range nodes[1:] {
		if err != nil {
			return all, err
		}
		var m measured
		if m, err = f.number(n); err == nil {
			all, err = f.beside(n, all, m)
		}
	}
	return all, err
}

func (f *formula) choice(n *ast.ConditionalNode) (measured, error) {
	if m, err := f.truth(n.Cond); err != nil {
		return m, err
	}
	a, err := f.measure(n.Exp1)
	if err != nil {
		return a, err
	}
	b, err := f.measure(n.Exp2)
	switch {
	case err != nil:
		return b, err
	case a.kind != b.kind:
		return b, wrong(n, "both answers of a choice must be of one sort")
	case a.kind == aTruth:
		return a, nil
	}
	return f.beside(n, a, b)
}

func (f *formula) function(n *ast.BuiltinNode) (measured, error) {
	if !slices.Contains(formulaFunctions, n.Name) {
		return measured{}, wrong(n, "unknown function %q: known are %s", n.Name, strings.Join(formulaFunctions, ", "))
	}
	if len(n.Arguments) == 1 {
		if list, ok := n.Arguments[0].(*ast.ArrayNode); ok {
			return f.alike(n, list.Nodes)
		}
	}
	return f.alike(n, n.Arguments)
}

// call knows one function that is none of the language: convert.
func (f *formula) call(n *ast.CallNode) (measured, error) {
	name, ok := n.Callee.(*ast.IdentifierNode)
	if !ok || name.Value != "convert" {
		return measured{}, wrong(n, "unknown function: known are %s and convert", strings.Join(formulaFunctions, ", "))
	}
	if len(n.Arguments) != 2 {
		return measured{}, wrong(n, `convert takes a value and a unit: convert(x, "kW")`)
	}
	unit, ok := n.Arguments[1].(*ast.StringNode)
	if !ok {
		return measured{}, wrong(n, `convert takes a unit in quotes: convert(x, "kW")`)
	}
	from, err := f.number(n.Arguments[0])
	if err != nil {
		return from, err
	}
	to := measureOf(unit.Value)
	if !from.sameKind(to) {
		return from, wrong(n, "%v cannot be converted to %s", from, unit.Value)
	}
	f.factors[n.Location()] = from.factor / to.factor
	return measured{measure: to, name: unit.Value}, nil
}
