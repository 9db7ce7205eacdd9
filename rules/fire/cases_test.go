package fire

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"
)

func TestCases(t *testing.T) {
	for _, file := range []string{"testdata/fire_cases.json", "testdata/own_cases.json"} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		raws, err := readCases(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		for _, raw := range raws {
			res := evalOne(raw)
			t.Run(res.ID, func(t *testing.T) {
				if !res.Pass {
					got, _ := json.Marshal(res)
					t.Errorf("%v\n%s", res.Errors, got)
				}
			})
		}
	}
}
