package facility

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func written(t testing.TB, s *Site, opts ListOptions) string {
	t.Helper()
	var out bytes.Buffer
	if err := WritePoints(&out, s, opts); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestAWrittenListChangesNothingWhenItIsReadAgain(t *testing.T) {
	for _, file := range []string{demoFile, "testdata/whole/site.yaml", "testdata/whole/lines.yaml", plant(t, townFiles())} {
		site := load(t, file)
		for _, opts := range []ListOptions{{}, {Mark: true}, {Mark: true, Korean: true}} {
			list := written(t, site, opts)
			if n := strings.Count(list, "\n"); n != len(site.Points)+1 {
				t.Fatalf("%s: %d lines for %d points", file, n, len(site.Points))
			}
			plan, faults := PlanImport(site, "list.csv", []byte(list))
			if plan == nil || len(plan.Files) != 0 || len(plan.Changes) != 0 {
				t.Errorf("%s %+v: %+v, %v", file, opts, plan, faults)
			}
		}
	}
}

func TestAListShowsWhatEngineersLookFor(t *testing.T) {
	list := written(t, edited(t), ListOptions{})
	for _, want := range []string{
		"id,name_ko,name_en,asset,device,unit,kind,low,high,digits,address,type,scale,offset,scan,stale,alarms\n",
		"demo/b1/r2/bms/t-max,최고 셀 온도 (BMS),Highest cell temperature (BMS),demo/b1/r2,demo/b1/r2/bms,degC,analog,-40,200,1,fn3 8458,int16,0.1,0,1s,10s," +
			"bms-50 high 50 P3; bms-45 high 46.5 P4; bms-stale stale P3; band-battery-warm band 0 P4\n",
		",fn3 4129 bit 0,bool,", "inlet-top # v,", "ups-on-battery state 1 P2",
	} {
		if !strings.Contains(list, want) {
			t.Errorf("%q is not in the list", want)
		}
	}
}

// importInto does what the command does with a plan: it writes its files.
func importInto(t testing.TB, file, list string) *Import {
	t.Helper()
	plan, faults := PlanImport(load(t, file), "list.csv", []byte(list))
	if faults.Err() != nil {
		t.Fatalf("refused:\n%v\n%s", faults, list)
	}
	for _, f := range plan.Files {
		if err := os.MkdirAll(filepath.Dir(f.Path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(f.Path, f.Text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return plan
}

// Whatever a person changes in the cells of a list stands in the site afterwards, nothing else changes,
// and the list that is written then is the one that was read.
func TestWhatAListSaysIsWhatTheSiteBecomes(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 7))
			files := townFiles()
			if seed%2 == 0 {
				files["s/site.yaml"] = strings.Replace(files["s/site.yaml"], `include: [assets.yaml, "devices/*.yaml", "points/*.yaml", "devices/a.yaml"]`, "", 1)
				files["s/site.yaml"] += "assets: [{id: town, kind: site}]\ndevices:\n  - {id: town/a, asset: town, link: l, unit: 1, profile: cell, base: 100}\n  - {id: town/b, asset: town, link: l, unit: 2, profile: cell}\n"
			}
			file := plant(t, files)
			for range 3 {
				want := scribble(rnd, tableOf(t, written(t, load(t, file), ListOptions{})))
				plan := importInto(t, file, sheet(t, thinned(rnd, want)))
				now := written(t, load(t, file), ListOptions{})
				if got := sheet(t, want); now != got {
					t.Fatalf("wanted\n%s\ngot\n%s\nby %s", got, now, plan.Files[0].Text)
				}
				for _, c := range plan.Changes {
					if c.What != "point" && c.What != "alarm" {
						t.Errorf("the list changed a %s: %v", c.What, c)
					}
				}
			}
		})
	}
}

