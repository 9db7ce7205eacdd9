package facility

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// What no honest file reaches. The parser recurses over nesting and takes time with its square; the
// column bounds how deep blocks can nest in one line.
const (
	maxNesting = 100
	maxColumn  = 10_000
)

var octal = regexp.MustCompile(`^[-+]?0[0-9]`)

// parse turns text into the body of its one document, or reports why it cannot and answers nil.
func (d *decoder) parse(text []byte) (body ast.Node) {
	defer func() {
		// The parser has been seen to panic on hostile input; a bad file must stay a fault.
		if r := recover(); r != nil {
			d.place(1, 1, fmt.Sprintf("not readable as YAML: %v", r))
			body = nil
		}
	}()
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")) // editors on Windows put it there
	if line, col, ok := noText(text); !ok {
		d.place(line, col, "not a text: the file must be UTF-8 without control characters")
		return nil
	}
	tokens := lexer.Tokenize(string(text))
	if pos := tooDeep(tokens); pos != nil {
		d.place(pos.Line, pos.Column, fmt.Sprintf("nested deeper than %d levels or further right than column %d", maxNesting, maxColumn))
		return nil
	}
	f, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		d.syntax(err)
		return nil
	}
	if len(f.Docs) > 1 {
		line := 1
		if start := f.Docs[1].Start; start != nil {
			line = start.Position.Line
		}
		d.place(line, 1, "a second document begins here: the file must hold exactly one")
		return nil
	}
	if len(f.Docs) == 0 || f.Docs[0].Body == nil {
		d.place(1, 1, "the file is empty")
		return nil
	}
	return f.Docs[0].Body
}

// noText finds the first byte that cannot stand in a text file.
func noText(text []byte) (line, col int, ok bool) {
	line, col = 1, 1
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		switch {
		case r == utf8.RuneError && size == 1, r < ' ' && r != '\t' && r != '\n' && r != '\r', r == 0x7f:
			return line, col, false
		case r == '\n':
			line, col = line+1, 0
		}
		i += size
		col++
	}
	return 0, 0, true
}

func tooDeep(tokens token.Tokens) *token.Position {
	depth := 0
	for _, tk := range tokens {
		switch tk.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		}
		if depth > maxNesting || tk.Position.Column > maxColumn {
			return tk.Position
		}
	}
	return nil
}

// syntax keeps the parser's own position: its message starts with [line:col].
func (d *decoder) syntax(err error) {
	text, line, col := err.Error(), 1, 1
	if n, _ := fmt.Sscanf(text, "[%d:%d]", &line, &col); n == 2 {
		_, text, _ = strings.Cut(text, "] ")
	}
	text, _, _ = strings.Cut(text, "\n")
	d.place(line, col, text)
}

func (d *decoder) place(line, col int, text string) {
	d.faults = append(d.faults, Fault{File: d.file, Line: line, Col: col, Text: text})
}
