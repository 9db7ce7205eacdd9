package names

import (
	"errors"
	"testing"

	"github.com/miekg/dns"
)

// How a share is cut out of what is served now.
func TestSharesOfACanary(t *testing.T) {
	cases := []struct {
		name    string
		have    []string
		percent int
		want    string
		err     error
	}{
		{"one site", []string{"0 100 18001 dc1"}, 1, "dc1=99 dc2=1", nil},
		{"any scale", []string{"0 7 18001 dc1"}, 10, "dc1=90 dc2=10", nil},
		{"on from one percent", []string{"0 99 18001 dc1", "0 1 18002 dc2"}, 10, "dc1=90 dc2=10", nil},
		{"back from ten", []string{"0 90 18001 dc1", "0 10 18002 dc2"}, 1, "dc1=99 dc2=1", nil},
		{"two sites keep their proportion", []string{"0 30 18001 dc1", "0 10 18003 dc3"}, 20, "dc1=60 dc2=20 dc3=20", nil},
		{"the remainder goes to the larger one", []string{"0 2 18001 dc1", "0 1 18003 dc3"}, 1, "dc1=66 dc2=1 dc3=33", nil},
		{"a crumb stays a crumb", []string{"0 60000 18001 dc1", "0 1 18003 dc3"}, 10, "dc1=89 dc2=10 dc3=1", nil},
		{"a stranger keeps its part", []string{"0 1 18001 dc1", "0 1 77 else"}, 50, "dc1=25 dc2=50 else.talk.test.=25", nil},
		{"who had nothing gets nothing", []string{"0 100 18001 dc1", "0 0 18003 dc3"}, 10, "dc1=90 dc2=10", nil},
		{"a reserve falls away", []string{"0 100 18001 dc1", "5 100 18003 dc3"}, 10, "dc1=90 dc2=10", nil},
		{"the target had another port", []string{"0 100 18001 dc1", "0 9 1 dc2"}, 10, "dc1=90 dc2=10", nil},
		{"nothing serves", nil, 10, "", errAct},
		{"nothing has a weight", []string{"0 0 18001 dc1"}, 10, "", errAct},
		{"the target alone", []string{"0 100 18002 dc2"}, 10, "", errMoved},
		{"the target alone, weightless", []string{"0 0 18002 dc2"}, 10, "", errMoved},
	}
	z := newZone(testConfig("127.0.0.1:53"))
	for _, c := range cases {
		var set []dns.RR
		for _, l := range c.have {
			set = append(set, rr(t, "_talk._tcp.talk.test. 5 IN SRV "+l+".talk.test.")...)
		}
		got, err := z.canary(set, "dc2", c.percent)
		if z.words(got) != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: %q, %v", c.name, z.words(got), err)
		}
		if err != nil {
			continue
		}
		if again, err := z.canary(got, "dc2", c.percent); err != nil || !same(got, again) {
			t.Errorf("%s: a second time gives %q, %v", c.name, z.words(again), err)
		}
	}
	full, err := z.wantCanary(map[string]string{"target": "dc2", "epoch": "2", "percent": "100"})
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := full.want(state{}); z.words(got) != "dc2=100" {
		t.Errorf("a hundred percent: %s", z.words(got))
	}
}

func FuzzSplit(f *testing.F) {
	f.Add([]byte{1, 2, 3}, uint8(10))
	f.Add([]byte{255, 1, 1, 1, 1, 1}, uint8(94))
	f.Fuzz(func(t *testing.T, weights []byte, percent uint8) {
		var all []*dns.SRV
		sum := 0
		for _, w := range weights {
			if w > 0 {
				all, sum = append(all, &dns.SRV{Weight: uint16(w) * uint16(w)}), sum+int(w)*int(w)
			}
		}
		whole := 100 - int(percent)%99 - 1
		if len(all) == 0 || len(all) > whole {
			return
		}
		left := whole
		for i, got := range split(all, whole) {
			exact := float64(all[i].Weight) / float64(sum) * float64(whole)
			// A part is never more than one off, but for what is given to those who would get nothing.
			if got < 1 || float64(got) > max(1, exact+1) || float64(got) < exact-1-float64(len(all)) {
				t.Errorf("%v of %d: part %d is %d, exactly %.2f", weights, whole, i, got, exact)
			}
			left -= got
		}
		if left != 0 {
			t.Errorf("%v of %d: %d left over", weights, whole, left)
		}
	})
}
