package fire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
)

func readTestdata(t testing.TB, file string) []json.RawMessage {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	raws, err := readCases(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return raws
}

func TestCases(t *testing.T) {
	for file, want := range map[string]int{"testdata/fire_cases.json": 86, "testdata/own_cases.json": 20} {
		raws := readTestdata(t, file)
		if len(raws) != want {
			t.Errorf("%s holds %d cases, want %d", file, len(raws), want)
		}
		for _, raw := range raws {
			res := evalOne(raw)
			t.Run(res.ID, func(t *testing.T) {
				if !res.Pass {
					t.Errorf("%v\ncommands %v\nalarms %v", res.Errors, res.Commands, res.Alarms)
				}
			})
		}
	}
}

// The cases, and what they lead the engine through, keep the invariants too.
func TestTheCasesKeepTheInvariants(t *testing.T) {
	for _, file := range []string{"testdata/fire_cases.json", "testdata/own_cases.json"} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if failed, err := EvalWatched(bytes.NewReader(data), &out); failed > 0 || err != nil {
			t.Errorf("%s: %d failed, %v\n%s", file, failed, err, out.String())
		}
	}
}

func TestACaseLeavesOneLine(t *testing.T) {
	in := `[{"id":"X1","steps":[{"t_s":0,"set":{"R1.RT":61,"R1.BM":61.5}}],"expect":[{"by_s":3,"stage":"S1","commands":["R1.ISOLATE","R1.CURTAIN"]}]},
		{"id":"X2","steps":[],"expect":[{"by_s":3,"stage":"S1","alarms":["BLIND:R1"],"commands":["R1.PATCH"],"count":{"SITE.FD_CALL":1}}]}]`
	var out strings.Builder
	failed, err := EvalFile(strings.NewReader(in), &out)
	if failed != 1 || err != nil {
		t.Fatalf("failed %d, err %v", failed, err)
	}
	want := `{"id":"X1","pass":true,"errors":[],"commands":[[2,"R1.ISOLATE"],[2,"R1.CURTAIN"],[2,"ROOM.EVAC_ALARM"],[2,"ROOM.HVAC_STOP"]],` +
		`"alarms":[[0,"PREALARM:R1"],[2,"STAGE1:R1"],[3,"OBSCURED:R1.TC"]],"stage":{"R1":"S1"}}
{"id":"X2","pass":false,"errors":["by 3 s: command R1.PATCH was not issued","by 3 s: command SITE.FD_CALL was issued 0 times, want 1",` +
		`"by 3 s: alarm BLIND:R1 was not raised","by 3 s: R1 is in stage S0, want S1"],"commands":[],"alarms":[],"stage":{"R1":"S0"}}
`
	if got := out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestExpectationsCanFail(t *testing.T) {
	head := `{"id":"X","steps":[{"t_s":0,"set":{"R1.RT":61,"R1.BM":61}}],"expect":[{"by_s":3,`
	for _, tt := range []struct{ expect, want string }{
		{`"commands":["R1.CURTAIN","R1.ISOLATE"]`, "R1.ISOLATE was issued too early"},
		{`"not_commands":["ROOM.*"]`, "ROOM.EVAC_ALARM was issued at 2 s"},
		{`"not_commands":["R1.CURTAIN"]`, "R1.CURTAIN was issued at 2 s"},
		{`"not_alarms":["STAGE1:R1"]`, "alarm STAGE1:R1 was raised"},
		{`"stages":{"R1":"S2"}`, "R1 is in stage S1, want S2"},
		{`"count":{"R1.ISOLATE":2}`, "R1.ISOLATE was issued 1 times, want 2"},
	} {
		res := evalOne(json.RawMessage(head + tt.expect + "}]}"))
		if res.Pass || len(res.Errors) != 1 || !strings.Contains(res.Errors[0], tt.want) {
			t.Errorf("%s: %v, want %q", tt.expect, res.Errors, tt.want)
		}
	}
}

func TestTheLoaderNamesTheCaseAndTheStep(t *testing.T) {
	step := func(set string) string {
		return `{"id":"X7","steps":[{"t_s":0,"set":{}},{"t_s":5,"set":{` + set + `}}]}`
	}
	tests := []struct{ name, raw, want string }{
		{"unknown key", `{"id":"X7","stepps":[]}`, `case X7: json: unknown field "stepps"`},
		{"unknown config", `{"id":"X7","config":{"rack":"R1"}}`, `case X7: json: unknown field "rack"`},
		{"unknown expectation", `{"id":"X7","expect":[{"by_s":1,"stag":"S1"}]}`, `unknown field "stag"`},
		{"unknown stage", `{"id":"X7","expect":[{"by_s":1,"stage":"S9"}]}`, `stage "S9" does not exist`},
		{"rack of an expectation", `{"id":"X7","expect":[{"by_s":1,"rack":"R9"}]}`, `expect 0: there is no rack "R9"`},
		{"rack of a room", `{"id":"X7","config":{"rooms":{"R9":"A"}}}`, `config: rooms: there is no rack "R9"`},
		{"stuck", `{"id":"X7","config":{"stuck":["R1.FOO"]}}`, `config: stuck: there is no command "R1.FOO"`},
		{"two racks of one name", `{"id":"X7","config":{"racks":["R1","R1"]}}`, `"R1" is named twice`},
		{"rack", step(`"R2.RT":5`), `case X7: step 1 (t_s 5): input "R2.RT": unknown input`},
		{"channel", step(`"R1.XX":5`), `step 1 (t_s 5): input "R1.XX": unknown input`},
		{"room", step(`"ROOM.XX":5`), `input "ROOM.XX": unknown input`},
		{"word", step(`"FOO":5`), `input "FOO": unknown input`},
		{"operation", step(`"OP.FOO":1`), `input "OP.FOO": unknown input`},
		{"room of an operation", step(`"OP.GAS_RELEASE:HALL":{}`), `there is no room "HALL"`},
		{"rack of an operation", step(`"OP.RESET:R9":{}`), `there is no rack "R9"`},
		{"people", step(`"OP.RESET:R1":{"who":["kim"]}`), `unknown field "who"`},
		{"value", step(`"R1.RT":"hot"`), `"hot" is not a number`},
		{"quality", step(`"R1.RT":{"v":5,"q":"FINE"}`), `quality "FINE"`},
		{"feedback", step(`"FB.R1.RECLOSE":1`), `there is no command "R1.RECLOSE"`},
		{"inhibit", step(`"INH.R1.RECLOSE":{}`), `there is no command "R1.RECLOSE"`},
		{"bypass", step(`"BYP.R1.XX":{}`), `there is no channel "R1.XX"`},
		{"bypass time", step(`"BYP.R1.RT":{"s":-1}`), `-1 is no time in seconds`},
		{"outage", step(`"CMD.RESTART":1.5`), `whole seconds`},
		{"time", `{"id":"X7","steps":[{"t_s":-1,"set":{}}]}`, `step 0: t_s -1`},
		{"set", `{"id":"X7","steps":[{"t_s":1,"set":[]}]}`, `set must be an object`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res := evalOne(json.RawMessage(tt.raw))
			if res.Pass || len(res.Errors) != 1 || !strings.Contains(res.Errors[0], tt.want) || res.ID != "X7" {
				t.Errorf("%s: %v, want %q", res.ID, res.Errors, tt.want)
			}
		})
	}
}