func tableOf(t testing.TB, list string) [][]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(list)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func sheet(t testing.TB, rows [][]string) string {
	t.Helper()
	var out bytes.Buffer
	if err := csv.NewWriter(&out).WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// scribble changes cells of a list to other values that its points can take.
func scribble(rnd *rand.Rand, rows [][]string) [][]string {
	col := func(name string) int { return slices.Index(rows[0], name) }
	words := []string{"문 앞", "=1+1", "-5 층", "'quoted'", `a "b", c`, "{n} # : - x", "null", "true", "007", "한 줄\n두 줄", "tab\tx", "끝 "}
	for i, row := range rows[1:] {
		if strings.HasPrefix(row[col("alarms")], "warm") {
			continue // below: all of them or none
		}
		if rnd.IntN(2) == 0 {
			row[col("name_ko")] = guard(words[rnd.IntN(len(words))])
			row[col("name_en")] = guard(words[rnd.IntN(len(words))])
		}
		if rnd.IntN(3) == 0 && row[col("low")] != "" {
			row[col("low")], row[col("high")] = writeNumber(-float64(rnd.IntN(100))/4), writeNumber(float64(rnd.IntN(1000))/8+0.125)
		}
		if rnd.IntN(3) == 0 {
			row[col("scan")] = []string{"100ms", "1s", "10s", "1m"}[rnd.IntN(4)]
			row[col("stale")] = []string{"2m", "1h", "1m30s", "1h30m"}[rnd.IntN(4)]
		}
		if rnd.IntN(3) == 0 {
			row[col("digits")], row[col("offset")] = fmt.Sprint(rnd.IntN(4)), writeNumber(float64(rnd.IntN(9)-4)/10)
			row[col("scale")] = []string{"1", "0.1", "0.001", "10", "-2.5"}[rnd.IntN(5)]
		}
		if rnd.IntN(4) == 0 && row[col("kind")] == "analog" {
			row[col("unit")] = []string{"V", "kW", "%", "-"}[rnd.IntN(4)]
			row[col("address")] = fmt.Sprintf("fn3 %d", 1000+100*i+rnd.IntN(50))
			row[col("type")] = []string{"int16", "uint32", "float32"}[rnd.IntN(3)]
		}
	}
	if limit := writeNumber(float64(rnd.IntN(40)) + 0.5); rnd.IntN(2) == 0 {
		for _, row := range rows[1:] {
			if strings.HasPrefix(row[col("alarms")], "warm") {
				row[col("alarms")] = "warm high " + limit + " P3"
			}
		}
	}
	return rows
}

// thinned is a list with its columns in another order and without the columns and cells nobody needs.
func thinned(rnd *rand.Rand, rows [][]string) [][]string {
	order := rnd.Perm(len(rows[0]))
	out := make([][]string, len(rows))
	for i, row := range rows {
		for _, k := range order {
			if name := rows[0][k]; (name == "asset" || name == "device") && i > 0 && k%2 == 0 {
				out[i] = append(out[i], "")
				continue
			}
			out[i] = append(out[i], row[k])
		}
	}
	rnd.Shuffle(len(out)-1, func(a, b int) { out[a+1], out[b+1] = out[b+1], out[a+1] })
	return out
}

// A list of a person with a few columns adds points and changes some; the hand-written files stay.
func TestAListByHandAddsPoints(t *testing.T) {
	file := plant(t, townFiles())
	list := "\ufeff포인트;이름(한글);단위;최소;최대;주소;형식;수집주기;만료시간\r\n" +
		"town/a/extra;추가 온도;degC;-10;90;FN4 0x10;int16;10s;\r\n" +
		"town/b/t;;;;75;;;;20s\r\n" +
		";;;;;;;;\r\n"
	before, _ := os.ReadFile(file)
	plan := importInto(t, file, list)
	site := load(t, file)
	extra, b := point(t, site, "town/a/extra"), point(t, site, "town/b/t")
	if *extra.Def.Address != 16 || extra.Def.Function != 4 || extra.Name.KO != "추가 온도" || extra.Min != -10 || extra.Kind != "analog" {
		t.Errorf("the new point is %+v", extra)
	}
	if b.Min != -40 || b.Max != 75 || writeDuration(b.StaleAfter) != "20s" || b.Unit != "degC" {
		t.Errorf("the changed point is %+v", b)
	}
	if len(plan.Files) != 1 || len(plan.Changes) != 2 || plan.Changes.Plan(nil).Reach != ReachTable {
		t.Errorf("the plan is %d files and %v", len(plan.Files), plan.Changes)
	}
	if after, _ := os.ReadFile(file); !bytes.Equal(before, after) {
		t.Error("the site file was written although it includes the list")
	}
}

func TestFaultsOfAListNameTheirCells(t *testing.T) {
	file := plant(t, townFiles())
	for name, tt := range map[string]struct{ list, want string }{
		"empty":          {"", "list.csv:1:1: the list is empty: want a line of headers"},
		"no id":          {"name_ko\nx\n", "list.csv:1:1: the list has no column id"},
		"headers":        {"id,colour,id\n", "list.csv:1:4: B1: unknown column \"colour\"; known: id, name_ko, name_en, asset, device, unit, kind, low, high, digits, address, type, scale, offset, scan, stale, alarms\nlist.csv:1:11: C1: column id is there twice"},
		"code page 949":  {"id,name_ko\ntown/a/t,\xbf\xc2\xb5\xb5\n", "list.csv:2:10: not UTF-8: save the list as CSV UTF-8"},
		"torn quotes":    {"id,name_ko\ntown/a/t,\"x\ntown/b/t,y\n", "list.csv:3:12: not readable as CSV: extraneous or missing \" in quoted-field"},
		"cells":          {"id,unit\ntown/a/t\ntown/b/t,V,x\n", "list.csv:2:1: 1 cells under 2 headers\nlist.csv:3:1: 3 cells under 2 headers"},
		"the id missing": {"id,unit\n,V\n", "list.csv:2:1: A2: the line has no id"},
		"twice":          {"id,unit\ntown/a/t,V\ntown/a/t,A\n", "list.csv:3:1: A3: point town/a/t stands in line 2 already"},
		"every cell at once": {"id,low,digits,address,scale,scan,alarms\n" +
			"town/a/t,ten,12,register 7,0,soon,warm\n",
			"list.csv:2:10: B2: low: \"ten\" is no number\n" +
				"list.csv:2:14: C2: digits: \"12\": want 0 to 9 decimals\n" +
				"list.csv:2:17: D2: address: \"register 7\": want fn3 256, fn3 256 bit 4 or fn3 256 bits 4-6 (the function and the zero-based wire address)\n" +
				"list.csv:2:28: E2: scale: a scale of 0 leaves nothing of the value\n" +
				"list.csv:2:30: F2: scan: \"soon\" is no duration; write it like 500ms, 1s or 5m\n" +
				"list.csv:2:35: G2: alarms: \"warm\": want RULE KIND LIMIT PRIORITY, like inlet-35 high 35 P2"},
		"unknown device":                {"id,unit\ntown/z/t,V\nt,V\n", "list.csv:2:1: A2: unknown device \"town/z\": a list adds points to devices of the site and no devices\nlist.csv:3:1: A3: unknown device \"\": a list adds points to devices of the site and no devices"},
		"moved":                         {"id,asset,device\ntown/a/t,here,town/b\n", "list.csv:2:10: B2: asset \"here\": the point's is \"town\"; a list does not move points to another\nlist.csv:2:15: C2: device \"town/b\": the point's is \"town/a\"; a list does not move points to another"},
		"what the site refuses":         {"id,이름(한글),low,high,scan\ntown/b/t,문 앞 온도 센서,90,-90,3s\n", "list.csv:2:20: C2: the range must rise from lowest to highest\nlist.csv:2:27: E2: point \"t\": scan 3s is none of the scan classes 100ms, 1s, 2s, 5s, 10s, 1m"},
		"a new point without its needs": {"id,address\ntown/b/new,fn3 70\n", "list.csv:2:1: A2: point \"new\" has no unit: give one, \"-\" if it has none\nlist.csv:2:1: A2: point \"new\" has no range: give [lowest, highest] of what is plausible\nlist.csv:2:1: A2: point \"new\": scan 0s is none of the scan classes 100ms, 1s, 2s, 5s, 10s, 1m\nlist.csv:2:1: A2: point \"new\": unknown type \"\": want one of bool, int16, uint16, int32, uint32, int64, uint64, float32, float64, bcd16, bcd32, bcd64, string"},
		"a register twice":              {"id,address\ntown/b/t,fn4 64\n", "points/first.yaml:3:99: points[1].address: duplicate register: fn 4 address 64 of unit 2 on l is already town/b/t"},
		"a limit of some":               {"id,alarms\ntown/a/t,warm high 31 P3\n", "list.csv:2:10: B2: rule warm has one limit for all 2 points that match town/*/t: give it in the rows of all of them, or leave it at 33.5"},
		"two limits":                    {"id,alarms\ntown/a/t,warm high 31 P3\ntown/b/t,warm high 32 P3\n", "list.csv:2:10: B2: rule warm has one limit for all 2 points that match town/*/t: give it in the rows of all of them, or leave it at 33.5\nlist.csv:3:10: B3: rule warm has one limit for all 2 points that match town/*/t: give it in the rows of all of them, or leave it at 33.5"},
		"another rule":                  {"id,alarms\ntown/a/t,warm low 33.5 P1\n", "list.csv:2:10: B2: the point's alarms are \"warm high 33.5 P3\": a list changes their limits; rules, kinds and priorities are changed in the alarms of the site"},
	} {
		t.Run(name, func(t *testing.T) {
			plan, faults := PlanImport(load(t, file), "list.csv", []byte(tt.list))
			if plan != nil {
				t.Fatalf("it would change %v", plan.Changes)
			}
			if got := strings.ReplaceAll(faults.Error(), filepath.Dir(file)+"/", ""); got != tt.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, tt.want)
			}
		})
	}
}

