package facility

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"unicode"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"
)

// Expression is a compiled formula over points. It is safe to share; each reader brings its own machine.
type Expression struct {
	program *vm.Program
	names   []string
	decides bool
}

// ExpressionMachine runs expressions one after the other without taking memory for each. It is not safe
// for concurrent use.
type ExpressionMachine struct {
	vm  vm.VM
	env map[string]float64
}

// formulaFunctions are the functions a formula may use: all leave the unit of their arguments as it is.
var formulaFunctions = []string{"abs", "min", "max", "mean", "median", "sum", "round", "floor", "ceil"}

// formulaNodes bounds the size of a formula: it runs at every sample.
const formulaNodes = 200

// CompileExpression compiles a formula over names with their units and holds the units together: what is
// added or compared must be counted in the same one, convert(x, "kW") changes a unit into another of its
// kind. The error is for whoever wrote the formula.
func CompileExpression(text string, units map[string]string) (*Expression, error) {
	tree, err := parser.Parse(text)
	if err != nil {
		return nil, toldBriefly(err)
	}
	f := formula{units: units, factors: map[file.Location]float64{}}
	whole, err := f.measure(tree.Node)
	if err != nil {
		return nil, err
	}
	if whole.kind == aList {
		return nil, errors.New("the expression gives a list: want a number or a yes or no")
	}
	x := &Expression{decides: whole.kind == aTruth}
	env := map[string]float64{}
	for name := range units {
		env[name] = 0
		x.names = append(x.names, name)
	}
	slices.Sort(x.names)
	options := []expr.Option{expr.Env(env), expr.DisableAllBuiltins(), expr.MaxNodes(formulaNodes), expr.Patch(&converter{f.factors})}
	for _, name := range formulaFunctions {
		options = append(options, expr.EnableBuiltin(name))
	}
	if x.decides {
		options = append(options, expr.AsBool())
	} else {
		options = append(options, expr.AsFloat64())
	}
	if x.program, err = expr.Compile(text, options...); err != nil {
		return nil, toldBriefly(err)
	}
	return x, nil
}

// toldBriefly leaves the picture of the formula out of an error: the place is enough in a list of faults.
func toldBriefly(err error) error {
	var fe *file.Error
	if errors.As(err, &fe) {
		return fmt.Errorf("column %d of the expression: %s", fe.Column+1, fe.Message)
	}
	return err
}

func expressionName(name string) bool {
	for i, c := range name {
		if c != '_' && !unicode.IsLetter(c) && (i == 0 || !unicode.IsDigit(c)) {
			return false
		}
	}
	return name != "" && !slices.Contains(formulaFunctions, name)
}

// Decides says whether the formula answers yes or no; else it gives a number.
func (x *Expression) Decides() bool { return x.decides }

// Run evaluates a formula over values in the order of names. Holds is its answer, value the number it
// gives (1 or 0 for an answer); false when it gives no number at all, as after a division by zero.
func (m *ExpressionMachine) Run(x *Expression, names []string, values []float64) (value float64, holds, ok bool) {
	if m.env == nil {
		m.env = map[string]float64{}
	}
	clear(m.env)
	for i, name := range names {
		m.env[name] = values[i]
	}
	out, err := m.vm.Run(x.program, m.env)
	if err != nil {
		return 0, false, false
	}
	switch v := out.(type) {
	case bool:
		if v {
			return 1, true, true
		}
		return 0, false, true
	case float64:
		return v, false, !math.IsNaN(v) && !math.IsInf(v, 0)
	}
	return 0, false, false
}

// converter puts the factor in the place of convert(x, "unit").
type converter struct{ factors map[file.Location]float64 }

// Visit implements ast.Visitor.
func (c *converter) Visit(node *ast.Node) {
	call, ok := (*node).(*ast.CallNode)
	if !ok || len(call.Arguments) != 2 {
		return
	}
	if factor, ok := c.factors[call.Location()]; ok {
		ast.Patch(node, &ast.BinaryNode{Operator: "*", Left: call.Arguments[0], Right: &ast.FloatNode{Value: factor}})
	}
}
