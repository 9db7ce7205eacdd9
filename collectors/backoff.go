package collectors

import "time"

// firstRetry is how long the first pause after a failure is: half of the fastest ordinary scan
// class, so that one lost packet costs one reading.
const firstRetry = 500 * time.Millisecond

// backoff is the pause before try number fails+1: it doubles from firstRetry to the limit. The
// chance (0 to 1) spreads it by a quarter each way, so that a hundred links that fell together do
// not come back together.
func backoff(fails int, limit time.Duration, chance float64) time.Duration {
	if fails < 1 {
		return 0
	}
	pause := firstRetry
	for range min(fails-1, 30) {
		if pause >= limit {
			break
		}
		pause *= 2
	}
	if limit > 0 {
		pause = min(pause, limit)
	}
	spread := float64(pause) * (0.75 + chance/2)
	return time.Duration(spread)
}
