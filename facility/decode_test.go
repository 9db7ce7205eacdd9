package facility

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// The quirks of YAML that people meet when they write site files by hand.
func TestValuesAsPeopleWriteThem(t *testing.T) {
	type target struct {
		Text   string         `yaml:"text"`
		Number int            `yaml:"number"`
		Ratio  float64        `yaml:"ratio"`
		Yes    bool           `yaml:"yes"`
		Wait   time.Duration  `yaml:"wait"`
		Names  map[int]string `yaml:"names"`
		Pair   [2]int         `yaml:"pair"`
		Spot   *int           `yaml:"spot"`
		Text2  Text           `yaml:"words"`
	}
	five := 5
	for name, tt := range map[string]struct {
		yaml string
		want target
	}{
		"a number for a text":            {"text: 5", target{Text: "5"}},
		"a quoted number for a text":     {`text: "5"`, target{Text: "5"}},
		"a quoted number for a number":   {`number: "5"`, target{Number: 5}},
		"an address in hex":              {"number: 0x9C40", target{Number: 40000}},
		"a negative number":              {"number: -3", target{Number: -3}},
		"a whole number for a ratio":     {"ratio: 2", target{Ratio: 2}},
		"an exponent":                    {"ratio: 1.5e3", target{Ratio: 1500}},
		"a truth":                        {"yes: true", target{Yes: true}},
		"a duration":                     {"wait: 1m30s", target{Wait: 90 * time.Second}},
		"numbers as keys":                {"names: {0: off, 1: on}", target{Names: map[int]string{0: "off", 1: "on"}}},
		"an array":                       {"pair: [3, 4]", target{Pair: [2]int{3, 4}}},
		"a pointer":                      {"spot: 5", target{Spot: &five}},
		"nothing after a key":            {"text:\nspot:\nnumber: 1", target{Number: 1}},
		"null":                           {"spot: null\nnumber: ~", target{}},
		"a block of lines":               {"text: |\n  one\n  two\nnumber: 1", target{Text: "one\ntwo\n", Number: 1}},
		"a folded text":                  {"text: >-\n  one\n  two\n", target{Text: "one two"}},
		"an escape":                      {`text: "tab\there"`, target{Text: "tab\there"}},
		"a tag":                          {"number: !!int 5", target{Number: 5}},
		"an anchor without use":          {"number: &five 5", target{Number: 5}},
		"a byte order mark":              {"\ufeffnumber: 5", target{Number: 5}},
		"line ends of Windows":           {"number: 5\r\ntext: x\r\n", target{Number: 5, Text: "x"}},
		"comments":                       {"# first\nnumber: 5 # five\n# last", target{Number: 5}},
		"braces that are no variable":    {`text: "{value} {n}"`, target{Text: "{value} {n}"}},
		"a document start":               {"---\nnumber: 5\n", target{Number: 5}},
		"nothing in a mapping of two":    {"words: {}", target{}},
		"a text that looks like a truth": {"text: yes", target{Text: "yes"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got target
			if d := decodeFile("f", []byte(tt.yaml), &got); d.faults != nil {
				t.Fatalf("faults: %v", d.faults)
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestEntriesRepeatInsideEachOther(t *testing.T) {
	type leaf struct {
		Name string `yaml:"name"`
	}
	type node struct {
		ID     string `yaml:"id"`
		Leaves []leaf `yaml:"leaves"`
	}
	var got struct {
		Nodes []node `yaml:"nodes"`
	}
	text := `
nodes:
  - {id: first}
  - each: {n: 9-10}
    id: "n{n}"
    leaves:
      - {each: {m: 0-1}, name: "{n}.{m}.{k}"}
      - {name: "last of {n}"}
  - {each: {a: 1-2, b: 8-9}, id: "{a}/{b}", leaves: [{name: "20{a}{b+10}"}]}
  - {each: {n: 1-2, s: a-b}, id: "{s}{n}", leaves: [{name: "{s+1}"}]}
  - {id: "plain {n}"}
`
	if d := decodeFile("f", []byte(text), &got); d.faults != nil {
		t.Fatal(d.faults)
	}
	want := []node{
		{ID: "first"},
		{ID: "n9", Leaves: []leaf{{"9.0.{k}"}, {"9.1.{k}"}, {"last of 9"}}},
		{ID: "n10", Leaves: []leaf{{"10.0.{k}"}, {"10.1.{k}"}, {"last of 10"}}},
		{ID: "1/8", Leaves: []leaf{{"20118"}}}, {ID: "1/9", Leaves: []leaf{{"20119"}}},
		{ID: "2/8", Leaves: []leaf{{"20218"}}}, {ID: "2/9", Leaves: []leaf{{"20219"}}},
		{ID: "a1", Leaves: []leaf{{"{s+1}"}}}, {ID: "b1", Leaves: []leaf{{"{s+1}"}}},
		{ID: "a2", Leaves: []leaf{{"{s+1}"}}}, {ID: "b2", Leaves: []leaf{{"{s+1}"}}},
		{ID: "plain {n}"},
	}
	if !reflect.DeepEqual(got.Nodes, want) {
		t.Errorf("got %+v", got.Nodes)
	}
}

// Ranges inside ranges multiply; the file is refused before it takes the memory.
func TestNestedRangesAreBounded(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "site.yaml")
	for _, text := range []string{
		"id: x\ndevices:\n  - each: {a: 1-1000}\n    id: \"{a}\"\n    points:\n      - {each: {b: 1-100000}, name: \"{b}\"}\n",
		"id: x\nassets:\n  - {each: {a: 1-999999, b: 1-999999, c: 1-999999, d: 1-999999}, id: \"{a}/{b}\", kind: site}\n",
	} {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		site, faults := Load(file)
		if site != nil || len(faults) != 1 || !strings.Contains(faults[0].Text, "expands to more than") {
			t.Fatalf("got %v", faults)
		}
		t.Logf("refused after %v", time.Since(began))
	}
}

// Whatever a file holds, the loader answers with a site or with faults that name a place in it.
func FuzzLoad(f *testing.F) {
	for _, pattern := range []string{"testdata/faulty/*.yaml", "testdata/whole/*.yaml"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			if text, err := os.ReadFile(file); err == nil && len(text) < 4000 {
				f.Add(text)
			}
		}
	}
	for _, text := range []string{
		"&a [*a, *a]", "? ? ? x\n", "<<: {id: x}", "id: !!binary x", "name: !!map", "assets: [&a {each: &b {n: 1-2}, id: *a}]",
		"%YAML 1.2\n---\nid: x", "id: |\n", "id: >+\n\n", "- - - -", "{{{{", "id: 'it''s'", "assets:\n- each: {? n : 1-2}", "a: &", "*", "!",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		site := &Site{Profiles: map[string]*Profile{}}
		d := newDecoder("f")
		d.budget = 500
		d.decode(text, site)
		if !d.broken {
			c := &checker{site: site, d: d, profiles: map[string]*decoder{}}
			c.check()
		}
		lines := strings.Count(string(text), "\n") + strings.Count(string(text), "\r") + 1
		for _, fault := range d.faults {
			if fault.Line < 1 || fault.Col < 1 || fault.Line > lines+1 || fault.Text == "" {
				t.Errorf("no place to go to: %+v", fault)
			}
		}
	})
}
