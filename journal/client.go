package journal

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"bongsu/facility"
)

// ErrStalled is matched when a stream has been silent for longer than a living one can be.
var ErrStalled = errors.New("stream is silent")

const (
	// stallAfter is three missed heartbeats.
	stallAfter  = 3 * beatEvery
	dialTimeout = 3 * time.Second
)

// Client reads a Server's logs and reaches the routes mounted beside them.
type Client struct {
	base string
	http *http.Client
}

// NewClient reads from "unix:/path" or "host:port", the latter with config as TLS. It connects when
// it is first used.
func NewClient(address string, config *tls.Config) *Client {
	dialer := net.Dialer{Timeout: dialTimeout}
	network, target, base := "tcp", address, "http://"+address
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		network, target, base = "unix", path, "http://field"
	} else if config != nil {
		base = "https://" + address
	}
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, target)
		},
		ResponseHeaderTimeout: 5 * time.Second,
		DisableCompression:    true, MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute,
	}
	transport.DialTLSContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		raw, err := dialer.DialContext(ctx, network, target)
		if err != nil {
			return nil, err
		}
		return secured(ctx, raw, target, Fresh(config))
	}
	return &Client{base: base, http: &http.Client{Transport: transport}}
}

// secured makes a connection one over TLS to the server at an address.
func secured(ctx context.Context, raw net.Conn, address string, config *tls.Config) (net.Conn, error) {
	own := config.Clone()
	if host, _, err := net.SplitHostPort(address); err == nil && own.ServerName == "" {
		own.ServerName = host
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	conn := tls.Client(raw, own)
	if err := conn.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		return nil, err
	}
	return conn, nil
}

// HTTPClient reaches the server whatever host a URL names; use it with URL.
func (c *Client) HTTPClient() *http.Client { return c.http }

// URL is the address of a path on the server, for example URL("/status").
func (c *Client) URL(path string) string { return c.base + path }

// Do sends a request with a JSON body (nil for none). The caller closes the answer's body and gives
// ctx a deadline.
func (c *Client) Do(ctx context.Context, method, path string, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.URL(path), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	if len(body) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	return resp, nil
}

// Journal hands out every entry behind the number after and then each new one, until ctx ends, fn
// fails, the connection breaks or it is silent for three seconds. The caller comes back with the
// number of the last entry it has taken: none is missed, and those it had not yet noted come again.
// Each entry's hash is checked, and that it follows the one before.
func (c *Client) Journal(ctx context.Context, after uint64, fn func(Entry) error) error {
	var last Entry
	return c.stream(ctx, "/journal", after, func(kind byte, payload []byte) error {
		if kind != frameEntry {
			return fmt.Errorf("%w: kind %q in a journal", errFrame, kind)
		}
		e, _, err := decodeEntry(payload)
		if err != nil {
			return err
		}
		if e.Seq == last.Seq+1 && last.Seq > 0 && e.Prev != last.Hash {
			return fmt.Errorf("entry %d does not follow entry %d: the journal was changed", e.Seq, last.Seq)
		}
		last = e
		return fn(e)
	})
}

// Spool hands out every batch behind the number after and then each new one, as Journal does with
// entries. What the spool no longer has comes first, as a Batch with a Gap.
func (c *Client) Spool(ctx context.Context, after uint64, fn func(Batch) error) error {
	dicts := map[revision][]facility.PointID{}
	return c.stream(ctx, "/spool", after, func(kind byte, payload []byte) error {
		p := spoolPart{rec: payload}
		switch kind {
		case frameGap:
			if err := json.Unmarshal(payload, &p.gap); err != nil {
				return fmt.Errorf("%w: %w", errFrame, err)
			}
		case frameDictionary:
			p.dict = true
		case frameBatch:
			d := fieldReader{rest: payload}
			p.seq = decodeBatchHead(&d).seq
		default:
			return fmt.Errorf("%w: kind %q in a spool", errFrame, kind)
		}
		b, ok, err := p.batch(dicts)
		if err != nil || !ok {
			return err
		}
		return fn(b)
	})
}

// stream reads frames and gives all but heartbeats to fn. Silence counts only while it waits for
// the server, not while fn works.
func (c *Client) stream(ctx context.Context, path string, after uint64, fn func(kind byte, payload []byte) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	resp, err := c.Do(ctx, http.MethodGet, fmt.Sprintf("%s?after=%d", path, after), nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if err := refused(resp); err != nil {
		return fmt.Errorf("read %s after %d: %w", path, after, err)
	}
	stall := time.AfterFunc(stallAfter, func() { cancel(ErrStalled) })
	defer stall.Stop()
	r := bufio.NewReaderSize(resp.Body, 64<<10)
	var buf []byte
	for {
		stall.Reset(stallAfter)
		kind, payload, err := readFrame(r, buf)
		stall.Stop()
		if err != nil {
			if cause := context.Cause(ctx); cause != nil {
				err = cause
			}
			return fmt.Errorf("read %s: %w", path, err)
		}
		buf = payload[:0]
		switch kind {
		case frameBeat:
			continue
		case frameEnd:
			return fmt.Errorf("read %s: the server ends it: %s", path, payload)
		}
		if err := fn(kind, payload); err != nil {
			return err
		}
		if err := context.Cause(ctx); err != nil {
			return err
		}
	}
}

// refused turns an answer without a stream into an error.
func refused(resp *http.Response) error {
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 512))
	why := strings.TrimSpace(string(text))
	if resp.StatusCode == http.StatusConflict {
		return fmt.Errorf("%w: %s", ErrAhead, why)
	}
	return fmt.Errorf("%s: %s", resp.Status, why)
}
