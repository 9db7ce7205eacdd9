package ui

import (
	"context"
	"errors"
	"time"

	"bongsu/bcp"
)

// Why a callback is refused; an error that is neither refuses what was in it.
var (
	ErrToken     = errors.New("not a token of this house")                // 403, and slows the sender down
	ErrUnwritten = errors.New("it could not be written down: post again") // 503
)

// ErrNoQuorum is matched by what Ask answers while this site is cut off from a majority: asked again with the same
// id, once that has passed, it counts once.
var ErrNoQuorum = errors.New("no quorum: read only")

// Continuity is the organisation as the console sees it: who is asked, who hears what the phones answer,
// and the journal all sites share.
type Continuity interface {
	// Ask hands in what a person asks and waits for the answer. A refusal is a reply with a Code of 400 or
	// above; an error means that it is not known whether anything was done. The same id is one request.
	Ask(ctx context.Context, r bcp.Request) (bcp.Reply, error)
	// Callback takes the answer of a phone or message provider. An error is a refusal: 403 where bcp would
	// refuse a person so, 400 otherwise, but for ErrToken and ErrUnwritten.
	Callback(ctx context.Context, token string, body []byte) error
	// After pages through the shared journal: at most limit entries after a sequence number, in order.
	After(ctx context.Context, after uint64, limit int) ([]SharedEntry, error)
}

// SharedEntry is one entry of the journal all sites share.
type SharedEntry struct {
	Entry
	Site   string  `json:"site"`
	Node   string  `json:"node"`
	Epoch  uint64  `json:"epoch"`            // of the leader that wrote it; 0 if it needed no leadership
	Origin *Origin `json:"origin,omitempty"` // of an entry that repeats one of a field's journal
}

// Origin names the entry of a field's journal that a shared one repeats.
type Origin struct {
	Field string    `json:"field"`
	Seq   uint64    `json:"seq"`
	Time  time.Time `json:"time"`
}
