package rules

import (
	"encoding/json"
	"log/slog"
	"math"
	"testing"
	"time"

	"bongsu/journal"
)

// picky refuses a batch with an entry that cannot be encoded whole, as the journal does.
type picky struct{ paper }

func (p *picky) AppendWithin(limit time.Duration, drafts ...journal.Draft) ([]journal.Entry, error) {
	for _, d := range drafts {
		if _, err := json.Marshal(d.Data); err != nil {
			return nil, err
		}
	}
	return p.paper.AppendWithin(limit, drafts...)
}

// One entry of a turn cannot be encoded: the stage and the command beside it are journalled all the same, in order.
func TestAnEntryThatCannotBeEncodedTakesNoOtherAlong(t *testing.T) {
	book := &picky{}
	e := &Engine{cfg: EngineConfig{Journal: book, Gap: func() bool { return false }, Log: slog.New(slog.DiscardHandler)}}
	seq := e.write([]journal.Draft{{Kind: KindFireState, Data: 1}, {Kind: KindAlarm, Data: math.NaN()}, {Kind: KindStage, Data: 2}, {Kind: KindCommand, Data: 3}}, fsyncPatience)
	kinds := ""
	for _, en := range book.all() {
		kinds += en.Kind + " "
	}
	if kinds != KindFireState+" "+KindStage+" "+KindCommand+" " || seq != 3 {
		t.Errorf("journalled %s, the last is %d", kinds, seq)
	}
}
