package facility

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// cell is one filled cell of a point list, written the one way.
type cell struct {
	text string
	at   Fault // where it stands, to be filled with what is wrong
}

// listRow is one line of a point list: its filled cells by column. An empty cell says nothing.
type listRow struct {
	id    string
	cells map[string]cell
}

// listReader reads a point list and gathers what is wrong with it.
type listReader struct {
	file   string
	lines  []string
	table  *csv.Reader
	faults Faults
}

// readList reads the text of a list. Cells are brought to the one way of writing; protocol tells what an
// address means for the point of an id.
func readList(file string, text []byte, protocol func(id string) string) ([]listRow, Faults) {
	r := &listReader{file: file}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if line, col, ok := noText(text); !ok {
		r.say(line, col, "", "not UTF-8: save the list as CSV UTF-8")
		return nil, r.faults
	}
	r.lines = strings.Split(string(text), "\n")
	r.table = csv.NewReader(bytes.NewReader(text))
	r.table.FieldsPerRecord = -1
	r.table.Comma = separator(r.lines[0])
	header, err := r.table.Read()
	if err != nil {
		r.broken(err)
		return nil, r.faults
	}
	order := r.header(header)
	if r.faults != nil {
		return nil, r.faults
	}
	var rows []listRow
	seen := map[string]int{}
	for {
		record, err := r.table.Read()
		if errors.Is(err, io.EOF) {
			return rows, r.faults
		}
		if err != nil {
			r.broken(err)
			return rows, r.faults
		}
		if row, ok := r.row(order, record, protocol); ok {
			if first := seen[row.id]; first > 0 {
				r.say(row.cells["id"].at.Line, row.cells["id"].at.Col, row.cells["id"].at.Path, fmt.Sprintf("point %s stands in line %d already", row.id, first))
			}
			seen[row.id] = row.cells["id"].at.Line
			rows = append(rows, row)
		}
	}
}

// separator is what stands between the cells: spreadsheets of some countries write semicolons or tabs.
func separator(header string) rune {
	best := ','
	for _, c := range ";\t" {
		if strings.Count(header, string(c)) > strings.Count(header, string(best)) {
			best = c
		}
	}
	return best
}

func (r *listReader) say(line, col int, path, text string) {
	r.faults = append(r.faults, Fault{File: r.file, Line: line, Col: col, Path: path, Text: text})
}

func (r *listReader) broken(err error) {
	var bad *csv.ParseError
	switch {
	case errors.As(err, &bad):
		r.say(bad.Line, max(bad.Column, 1), "", "not readable as CSV: "+bad.Err.Error())
	case errors.Is(err, io.EOF):
		r.say(1, 1, "", "the list is empty: want a line of headers")
	default:
		r.say(1, 1, "", err.Error())
	}
}

// place names the i-th field of the current record as line, column and cell of the sheet.
func (r *listReader) place(i int) Fault {
	line, col := r.table.FieldPos(i)
	if text := r.lines[line-1]; col-1 <= len(text) {
		col = utf8.RuneCountInString(text[:col-1]) + 1
	}
	name := ""
	for n := i; n >= 0; n = n/26 - 1 {
		name = string(rune('A'+n%26)) + name
	}
	return Fault{File: r.file, Line: line, Col: col, Path: fmt.Sprintf("%s%d", name, line)}
}

// header finds the columns of the list, in either language.
func (r *listReader) header(record []string) []column {
	var out []column
	var known []string
	for _, c := range columns {
		known = append(known, c.name)
	}
	seen := map[string]bool{}
	for i, field := range record {
		at := r.place(i)
		var found column
		for _, c := range columns {
			if h := strings.ToLower(strings.TrimSpace(field)); h == c.name || h == c.ko {
				found = c
			}
		}
		if found.name == "" {
			r.say(at.Line, at.Col, at.Path, fmt.Sprintf("unknown column %q; known: %s", field, strings.Join(known, ", ")))
		} else if seen[found.name] {
			r.say(at.Line, at.Col, at.Path, fmt.Sprintf("column %s is there twice", found.name))
		}
		seen[found.name] = true
		out = append(out, found)
	}
	if !seen["id"] {
		r.say(1, 1, "", "the list has no column id")
	}
	return out
}

