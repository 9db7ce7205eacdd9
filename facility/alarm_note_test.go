package facility

import (
	"strings"
	"testing"
)

func TestANoteIsCountedInCharactersAndReadAsItWasWritten(t *testing.T) {
	korean := strings.Repeat("펌", NoteLongest)
	for name, tt := range map[string]struct{ text, want, refused string }{
		"plain":                      {text: "pump swapped", want: "pump swapped"},
		"blanks around it":           {text: " \n예비 펌프로 절체 완료\n ", want: "예비 펌프로 절체 완료"},
		"lines of another system":    {text: "one\r\ntwo\rthree", want: "one\ntwo\nthree"},
		"the longest in Korean":      {text: korean, want: korean},
		"a picture of two marks":     {text: "확인 👍🏽", want: "확인 👍🏽"},
		"one syllable too many":      {text: korean + "프", refused: "501 characters"},
		"nothing":                    {text: "", refused: "empty"},
		"only blanks":                {text: " \t\r\n ", refused: "empty"},
		"a terminal's command":       {text: "ok\x1b[2J", refused: "nobody sees"},
		"turned so that it misleads": {text: "breaker \u202enepo", refused: "nobody sees"},
		"half a character":           {text: "펌프"[:4], refused: "UTF-8"},
	} {
		got, err := NoteText(tt.text)
		if tt.refused == "" && (err != nil || got != tt.want) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if tt.refused != "" && (err == nil || !strings.Contains(err.Error(), tt.refused)) {
			t.Errorf("%s: %q was not refused for %q but %v", name, got, tt.refused, err)
		}
	}
}