func TestAFileOfSomebodyElseIsNotOverwritten(t *testing.T) {
	files := townFiles()
	files["s/points/imported.yaml"] = "points:\n  - {device: town/b, name: t, scan: 10s}\n"
	plan, faults := PlanImport(load(t, plant(t, files)), "list.csv", []byte("id,unit\ntown/a/t,K\n"))
	if plan != nil || len(faults) != 1 || !strings.Contains(faults[0].Text, "not written by an import") {
		t.Errorf("got %v, %v", plan, faults)
	}
	files["s/points/imported.yaml"] = listedHead + "points:\n  - {device: town/b, name: t, invalid: [3]}\n"
	plan, faults = PlanImport(load(t, plant(t, files)), "list.csv", []byte("id,unit\ntown/a/t,K\n"))
	if plan != nil || len(faults) != 1 || !strings.Contains(faults[0].Text, "invalid of town/b/t cannot be kept") {
		t.Errorf("got %v, %v", plan, faults)
	}
	delete(files, "s/points/imported.yaml")
	files["s/site.yaml"] = strings.Replace(files["s/site.yaml"], `"points/*.yaml", `, "points/first.yaml, ", 1)
	plan, faults = PlanImport(load(t, plant(t, files)), "list.csv", []byte("id,unit\ntown/a/t,K\n"))
	if plan != nil || len(faults) != 1 || !strings.Contains(faults[0].Text, "add it to the list of includes") {
		t.Errorf("got %v, %v", plan, faults)
	}
}

// Whatever a list holds, it is refused with a place in it, or what it says is what the site becomes.
func FuzzPlanImport(f *testing.F) {
	file := plant(f, townFiles())
	site := load(f, file)
	f.Add([]byte(written(f, site, ListOptions{Mark: true})))
	for _, text := range []string{
		"id,unit\ntown/a/t,K\n", "id;scan\ntown/a/t;2s", "id\ttype\r\ntown/b/on\tbool\r\n", "id,address\ntown/b/on,fn1 9 bits 1-3\n",
		"id,name_ko\ntown/a/t,\"x\ny\"\n", "id,low\ntown/a/t,1e999\n", "id,alarms\ntown/a/t,;;\n", "포인트\n'=x\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		plan, faults := PlanImport(site, "list.csv", text)
		if (plan == nil) != (faults.Err() != nil) {
			t.Fatalf("plan %v and faults %v", plan, faults)
		}
		for _, fault := range faults {
			if fault.Line < 1 || fault.Col < 1 || fault.Text == "" {
				t.Errorf("no place to go to: %+v", fault)
			}
		}
	})
}
