package messenger

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// backbone is the network between the data centers, with what is wrong with it.
type backbone struct {
	key string // proves to a site that a peer calls

	mu    sync.Mutex
	sites map[string]string // address to site
	cut   map[[2]string]bool
	slow  map[string]time.Duration // by the site that receives
	mute  map[[2]string]bool       // from, to: nothing arrives that way
	alone map[string]bool          // sites whose carriers are all gone
	lags  map[tierPath]time.Duration
}

// tierPath is the way of one tier's data to one site.
type tierPath struct {
	to   string
	tier int
}

func newBackbone() *backbone {
	return &backbone{key: rand.Text(), sites: map[string]string{}, cut: map[[2]string]bool{}, slow: map[string]time.Duration{},
		mute: map[[2]string]bool{}, alone: map[string]bool{}, lags: map[tierPath]time.Duration{}}
}

var errUnreachable = errors.New("the network between the sites is cut")

// transport is the way from one site to the others.
func (n *backbone) transport(from string) http.RoundTripper {
	return &backbonePath{net: n, from: from, below: &http.Transport{
		DialContext: (&net.Dialer{Timeout: replicaCall}).DialContext, MaxIdleConnsPerHost: 4, IdleConnTimeout: 10 * time.Second}}
}

type backbonePath struct {
	net   *backbone
	from  string
	below *http.Transport
}

// way tells how the network stands between two sites: whether what the first one sends arrives, whether the answer
// comes back, and how long it takes to get there.
func (n *backbone) way(from, to string) (there, back bool, slow time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	sound := !n.cut[[2]string{from, to}] && !n.alone[from] && !n.alone[to]
	return sound && !n.mute[[2]string{from, to}], sound && !n.mute[[2]string{to, from}], n.slow[to]
}

func (n *backbone) siteAt(address string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.sites[address]
}

// RoundTrip carries one request. Over a cut path it hears nothing until the caller gives up, also when the path was cut
// while the request was under way.
func (p *backbonePath) RoundTrip(req *http.Request) (*http.Response, error) {
	to := p.net.siteAt(req.URL.Host)
	there, _, slow := p.net.way(p.from, to)
	if !there {
		<-req.Context().Done()
		return nil, fmt.Errorf("%s to %s: %w", p.from, to, errUnreachable)
	}
	if slow > 0 {
		select {
		case <-req.Context().Done():
			return nil, req.Context().Err()
		case <-time.After(slow):
		}
	}
	resp, err := p.below.RoundTrip(req)
	if _, back, _ := p.net.way(p.from, to); err == nil && !back {
		// The other side has heard and done it; only its answer is lost.
		_ = resp.Body.Close()
		<-req.Context().Done()
		return nil, fmt.Errorf("%s to %s: %w", to, p.from, errUnreachable)
	}
	return resp, err
}

// CloseIdleConnections is what http.Client hands down.
func (p *backbonePath) CloseIdleConnections() { p.below.CloseIdleConnections() }

// setCut cuts or heals the path between two sites, both ways.
func (n *backbone) setCut(a, b string, cut bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cut[[2]string{a, b}], n.cut[[2]string{b, a}] = cut, cut
}

// setAlone takes all ways out of a site or gives them back; it tells whether they have just gone.
func (n *backbone) setAlone(site string, alone bool) (gone bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	gone = alone && !n.alone[site]
	n.alone[site] = alone
	return gone
}

func (n *backbone) isAlone(site string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.alone[site]
}

// setMute stops or lets through what one site sends another, and not what comes back.
func (n *backbone) setMute(from, to string, mute bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.mute[[2]string{from, to}] = mute
}

// setTierLag makes the copies of a tier at a site lag by at least so much, whatever the settings say.
func (n *backbone) setTierLag(to string, tier int, d time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lags[tierPath{to, tier}] = d
}

func (n *backbone) tierLag(to string, tier int) time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.lags[tierPath{to, tier}]
}

func (n *backbone) setSlow(site string, d time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.slow[site] = d
}

// refusal is a typed answer of the messenger: an RFC 9457 problem whose code programs can branch on.
type refusal struct {
	Title   string `json:"title"`
	Status  int    `json:"status"`
	Detail  string `json:"detail"`
	Code    string `json:"code"`
	Epoch   uint64 `json:"epoch,omitempty"`   // the newest promised here
	Primary string `json:"primary,omitempty"` // who writes, as far as known here
}

// Error gives the refusal in one line.
func (r *refusal) Error() string { return fmt.Sprintf("%s (%d): %s", r.Code, r.Status, r.Detail) }

// Is makes a refusal from the wire the sentinel it was made of.
func (r *refusal) Is(target error) bool { return r.Code == target.Error() }

// postJSON sends a body and decodes the answer; a refusal comes back as *refusal.
func postJSON(ctx context.Context, c *http.Client, method, url string, in, out any, header http.Header) error {
	text, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("call %s: %w", url, err)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("call %s: %w", url, err)
	}
	for k, v := range header {
		req.Header[k] = v
		if k == "Host" {
			req.Host = v[0]
		}
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	dec := json.NewDecoder(http.MaxBytesReader(nil, resp.Body, 32<<20))
	if resp.StatusCode >= 300 {
		r := &refusal{Status: resp.StatusCode, Code: http.StatusText(resp.StatusCode)}
		_ = dec.Decode(r)
		return r
	}
	if out == nil {
		return nil
	}
	if err := dec.Decode(out); err != nil {
		return fmt.Errorf("answer of %s: %w", url, err)
	}
	return nil
}

// meter counts requests over the last five seconds.
type meter struct {
	counts [5]int
	second int64
}

func (m *meter) add(now time.Time, n int) {
	for at := now.Unix(); m.second < at; m.second++ {
		if at-m.second > 5 {
			*m = meter{second: at - 1}
		}
		m.counts[(m.second+1)%5] = 0
	}
	m.counts[m.second%5] += n
}

func (m *meter) perSecond(now time.Time) float64 {
	m.add(now, 0)
	sum := 0
	for _, n := range m.counts {
		sum += n
	}
	return float64(sum) / 5
}
