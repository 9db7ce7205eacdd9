package messenger

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"bongsu/bcp"
)

// answerLimit is the most we read of one answer, bytes.
const answerLimit = 4 << 20

// Client makes single calls to the messenger. Every call has a deadline, none is repeated, and its error says
// how it failed: certainly without effect (bcp.ErrNotDone), refused for its age (bcp.ErrStale), or unknown.
type Client struct {
	cfg  Config
	http *http.Client
}

// newClient calls over a way of its own. A connection is used once: one that was kept may have died with its
// site, and then nobody could say whether an order was sent.
func newClient(cfg Config) *Client {
	way := &http.Transport{DisableKeepAlives: true, DialContext: (&net.Dialer{Timeout: cfg.Timeouts.Poll}).DialContext}
	return &Client{cfg: cfg, http: &http.Client{Transport: way, CheckRedirect: stayHere}}
}

// stayHere follows no redirection: an order is for the site it was sent to and no other.
func stayHere(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// site finds a site's place in the configuration.
func (c *Client) site(id string) (SiteConfig, error) {
	for _, s := range c.cfg.Sites {
		if s.ID == id {
			return s, nil
		}
	}
	return SiteConfig{}, fmt.Errorf("messenger site %q: %w: %w", id, bcp.ErrNoSuch, bcp.ErrNotDone)
}

// request is one question and whom it is for.
type request struct {
	site   string // for errors
	what   string // for errors
	method string
	url    string
	host   string // public name, empty for that of the URL
	bearer Secret
	body   any // nil for none
	within time.Duration
}

// ask sends a request and gives the body of a good answer; the error of any other is one of the three kinds.
func (c *Client) ask(ctx context.Context, r request) ([]byte, error) {
	ctx, stop := context.WithTimeout(ctx, r.within)
	defer stop()
	var connected atomic.Bool // from here on something may have been sent
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }})
	req, err := r.build(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s of %s: %w: %w", r.what, r.site, bcp.ErrNotDone, err)
	}
	resp, err := c.http.Do(req)
	if err != nil && !connected.Load() {
		return nil, fmt.Errorf("%s of %s: nothing was sent: %w: %w: %w", r.what, r.site, ErrSilent, bcp.ErrNotDone, err)
	}
	if err != nil {
		return nil, fmt.Errorf("%s of %s: %w: %w", r.what, r.site, ErrSilent, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, answerLimit))
	if resp.StatusCode >= 300 {
		return nil, r.problem(resp.StatusCode, text)
	}
	if err != nil {
		return nil, fmt.Errorf("answer to %s of %s: %w: %w", r.what, r.site, ErrSilent, err)
	}
	return text, nil
}

func (r request) build(ctx context.Context) (*http.Request, error) {
	var body io.Reader
	if r.body != nil {
		text, err := json.Marshal(r.body)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, r.url, body)
	if err != nil {
		return nil, err
	}
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.bearer != "" {
		req.Header.Set("Authorization", "Bearer "+string(r.bearer))
	}
	if r.host != "" {
		req.Host = r.host
	}
	return req, nil
}

// problem reads a refusal. The status that counts is that of the answer, whatever its text claims.
func (r request) problem(status int, text []byte) *Problem {
	p := &Problem{}
	if json.Unmarshal(text, p) != nil {
		*p = Problem{}
	}
	p.Site, p.Call, p.Status = r.site, r.what, status
	if p.Code == "" {
		p.Code = http.StatusText(status)
	}
	return p
}

// State asks a site for its state.
func (c *Client) State(ctx context.Context, site string) (State, error) {
	return c.admin(ctx, site, "GET", "state", nil, c.cfg.Timeouts.Poll)
}

// What a site can be ordered to do.
const (
	OrderReadOnly = "readonly"
	OrderPromote  = "promote"
	OrderTraffic  = "traffic"
	OrderClose    = "sessions/close"
	OrderDrain    = "drain"
	OrderFreeze   = "freeze"
)

// Order is the body of an order; each takes what it needs.
type Order struct {
	Group string `json:"group,omitempty"` // service, empty for all
	Epoch uint64 `json:"epoch,omitempty"`
	Mode  string `json:"mode,omitempty"` // traffic
	On    *bool  `json:"on,omitempty"`   // drain, freeze
	Dry   bool   `json:"dry_run,omitempty"`
}

// Order sends an order to a site and gives the state it answers with.
func (c *Client) Order(ctx context.Context, site, name string, o Order) (State, error) {
	within := c.cfg.Timeouts.Order
	if name == OrderPromote {
		within = c.cfg.Timeouts.Promote
	}
	return c.admin(ctx, site, "POST", name, o, within)
}

func (c *Client) admin(ctx context.Context, site, method, name string, body any, within time.Duration) (State, error) {
	at, err := c.site(site)
	if err != nil {
		return State{}, err
	}
	text, err := c.ask(ctx, request{site: site, what: name, method: method, url: at.Admin + "/admin/v1/" + name, bearer: c.cfg.Token, body: body, within: within})
	if err != nil {
		return State{}, err
	}
	return decodeState(site, text)
}

// CheckResult is what a site's own synthetic check answers.
type CheckResult struct {
	Site   string  `json:"site"`
	Check  string  `json:"check"`
	OK     bool    `json:"ok"`
	MS     float64 `json:"ms"`
	Detail string  `json:"detail"`
}

var errCheckFailed = errors.New("the check failed")

// Synthetic lets a site check itself through its own front door under the public name, whatever the public
// DNS says: login, send, receive, push or readback.
func (c *Client) Synthetic(ctx context.Context, site, check string) (CheckResult, error) {
	at, err := c.site(site)
	if err != nil {
		return CheckResult{}, err
	}
	text, err := c.ask(ctx, request{site: site, what: "check " + check, method: "POST", url: at.Admin + "/synthetic/v1/" + check,
		bearer: c.cfg.Token, within: c.cfg.Timeouts.Check})
	if err != nil {
		return CheckResult{}, err
	}
	var out CheckResult
	if err := json.Unmarshal(text, &out); err != nil {
		return CheckResult{}, fmt.Errorf("check %s of %s: %w", check, site, err)
	}
	switch {
	case out.Site != site:
		return out, fmt.Errorf("check %s of %s: %w: %q", check, site, errWrongSite, out.Site)
	case out.Check != check:
		return out, fmt.Errorf("check %s of %s: %w: it answers for %q", check, site, errOdd, out.Check)
	case !out.OK:
		return out, fmt.Errorf("check %s of %s: %w: %s", check, site, errCheckFailed, out.Detail)
	}
	return out, nil
}

// Front asks a site's front door whether it answers to the public name.
func (c *Client) Front(ctx context.Context, site string) error {
	at, err := c.site(site)
	if err != nil {
		return err
	}
	_, err = c.ask(ctx, request{site: site, what: "front door", method: "GET", url: "http://" + at.Public + "/healthz", host: c.cfg.Host, within: c.cfg.Timeouts.Order})
	return err
}
