package messenger

import "time"

// class is a sort of work; a later one is given up first when a site has too much.
type class int

const (
	classChat       class = iota // messages sent and read: served to the last
	classLogin                   // logins and connection information
	classTier2                   // changes of profiles and lists
	classTier3                   // analytics and pictures
	classBackground              // presence, receipts
	classes
)

// keeps is the share of a second's capacity that has to be free before work of a class is let in, so that
// what comes first always finds room: with little left, background stops, then tier 3, tier 2, and logins.
var keeps = [classes]float64{classChat: 0, classLogin: .1, classTier2: .2, classTier3: .35, classBackground: .5}

var classNames = [classes]string{classChat: "chat", classLogin: "login", classTier2: "tier2", classTier3: "tier3", classBackground: "background"}

// gate lets requests into a site up to its capacity.
type gate struct {
	bucket
	taken, shed [classes]int
}

// take admits one request of a class, or counts it as turned away.
func (g *gate) take(now time.Time, c class) bool {
	if !g.bucket.above(now, keeps[c]*g.rate) {
		g.shed[c]++
		return false
	}
	g.taken[c]++
	return true
}

// classCount is what came of one class since the power came on.
type classCount struct {
	Taken int `json:"taken"`
	Shed  int `json:"shed"`
}

func (g *gate) counts() map[string]classCount {
	out := map[string]classCount{}
	for c := range classes {
		out[classNames[c]] = classCount{g.taken[c], g.shed[c]}
	}
	return out
}

// bucket lets rate requests a second pass, with a second's worth saved up.
type bucket struct {
	rate, left float64
	at         time.Time
}

func (b *bucket) take(now time.Time) bool { return b.above(now, 0) }

// above takes one request if as many as kept are left after it.
func (b *bucket) above(now time.Time, kept float64) bool {
	if b.at.IsZero() {
		b.left = b.rate
	} else {
		b.left = min(b.rate, b.left+b.rate*now.Sub(b.at).Seconds())
	}
	b.at = now
	if b.left < 1+kept {
		return false
	}
	b.left--
	return true
}
