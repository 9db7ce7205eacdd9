package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// benchmark is a Go benchmark that prints lines of the contract.
type benchmark struct {
	dir   string // of its package
	fn    string
	lines []string // names it can print, in order
}

// find looks through the test files below root for the benchmarks that print lines of the contract. A
// benchmark prints what it names in its own text; failing that, what the functions it reaches name.
func find(root string) ([]benchmark, error) {
	dirs := map[string][]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules"):
			return filepath.SkipDir
		case strings.HasSuffix(path, "_test.go"):
			dirs[filepath.Dir(path)] = append(dirs[filepath.Dir(path)], path)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for benchmarks: %w", err)
	}
	var out []benchmark
	for _, dir := range slices.Sorted(maps.Keys(dirs)) {
		found, err := inPackage(dir, dirs[dir])
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

// body is what one declaration names: other declarations and texts.
type body struct {
	uses  map[string]bool
	texts []string
}

func inPackage(dir string, files []string) ([]benchmark, error) {
	bodies := map[string]*body{}
	for _, file := range files {
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("look for benchmarks: %w", err)
		}
		for _, d := range tree.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil {
				continue
			}
			if bodies[f.Name.Name] == nil {
				bodies[f.Name.Name] = &body{uses: map[string]bool{}}
			}
			bodies[f.Name.Name].read(f.Body)
		}
	}
	var out []benchmark
	for _, fn := range slices.Sorted(maps.Keys(bodies)) {
		if !strings.HasPrefix(fn, "Benchmark") {
			continue
		}
		lines := printed(bodies[fn].texts)
		if len(lines) == 0 {
			lines = printed(reached(bodies, fn))
		}
		if len(lines) > 0 {
			out = append(out, benchmark{dir: dir, fn: fn, lines: lines})
		}
	}
	return out, nil
}

func (b *body) read(n ast.Node) {
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			b.uses[n.Name] = true
		case *ast.BasicLit:
			if text, err := strconv.Unquote(n.Value); n.Kind == token.STRING && err == nil {
				b.texts = append(b.texts, text)
			}
		}
		return true
	})
}

// reached gathers the texts of everything a function reaches by name.
func reached(bodies map[string]*body, from string) (texts []string) {
	seen, next := map[string]bool{from: true}, []string{from}
	for len(next) > 0 {
		b := bodies[next[0]]
		next = next[1:]
		texts = append(texts, b.texts...)
		for use := range b.uses {
			if bodies[use] != nil && !seen[use] && !strings.HasPrefix(use, "Benchmark") {
				seen[use] = true
				next = append(next, use)
			}
		}
	}
	return texts
}

// printed are the names of the contract that texts print: a text of its own beside the key "bench", or
// the pair in a text that is a whole line.
func printed(texts []string) (out []string) {
	key := slices.ContainsFunc(texts, func(t string) bool { return t == "bench" || strings.Contains(t, `json:"bench"`) })
	for _, name := range names() {
		if key && slices.Contains(texts, name) || slices.ContainsFunc(texts, func(t string) bool { return strings.Contains(t, `"bench":"`+name+`"`) }) {
			out = append(out, name)
		}
	}
	return out
}