func (r *listReader) row(order []column, record []string, protocol func(string) string) (listRow, bool) {
	row := listRow{cells: map[string]cell{}}
	if strings.TrimSpace(strings.Join(record, "")) == "" {
		return row, false // spreadsheets leave empty lines at the end
	}
	if len(record) != len(order) {
		at := r.place(0)
		r.say(at.Line, at.Col, "", fmt.Sprintf("%d cells under %d headers", len(record), len(order)))
		return row, false
	}
	for i, c := range order {
		if c.name == "id" {
			row.id = strings.TrimSpace(record[i])
		}
	}
	ok := true
	for i, c := range order {
		at := r.place(i)
		if strings.TrimSpace(record[i]) == "" {
			if c.name == "id" {
				r.say(at.Line, at.Col, at.Path, "the line has no id")
				ok = false
			}
			continue
		}
		text, err := c.canon(protocol(row.id), unguard(record[i]))
		if err != nil {
			r.say(at.Line, at.Col, at.Path, fmt.Sprintf("%s: %v", c.name, err))
			continue
		}
		row.cells[c.name] = cell{text, at}
	}
	return row, ok
}

func asText(_, text string) (string, error) { return text, nil }

func asWord(_, text string) (string, error) { return strings.TrimSpace(text), nil }

func asNumber(_, text string) (string, error) {
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return "", fmt.Errorf("%q is no number", text)
	}
	return writeNumber(v), nil
}

func asScale(protocol, text string) (string, error) {
	out, err := asNumber(protocol, text)
	if err == nil && (out == "0" || out == "-0") {
		return "", errors.New("a scale of 0 leaves nothing of the value")
	}
	return out, err
}

func asDigits(_, text string) (string, error) {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || n < 0 || n > 9 {
		return "", fmt.Errorf("%q: want 0 to 9 decimals", text)
	}
	return strconv.Itoa(n), nil
}

func asDuration(_, text string) (string, error) {
	d, err := time.ParseDuration(strings.TrimSpace(text))
	if err != nil || d <= 0 {
		return "", fmt.Errorf("%q is no duration; write it like 500ms, 1s or 5m", text)
	}
	return writeDuration(d), nil
}

func asAddress(protocol, text string) (string, error) {
	d, err := readAddress(protocol, strings.TrimSpace(text))
	if err != nil {
		return "", err
	}
	return writeAddress(d), nil
}

func asAlarms(_, text string) (string, error) {
	var out []string
	for one := range strings.SplitSeq(text, ";") {
		if strings.TrimSpace(one) == "" {
			continue
		}
		r, err := readAlarm(one)
		if err != nil {
			return "", err
		}
		out = append(out, writeAlarm(r))
	}
	return strings.Join(out, "; "), nil
}

// readAlarm is the reverse of writeAlarm.
func readAlarm(text string) (r AlarmRule, err error) {
	bad := fmt.Errorf("%q: want RULE KIND LIMIT PRIORITY, like inlet-35 high 35 P2", strings.TrimSpace(text))
	words := strings.Fields(text)
	if len(words) < 3 || len(words) > 4 {
		return r, bad
	}
	r.ID, r.Kind = words[0], words[1]
	if (r.Kind == "stale") != (len(words) == 3) {
		return r, bad
	}
	if len(words) == 4 {
		if r.Limit, err = strconv.ParseFloat(words[2], 64); err != nil {
			return r, bad
		}
	}
	priority, ok := strings.CutPrefix(strings.ToUpper(words[len(words)-1]), "P")
	if r.Priority, err = strconv.Atoi(priority); err != nil || !ok {
		return r, bad
	}
	return r, nil
}
