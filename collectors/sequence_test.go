package collectors

import (
	"testing"
	"time"
)

func TestSequence(t *testing.T) {
	type arrival struct {
		n     uint64
		stamp int // seconds by the sender's clock; 0 for none
		seen  int // seconds by ours
		want  verdict
	}
	cases := map[string][]arrival{
		"any first number":                    {{41, 1, 1, inOrder}, {42, 2, 2, inOrder}},
		"a gap":                               {{1, 1, 1, inOrder}, {3, 3, 3, afterGap}, {4, 4, 4, inOrder}},
		"a copy":                              {{5, 5, 5, inOrder}, {5, 5, 5, aCopy}, {6, 6, 6, inOrder}},
		"overtaken":                           {{5, 5, 5, inOrder}, {7, 7, 7, afterGap}, {6, 6, 7, tooLate}, {8, 8, 8, inOrder}},
		"overtaken, then a copy of it":        {{5, 5, 5, inOrder}, {7, 7, 7, afterGap}, {6, 6, 7, tooLate}, {6, 6, 8, aCopy}, {5, 5, 8, aCopy}, {4, 4, 8, tooLate}},
		"copies long after":                   {{1, 1, 1, inOrder}, {2, 2, 2, inOrder}, {60, 3, 3, afterGap}, {2, 2, 4, aCopy}, {3, 2, 4, tooLate}, {65, 4, 5, afterGap}, {1, 1, 5, aCopy}},
		"started again, newer stamp":          {{900, 5, 5, inOrder}, {1, 6, 6, afterGap}, {2, 7, 7, inOrder}},
		"started again, no stamps":            {{900, 0, 5, inOrder}, {1, 0, 6, afterGap}, {2, 0, 7, inOrder}},
		"a small step back without stamps":    {{9, 0, 5, inOrder}, {7, 0, 6, tooLate}},
		"started again with its clock lost":   {{9, 500, 5, inOrder}, {1, 2, 6, tooLate}, {2, 3, 16, afterGap}, {3, 4, 17, inOrder}},
		"a counter of one byte runs over":     {{255, 1, 1, inOrder}, {0, 2, 2, inOrder}, {1, 3, 3, inOrder}},
		"zero after any other is a new start": {{254, 1, 1, inOrder}, {0, 2, 2, afterGap}},
	}
	for name, arrivals := range cases {
		t.Run(name, func(t *testing.T) {
			var s sequence
			for i, a := range arrivals {
				var stamp time.Time
				if a.stamp > 0 {
					stamp = epoch.Add(time.Duration(a.stamp) * time.Second)
				}
				if got := s.take(a.n, stamp, epoch.Add(time.Duration(a.seen)*time.Second)); got != a.want {
					t.Errorf("message %d (number %d): %v, want %v", i, a.n, got, a.want)
				}
			}
		})
	}
}
