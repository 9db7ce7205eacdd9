package facility

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// column is one column of a point list: its headers, what it shows of a point, and the one way to write
// what a person may have written in several.
type column struct {
	name, ko string
	show     func(l *lister, p *Point) string
	canon    func(protocol, text string) (string, error)
}

// columns are those of a written list, in order. A list that is read may have any of them, in any order.
var columns = []column{
	{"id", "포인트", func(_ *lister, p *Point) string { return string(p.ID) }, asWord},
	{"name_ko", "이름(한글)", func(_ *lister, p *Point) string { return p.Name.KO }, asText},
	{"name_en", "이름(영문)", func(_ *lister, p *Point) string { return p.Name.EN }, asText},
	{"asset", "설비", func(_ *lister, p *Point) string { return string(p.Asset) }, asWord},
	{"device", "장치", func(_ *lister, p *Point) string { return string(p.Device) }, asWord},
	{"unit", "단위", func(_ *lister, p *Point) string { return p.Unit }, asWord},
	{"kind", "종류", func(_ *lister, p *Point) string { return p.Kind }, asWord},
	{"low", "최소", func(_ *lister, p *Point) string { return bound(p, 0) }, asNumber},
	{"high", "최대", func(_ *lister, p *Point) string { return bound(p, 1) }, asNumber},
	{"digits", "소수자리", func(_ *lister, p *Point) string { return strconv.Itoa(p.Digits) }, asDigits},
	{"address", "주소", func(_ *lister, p *Point) string { return writeAddress(*p.Def) }, asAddress},
	{"type", "형식", func(_ *lister, p *Point) string { return p.Def.Type }, asWord},
	{"scale", "배율", func(_ *lister, p *Point) string { return writeNumber(cmp.Or(p.Def.Scale, 1)) }, asScale},
	{"offset", "더하기", func(_ *lister, p *Point) string { return writeNumber(p.Def.Offset) }, asNumber},
	{"scan", "수집주기", func(_ *lister, p *Point) string { return writeDuration(p.Scan) }, asDuration},
	{"stale", "만료시간", func(_ *lister, p *Point) string { return writeDuration(p.StaleAfter) }, asDuration},
	{"alarms", "경보한계", (*lister).alarms, asAlarms},
}

// lister is a site with its alarm rules by point.
type lister struct {
	site  *Site
	rules map[Ref][]int
}

func newLister(s *Site) *lister {
	l := &lister{s, map[Ref][]int{}}
	for i, r := range s.Alarms {
		for _, ref := range s.PointsMatching(r.Points) {
			l.rules[ref] = append(l.rules[ref], i)
		}
	}
	return l
}

// alarms lists the rules that watch a point: "inlet-35 high 35 P2; inlet-stale stale P3".
func (l *lister) alarms(p *Point) string {
	var out []string
	for _, i := range l.rules[p.Ref] {
		out = append(out, writeAlarm(l.site.Alarms[i]))
	}
	return strings.Join(out, "; ")
}

// ListOptions say how a point list is written.
type ListOptions struct {
	Mark   bool // begin with a byte order mark, by which spreadsheets know UTF-8
	Korean bool // headers in Korean
}

// WritePoints writes all points of a site as a list, one a line, in the order of their Refs.
func WritePoints(w io.Writer, s *Site, opts ListOptions) error {
	var out bytes.Buffer
	if opts.Mark {
		out.WriteString("\ufeff")
	}
	table := csv.NewWriter(&out)
	row := make([]string, len(columns))
	for i, c := range columns {
		row[i] = c.name
		if opts.Korean {
			row[i] = c.ko
		}
	}
	_ = table.Write(row)
	l := newLister(s)
	for i := range s.Points {
		for k, c := range columns {
			row[k] = guard(c.show(l, &s.Points[i]))
		}
		_ = table.Write(row) // a buffer takes everything
	}
	table.Flush()
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("write the point list: %w", err)
	}
	return nil
}

// guard keeps a spreadsheet from running a text as a formula; unguard takes the guard off again.
func guard(text string) string {
	if isFormula(text) || strings.HasPrefix(text, "'") {
		return "'" + text
	}
	return text
}

func unguard(text string) string {
	if rest, ok := strings.CutPrefix(text, "'"); ok && (isFormula(rest) || strings.HasPrefix(rest, "'")) {
		return rest
	}
	return text
}

// isFormula says whether a spreadsheet would take a text for one. A number or a lone dash is none.
func isFormula(text string) bool {
	if len(text) < 2 || !strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return false
	}
	_, err := strconv.ParseFloat(text, 64)
	return err != nil
}

func writeNumber(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func bound(p *Point, i int) string {
	if len(p.Def.Range) != 2 {
		return ""
	}
	return writeNumber(p.Def.Range[i])
}

// writeAddress writes where a value stands: "fn3 256", "fn3 256 bit 4", "fn3 256 bits 4-6", or
// "topic # path" of a message. Spreadsheets take none of these for a date or a time.
func writeAddress(d PointDef) string {
	if d.Address == nil {
		return strings.TrimSpace(d.Topic + " # " + d.Path)
	}
	out := fmt.Sprintf("fn%d %d", d.Function, *d.Address)
	switch {
	case d.Bit == nil:
	case d.Bits > 1:
		out += fmt.Sprintf(" bits %d-%d", *d.Bit, *d.Bit+d.Bits-1)
	default:
		out += fmt.Sprintf(" bit %d", *d.Bit)
	}
	return out
}

// readAddress is the reverse of writeAddress; what it returns has only the fields of the address.
func readAddress(protocol, text string) (d PointDef, err error) {
	if protocol == "mqtt" {
		topic, path, ok := strings.Cut(text, "#")
		if !ok {
			return d, fmt.Errorf("%q: want TOPIC # PATH; either may be empty", text)
		}
		d.Topic, d.Path = strings.TrimSpace(topic), strings.TrimSpace(path)
		return d, nil
	}
	bad := fmt.Errorf("%q: want fn3 256, fn3 256 bit 4 or fn3 256 bits 4-6 (the function and the zero-based wire address)", text)
	words := strings.Fields(text)
	if len(words) != 2 && len(words) != 4 {
		return d, bad
	}
	fn, ok := strings.CutPrefix(strings.ToLower(words[0]), "fn")
	if d.Function, err = strconv.Atoi(fn); err != nil || !ok {
		return d, bad
	}
	address, err := strconv.ParseInt(words[1], 0, 32)
	if err != nil || octal.MatchString(words[1]) {
		return d, bad
	}
	at := int(address)
	d.Address = &at
	if len(words) == 2 {
		return d, nil
	}
	first, last, many := strings.Cut(words[3], "-")
	from, err := strconv.Atoi(first)
	if err != nil || many != (words[2] == "bits") || (!many && words[2] != "bit") {
		return d, bad
	}
	d.Bit = &from
	if many {
		to, err := strconv.Atoi(last)
		if err != nil || to <= from {
			return d, bad
		}
		d.Bits = to - from + 1
	}
	return d, nil
}

func writeAlarm(r AlarmRule) string {
	limit := " " + writeNumber(r.Limit)
	if r.Kind == "stale" {
		limit = ""
	}
	return fmt.Sprintf("%s %s%s P%d", r.ID, r.Kind, limit, r.Priority)
}
