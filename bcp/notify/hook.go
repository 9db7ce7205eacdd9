package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strconv"
	"sync/atomic"
	"time"
)

// The headers of a signed post. The signature is "sha256=" and the hex HMAC-SHA-256 of the timestamp (Unix
// seconds), a dot and the body.
const (
	headerTimestamp = "X-Timestamp"
	headerSignature = "X-Signature"
)

const maxAnswer = 64 << 10

// hookBody is what a gateway for calls, texts, chat or boards takes.
type hookBody struct {
	To       string   `json:"to"`
	From     string   `json:"from,omitempty"`
	Subject  string   `json:"subject"`
	Text     string   `json:"text"`
	Ref      string   `json:"ref"`
	Ask      []string `json:"ask"`
	Callback string   `json:"callback,omitempty"`
}

// hookCarrier posts messages to one URL.
type hookCarrier struct {
	url    string
	from   string
	key    Secret
	client *http.Client
}

func newHookCarrier(c Channel, sec secrets) (carrier, error) {
	return &hookCarrier{url: c.URL, from: c.From, key: sec.key, client: &http.Client{
		Transport: &http.Transport{TLSClientConfig: sec.tls, MaxIdleConns: c.Parallel, MaxIdleConnsPerHost: c.Parallel,
			IdleConnTimeout: 30 * time.Second, ForceAttemptHTTP2: true},
		// A redirect would send people's addresses and tokens to somebody the site file does not name.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

func (h *hookCarrier) close() { h.client.CloseIdleConnections() }

func (h *hookCarrier) carry(ctx context.Context, m Message) (string, error) {
	body, err := json.Marshal(hookBody{To: m.Address, From: h.from, Subject: both(m.Subject, " / "), Text: both(m.Text, "\n"), Ref: m.Ref,
		Ask: append([]string{}, m.Ask...), Callback: m.Callback})
	if err != nil {
		return "", &fault{err: err, certain: true, personal: true}
	}
	// Until there is a connection nothing can have been taken; from then on only an answer tells.
	var connected atomic.Bool
	trace := &httptrace.ClientTrace{
		GetConn: func(string) { connected.Store(false) },
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	}
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, trace), http.MethodPost, h.url, bytes.NewReader(body))
	if err != nil {
		return "", &fault{err: err, certain: true}
	}
	req.Header.Set("Content-Type", "application/json")
	if h.key != "" {
		at := strconv.FormatInt(time.Now().Unix(), 10)
		req.Header.Set(headerTimestamp, at)
		req.Header.Set(headerSignature, signature(h.key, at, body))
	}
	resp, err := h.client.Do(req)
	if err != nil {
		// The address of a hook may be a secret itself; the cause is told without it.
		if failed := (*url.Error)(nil); errors.As(err, &failed) {
			err = failed.Err
		}
		return "", &fault{err: err, certain: !connected.Load(), later: true}
	}
	defer resp.Body.Close()
	return readAnswer(resp)
}

func signature(key Secret, at string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(at + "."))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// personalStatus are the refusals that concern one message and not the gateway.
var personalStatus = []int{http.StatusBadRequest, http.StatusGone, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity}

// readAnswer takes the gateway's word. A server error is not certain: the part that failed may stand behind
// the part that has passed the message on.
func readAnswer(resp *http.Response) (string, error) {
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	switch code := resp.StatusCode; {
	case code >= 200 && code < 300:
		var taken struct {
			ID string `json:"id"`
		}
		// The status is the gateway's word; an id it did not give, or that was lost on the way, changes nothing.
		if err == nil {
			_ = json.Unmarshal(text, &taken)
		}
		return clip(taken.ID, maxField), nil
	case code >= 500:
		return "", &fault{err: refusal(resp, text)}
	default:
		later := code == http.StatusTooManyRequests || code == http.StatusRequestTimeout
		return "", &fault{err: refusal(resp, text), certain: true, later: later, personal: slices.Contains(personalStatus, code)}
	}
}

func refusal(resp *http.Response, text []byte) error {
	if said := clip(string(text), 200); said != "" {
		return fmt.Errorf("the gateway answered %s: %s", resp.Status, said)
	}
	return errors.New("the gateway answered " + resp.Status)
}
