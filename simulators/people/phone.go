package people

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// phoneCall is what a provider of calls, texts or chat takes: who, what, and where the answers go. Callers'
// further fields are kept in the text of a webhook and ignored elsewhere.
type phoneCall struct {
	To        string   `json:"to"`
	From      string   `json:"from"`
	Text      string   `json:"text"`
	Subject   string   `json:"subject"`
	Ref       string   `json:"ref"`
	Ask       []string `json:"ask"` // ack when not given
	Callback  string   `json:"callback"`
	Signature string   `json:"-"`
}

// refusedCall is the gateway's answer to a message it does not take.
type refusedCall struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

const callBytes = 64 << 10

// gatewayRoutes serves the phone and SMS provider and the webhook receivers. A message that is accepted is
// answered 202 with its id: it has been taken, not delivered.
func (b *Inbox) gatewayRoutes() http.Handler {
	mux := http.NewServeMux()
	handle := func(path string, channel func(*http.Request) string) {
		mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
			id, err := b.takeCall(r, channel(r))
			status, body := http.StatusAccepted, any(map[string]string{"id": id, "status": "accepted"})
			if err != nil {
				refused := refusedCall{Title: "Bad message", Status: http.StatusBadRequest, Detail: err.Error()}
				if errors.Is(err, errChannelDead) {
					refused.Title, refused.Status = "Out of service", http.StatusServiceUnavailable
				} else if errors.Is(err, errBounced) {
					refused.Title, refused.Status = "Undeliverable", http.StatusUnprocessableEntity
				}
				status, body = refused.Status, refused
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_ = json.NewEncoder(w).Encode(body)
		})
	}
	handle("/"+ChannelPhone, func(*http.Request) string { return ChannelPhone })
	handle("/"+ChannelSMS, func(*http.Request) string { return ChannelSMS })
	handle("/webhook/{name}", func(r *http.Request) string { return ChannelHook + r.PathValue("name") })
	return mux
}

func (b *Inbox) takeCall(r *http.Request, channel string) (string, error) {
	text, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, callBytes))
	if err != nil {
		return "", fmt.Errorf("read the message: %w", err)
	}
	var c phoneCall
	if err := json.Unmarshal(text, &c); err != nil {
		return "", fmt.Errorf("the message is no JSON object: %w", err)
	}
	person := channel == ChannelPhone || channel == ChannelSMS
	if person && (c.To == "" || c.Text == "") {
		return "", errors.New(`a message to a person needs "to" and "text"`)
	}
	if !person && c.Text == "" {
		c.Text = string(text) // a webhook's own form
	}
	if c.Ask == nil {
		c.Ask = []string{"ack"}
	}
	return b.receive(Message{Channel: channel, From: c.From, To: c.To, Subject: c.Subject, Text: c.Text, Ref: c.Ref, Ask: c.Ask,
		Callback: c.Callback, Signature: r.Header.Get("X-Signature")})
}
