package facility

import (
	"encoding/json"
	"testing"
)

func TestQualityAndReasonSurviveText(t *testing.T) {
	for q := Unknown; q <= Stale; q++ {
		var back Quality
		if text, err := json.Marshal(q); err != nil || json.Unmarshal(text, &back) != nil || back != q {
			t.Errorf("%v became %v", q, back)
		}
	}
	for r := NoReason; r <= DeviceSays; r++ {
		var back Reason
		if text, err := json.Marshal(r); err != nil || json.Unmarshal(text, &back) != nil || back != r {
			t.Errorf("%v became %v", r, back)
		}
		if r != NoReason && r.String() == "" {
			t.Errorf("reason %d has no name", r)
		}
	}
	var q Quality
	var r Reason
	for _, word := range []string{`"fine"`, `"GOOD"`, `""`, `"unknown "`} {
		if json.Unmarshal([]byte(word), &q) == nil {
			t.Errorf("quality %s was accepted", word)
		}
	}
	if json.Unmarshal([]byte(`"because"`), &r) == nil {
		t.Error("an invented reason was accepted")
	}
	if Quality(77).String() != "unknown" || Reason(77).String() != "" {
		t.Error("a number outside the enumeration has a name")
	}
}

func TestWorseQualityWins(t *testing.T) {
	order := []Quality{Good, Uncertain, Stale, Bad, Unknown}
	for i, a := range order {
		for k, b := range order {
			if want := order[max(i, k)]; a.Worse(b) != want {
				t.Errorf("the worse of %v and %v is %v", a, b, a.Worse(b))
			}
		}
	}
	if Quality(77).Worse(Good) != Quality(77) {
		t.Error("a quality nobody knows was trusted")
	}
}

func TestFlagsSurviveText(t *testing.T) {
	for f := range Flags(1 << len(flagNames)) {
		if back, err := ParseFlags(f.Names()); err != nil || back != f {
			t.Errorf("%v became %v, %v", f.Names(), back, err)
		}
	}
	if _, err := ParseFlags([]string{"simulated", "golden"}); err == nil {
		t.Error("an invented flag was accepted")
	}
}

func TestTextFallsBackToTheOtherLanguage(t *testing.T) {
	both, ko, en := Text{KO: "가", EN: "A"}, Text{KO: "가"}, Text{EN: "A"}
	for _, tt := range []struct {
		text       Text
		lang, want string
	}{{both, "ko", "가"}, {both, "en", "A"}, {ko, "en", "가"}, {en, "ko", "A"}, {both, "fr", "가"}} {
		if got := tt.text.In(tt.lang); got != tt.want {
			t.Errorf("%+v in %s is %q", tt.text, tt.lang, got)
		}
	}
}