func TestAFileThatIsNoListOfCases(t *testing.T) {
	for _, in := range []string{"", "{}", "[", "[] []", "cases"} {
		if _, err := EvalFile(strings.NewReader(in), io.Discard); err == nil {
			t.Errorf("%q is taken for a case file", in)
		}
	}
	broken := errors.New("disk full")
	if _, err := EvalFile(strings.NewReader(`[{"id":"X"}]`), failingWriter{broken}); !errors.Is(err, broken) {
		t.Errorf("a failing writer gives %v", err)
	}
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

// A replay of the same case gives the same answer to the letter, whatever order maps have today.
func TestRunsAreRepeatable(t *testing.T) {
	raws := readTestdata(t, "testdata/fire_cases.json")
	for _, raw := range slices.Concat(raws, readTestdata(t, "testdata/own_cases.json")) {
		first, _ := json.Marshal(evalOne(raw))
		for range 3 {
			if again, _ := json.Marshal(evalOne(raw)); !bytes.Equal(first, again) {
				t.Fatalf("got\n%s\nthen\n%s", first, again)
			}
		}
	}
}

func BenchmarkEvalFile(b *testing.B) {
	data, err := os.ReadFile("testdata/fire_cases.json")
	if err != nil {
		b.Fatal(err)
	}
	cases := len(readTestdata(b, "testdata/fire_cases.json"))
	for b.Loop() {
		if failed, err := EvalFile(bytes.NewReader(data), io.Discard); failed > 0 || err != nil {
			b.Fatal(failed, err)
		}
	}
	perSecond := float64(cases*b.N) / b.Elapsed().Seconds()
	b.ReportMetric(perSecond, "cases/s")
	fmt.Printf("\n{\"bench\":\"fire.eval\",\"cases_per_s\":%.0f,\"cases\":%d}\n", perSecond, cases)
}

// BenchmarkTick is one second of a site of 224 quiet racks.
func BenchmarkTick(b *testing.B) {
	cfg := Config{Limits: DefaultLimits()}
	for i := range 224 {
		cfg.Racks = append(cfg.Racks, RackConfig{ID: "R" + string(rune('A'+i/26)) + string(rune('a'+i%26)), Room: "ROOM" + string(rune('A'+i/56))})
	}
	g := newRig(b, cfg)
	for b.Loop() {
		g.run(1)
	}
}
