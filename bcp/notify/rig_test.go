package notify_test

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"bongsu/bcp"
	"bongsu/bcp/notify"
	"bongsu/facility"
)

var (
	secret = []byte("a secret of the tests, long enough for a MAC")
	// The instant of the fire whose outage taught all this.
	fire = time.Date(2022, 10, 15, 6, 19, 0, 0, time.UTC)
)

// posted is one request as a gateway got it.
type posted struct {
	To, From, Subject, Text, Ref, Callback string
	Ask                                    []string
	header                                 http.Header
	raw                                    []byte
	gone                                   <-chan struct{}
}

// gateway is a provider of calls and texts that behaves as a test wants.
type gateway struct {
	url string

	mu    sync.Mutex
	posts []posted
}

// accept is a gateway that takes everything.
func accept(w http.ResponseWriter, _ posted) {
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"id":"g-1"}`)
}

func status(code int) func(http.ResponseWriter, posted) {
	return func(w http.ResponseWriter, _ posted) { w.WriteHeader(code) }
}

// hang answers when the sender has given up.
func hang(_ http.ResponseWriter, p posted) { <-p.gone }

// vanish closes the connection instead of an answer.
func vanish(http.ResponseWriter, posted) { panic(http.ErrAbortHandler) }

func startGateway(t testing.TB, behave func(http.ResponseWriter, posted)) *gateway {
	t.Helper()
	g := &gateway{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var p posted
		raw, err := io.ReadAll(r.Body)
		if err == nil {
			err = json.Unmarshal(raw, &p)
		}
		if err != nil {
			t.Errorf("the gateway was sent %q: %v", raw, err)
		}
		p.header, p.raw, p.gone = r.Header.Clone(), raw, r.Context().Done()
		g.mu.Lock()
		g.posts = append(g.posts, p)
		g.mu.Unlock()
		behave(w, p)
	}))
	t.Cleanup(server.Close)
	t.Cleanup(server.CloseClientConnections)
	g.url = server.URL
	return g
}

func (g *gateway) got() []posted {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]posted(nil), g.posts...)
}

// relay is a mail server that says what a test tells it to. A reply of "" never comes; "-" hangs up.
type relay struct {
	address string
	replies map[string]string // by verb; also GREETING and END (of the text)
	tls     *tls.Config
	login   string // AUTH PLAIN that is right
	onMail  func(to string)

	mu    sync.Mutex
	tried map[string]int // verbs that came
	mails []string
}

func startRelay(t testing.TB, replies map[string]string) *relay {
	t.Helper()
	r := &relay{replies: replies, tried: map[string]int{}}
	r.listen(t)
	return r
}

func (r *relay) listen(t testing.TB) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.address = l.Addr().String()
	var sessions sync.WaitGroup
	open := map[net.Conn]bool{}
	sessions.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			r.mu.Lock()
			open[c] = true
			r.mu.Unlock()
			sessions.Go(func() {
				r.session(c)
				_ = c.Close()
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		r.mu.Lock()
		for c := range open {
			_ = c.Close()
		}
		r.mu.Unlock()
		sessions.Wait()
	})
}

func (r *relay) session(c net.Conn) {
	in, to := bufio.NewReader(c), ""
	if !r.say(c, "GREETING", "220 relay") {
		return
	}
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		verb = strings.ToUpper(verb)
		answer := "250 ok"
		if verb == "RCPT" {
			to = strings.Trim(strings.TrimPrefix(rest, "TO:"), "<>")
		}
		switch {
		case verb == "EHLO" && r.tls != nil:
			answer = "250-relay\r\n250-STARTTLS\r\n250 AUTH PLAIN"
		case verb == "EHLO":
			answer = "250-relay\r\n250 8BITMIME"
		case verb == "AUTH" && rest != "PLAIN "+r.login:
			answer = "535 who are you"
		case verb == "AUTH":
			answer = "235 welcome"
		case verb == "STARTTLS":
			answer = "220 go"
		case verb == "DATA":
			answer = "354 go"
		case verb == "QUIT":
			answer = "221 bye"
		}
		if !r.say(c, verb, answer) {
			return
		}
		switch {
		case verb == "STARTTLS":
			c = tls.Server(c, r.tls)
			in = bufio.NewReader(c)
		case verb == "DATA" && r.replies[verb] == "":
			if !r.text(c, in) {
				return
			}
			if r.onMail != nil {
				r.onMail(to)
			}
		}
	}
}

// text reads a mail to its final dot.
func (r *relay) text(c net.Conn, in *bufio.Reader) bool {
	var mail strings.Builder
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		mail.WriteString(line)
	}
	r.mu.Lock()
	r.mails = append(r.mails, mail.String())
	r.mu.Unlock()
	return r.say(c, "END", "250 taken")
}

// say answers a verb; false when the session is over.
func (r *relay) say(c net.Conn, verb, answer string) bool {
	r.mu.Lock()
	r.tried[verb]++
	reply, scripted := r.replies[verb]
	r.mu.Unlock()
	switch {
	case !scripted:
		reply = answer
	case reply == "-":
		return false
	case reply == "":
		_, _ = io.Copy(io.Discard, c) // until the sender gives up
		return false
	}
	_, err := fmt.Fprintf(c, "%s\r\n", reply)
	return err == nil
}

func (r *relay) count(verb string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tried[verb]
}

func (r *relay) taken() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.mails...)
}

func newSender(t testing.TB, channels map[string]notify.Channel) *notify.Sender {
	t.Helper()
	cfg := notify.Config{Callback: "http://console.example/answer", Channels: channels, Lane: bcp.Lane{PerSecond: 1000}}
	cfg.Check("notify", func(path, format string, args ...any) { t.Errorf("%s: %s", path, fmt.Sprintf(format, args...)) })
	s, err := notify.New(cfg, notify.Options{Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// How long a channel waits for an answer: ample where one is to come, on however busy a machine; brief where none will.
const (
	ample = time.Minute
	brief = 2 * time.Second
)

// hook is a channel to a gateway that answers.
func hook(url string) notify.Channel {
	return notify.Channel{Kind: notify.KindSMS, Domain: "telco", URL: url, From: "1588", Timeout: ample, Retries: new(1)}
}

func mailTo(address string) notify.Channel {
	return notify.Channel{Kind: notify.KindEmail, Domain: "mail", SMTP: address, From: "bongsu@demo", Timeout: ample, Retries: new(1)}
}

// waiting is a channel that waits for so long.
func waiting(c notify.Channel, patience time.Duration) notify.Channel {
	c.Timeout = patience
	return c
}

// wake is a text to Kim.
func wake(kind string) notify.Message {
	return notify.Message{Ref: "incident/i1/2/0", Person: "kim", Channel: kind, Kind: kind, Address: "kim@demo", Domain: "any",
		Subject: facility.Text{KO: "긴급 호출", EN: "Page"}, Text: facility.Text{KO: "불이 났습니다.", EN: "There is a fire."}, Ask: []string{notify.AskAck}}
}

// eventually waits for what other goroutines bring about.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !holds(); {
		if time.Now().After(end) {
			t.Fatalf("not within a minute: %s", what)
		}
		select {
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}
