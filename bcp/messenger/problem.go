package messenger

import (
	"errors"
	"fmt"

	"bongsu/bcp"
)

// ErrSilent is matched when no usable answer came. Only together with bcp.ErrNotDone does it say that nothing
// was sent; alone the outcome is unknown.
var ErrSilent = errors.New("no answer")

var (
	errWrongSite = errors.New("another site answers there")
	errOdd       = errors.New("the answer makes no sense")
)

// The codes of refusals that somebody branches on.
const (
	codeStale      = "stale-epoch"
	codeHole       = "hole"
	codeNoMajority = "no-majority"
	codeNoSession  = "no-session"
	codeThrottled  = "throttled"
)

// Problem is a refusal by a site. It matches bcp.ErrNotDone when the site refused before it did anything
// (status 4xx), and bcp.ErrStale too when it has promised a newer epoch; any other status leaves the outcome open.
type Problem struct {
	Site    string `json:"-"`
	Call    string `json:"-"` // what was asked
	Status  int    `json:"status"`
	Code    string `json:"code"` // stale-epoch, hole, no-majority, ...
	Title   string `json:"title"`
	Detail  string `json:"detail"`
	Epoch   uint64 `json:"epoch"`   // the newest promised there, 0 when it does not say
	Primary string `json:"primary"` // who leads as far as it knows
}

// Error is the refusal in one line.
func (p *Problem) Error() string {
	return fmt.Sprintf("%s refuses %s: %s (%d): %s", p.Site, p.Call, p.Code, p.Status, p.Detail)
}

// Is says what the refusal proves.
func (p *Problem) Is(target error) bool {
	switch target {
	case bcp.ErrNotDone:
		return p.Status >= 400 && p.Status < 500
	case bcp.ErrStale:
		return p.Code == codeStale
	}
	return false
}

// code is the code of a refusal somewhere in the error, empty when there is none.
func code(err error) string {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p.Code
	}
	return ""
}
