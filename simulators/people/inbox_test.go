package people

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/smtp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wneessen/go-mail"

	"bongsu/facility"
)

// startInbox receives on free ports for three kinds of people and two who vote.
func startInbox(t *testing.T) *Inbox {
	t.Helper()
	b := New([]facility.Person{
		{ID: "kim", Mail: "kim@demo", Phone: "+82-1", Deliver: 10 * time.Millisecond, Ack: 10 * time.Millisecond, Join: 10 * time.Millisecond, Vote: "yes"},
		{ID: "lee", Mail: "lee@demo", Phone: "+82-2", Ack: -1},
		{ID: "park", Mail: "park@demo", Phone: "+82-3", Dead: []string{ChannelPhone}},
		{ID: "choi", Phone: "+82-4", Vote: "no", VoteDelay: 50 * time.Millisecond},
		{ID: "jung", Phone: "+82-5", Vote: "yes", VoteDelay: -1},
	}, slog.New(slog.DiscardHandler))
	if err := b.Open("127.0.0.1:0", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the inbox ended with %v", err)
		}
	})
	return b
}

// callbacks collects what people answer.
type callbacks struct {
	mu    sync.Mutex
	calls []answerCall
	url   string
}

func listenForAnswers(t *testing.T) *callbacks {
	c := &callbacks{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var a answerCall
		if err := json.NewDecoder(r.Body).Decode(&a); err != nil {
			t.Errorf("callback: %v", err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.calls = append(c.calls, a)
	}))
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

// of lists the events that came for one sender's reference.
func (c *callbacks) of(ref string) (events []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range c.calls {
		if a.Ref == ref {
			events = append(events, strings.TrimSuffix(a.Event+":"+a.Value, ":"))
		}
	}
	return events
}

func post(t *testing.T, url, body string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "POST", url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Signature", "sig")
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

// Each person does with a message what they do, and says so at the callback; a dead channel delivers nothing.
func TestPeopleAnswer(t *testing.T) {
	answers := listenForAnswers(t)
	b := startInbox(t)
	at := "http://" + b.Addresses().Gateway
	cases := []struct {
		ref, path, to, ask string
		status             int
		want               []string
	}{
		{"page", "/phone", "+82-1", `["ack"]`, 202, []string{"delivered", "acked"}},
		{"summon", "/sms", "+82-1", `["ack","join"]`, 202, []string{"delivered", "acked", "joined"}},
		{"motion", "/webhook/board", "kim", `["vote"]`, 202, []string{"delivered", "acked", "voted:yes"}},
		{"never acks", "/sms", "+82-2", `["ack"]`, 202, []string{"delivered"}},
		{"dead phone", "/phone", "+82-3", `["ack"]`, 202, nil},
		{"unknown number", "/phone", "+82-999", `["ack"]`, 202, []string{"delivered"}},
		{"nobody", "/phone", "", `["ack"]`, 400, nil},
		{"news", "/webhook/room", "", `[]`, 202, []string{"delivered"}},
	}
	for _, c := range cases {
		body := `{"to":"` + c.to + `","text":"fire","ref":"` + c.ref + `","ask":` + c.ask + `,"callback":"` + answers.url + `"}`
		if status := post(t, at+c.path, body); status != c.status {
			t.Errorf("%s: status %d, want %d", c.ref, status, c.status)
		}
	}
	for _, c := range cases {
		eventually(t, c.ref+" answered", func() bool { return slices.Equal(answers.of(c.ref), c.want) })
	}
	state := b.State()
	if state.Total != 7 || state.Items[0].Ref != "news" || state.Items[6].Signature != "sig" || state.Items[6].Acked == nil || state.Items[2].Delivered != nil {
		t.Errorf("the inbox lists %+v", state)
	}
	if status := post(t, at+"/phone", "no json"); status != 400 {
		t.Errorf("garbage: %d", status)
	}
}

// A committee decides in its own time, or keeps silent; when it speaks again it answers what it was asked.
func TestPeopleDecideOrKeepSilent(t *testing.T) {
	answers := listenForAnswers(t)
	b := startInbox(t)
	ask := func(ref, to string) {
		body := `{"to":"` + to + `","text":"declare?","ref":"` + ref + `","ask":["join","vote"],"callback":"` + answers.url + `"}`
		if status := post(t, "http://"+b.Addresses().Gateway+"/sms", body); status != 202 {
			t.Fatalf("%s: status %d", ref, status)
		}
	}
	is := func(ref string, want ...string) {
		t.Helper()
		eventually(t, ref, func() bool { return slices.Equal(answers.of(ref), want) })
	}
	ask("choi thinks", "choi")
	is("choi thinks", "delivered", "acked", "joined", "voted:no")
	if m := b.State().Items[0]; m.Voted.Sub(*m.Joined) < 50*time.Millisecond {
		t.Errorf("voted %v after joining, want 50 ms of thought", m.Voted.Sub(*m.Joined))
	}
	b.Silence("f1", &Silence{Who: "kim", VoteOnly: true})
	ask("kim abstains", "kim")
	ask("others do not", "choi")
	is("others do not", "delivered", "acked", "joined", "voted:no")
	is("kim abstains", "delivered", "acked", "joined")
	b.Silence("f2", &Silence{Who: Everybody})
	ask("nobody answers", "choi")
	ask("never decides", "jung")
	is("nobody answers", "delivered")
	is("never decides", "delivered")
	b.Silence("f2", nil)
	is("nobody answers", "delivered", "acked", "joined", "voted:no")
	is("never decides", "delivered", "acked", "joined")
	is("kim abstains", "delivered", "acked", "joined")
	b.Silence("f1", nil)
	is("kim abstains", "delivered", "acked", "joined", "voted:yes")
}

// A provider that is down says so; one that swallows messages says nothing.
func TestDeadChannels(t *testing.T) {
	answers := listenForAnswers(t)
	b := startInbox(t)
	at := "http://" + b.Addresses().Gateway + "/phone"
	body := `{"to":"+82-1","text":"fire","ref":"x","callback":"` + answers.url + `"}`
	b.SetDead(ChannelPhone, "refuse")
	if status := post(t, at, body); status != 503 {
		t.Errorf("a refusing gateway answered %d", status)
	}
	b.SetDead(ChannelPhone, "silent")
	if status := post(t, at, body); status != 202 {
		t.Errorf("a swallowing gateway answered %d", status)
	}
	b.SetDead(ChannelPhone, "")
	if status := post(t, at, strings.Replace(body, `"x"`, `"y"`, 1)); status != 202 {
		t.Errorf("a healed gateway answered %d", status)
	}
	eventually(t, "the healed one delivers", func() bool { return len(answers.of("y")) == 2 })
	if got := answers.of("x"); got != nil {
		t.Errorf("the swallowed message was answered: %v", got)
	}
}

// Mail of a real client, in Korean and in two parts, is read as it was meant.
func TestMailFromARealClient(t *testing.T) {
	answers := listenForAnswers(t)
	b := startInbox(t)
	host, portText, err := net.SplitHostPort(b.Addresses().SMTP)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		t.Fatal(err)
	}
	m := mail.NewMsg()
	for _, err := range []error{m.From("bongsu@demo"), m.To("kim@demo", "lee@demo")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	m.Subject("배터리실 화재")
	m.SetBodyString(mail.TypeTextPlain, "B1 배터리실에서 불이 났습니다.\r\n.점으로 시작하는 줄")
	m.AddAlternativeString(mail.TypeTextHTML, "<b>fire</b>")
	m.SetGenHeader("X-Ref", "mail-1")
	m.SetGenHeader("X-Ask", "ack, join")
	m.SetGenHeader("X-Callback", answers.url)
	c, err := mail.NewClient(host, mail.WithPort(port), mail.WithTLSPolicy(mail.NoTLS))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.DialAndSendWithContext(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	eventually(t, "kim joins, lee only gets it", func() bool { return len(answers.of("mail-1")) == 4 })
	items := b.State().Items
	if len(items) != 2 || items[0].Subject != "배터리실 화재" || !strings.Contains(items[0].Text, "불이 났습니다.\r\n.점으로") && !strings.Contains(items[0].Text, "불이 났습니다.\n.점으로") {
		t.Errorf("read as %+v", items)
	}
}

func TestMailRefusals(t *testing.T) {
	b := startInbox(t)
	b.SetDead(ChannelMail, "refuse")
	c, err := smtp.Dial(b.Addresses().SMTP)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Mail("a@demo"); err == nil {
		t.Error("a dead mail server took a message")
	}
	b.SetDead(ChannelMail, "")
	steps := []struct {
		send string
		want string
	}{
		{"RCPT TO:<kim@demo>", "503"}, {"DATA", "503"}, {"MAIL FROM:a@demo", "501"}, {"MAIL FROM:<a@demo> SIZE=12", "250"},
		{"RCPT TO:<>", "501"}, {"BOGUS", "502"}, {"RSET", "250"}, {"NOOP", "250"}, {"RCPT TO:<kim@demo>", "503"},
	}
	for _, s := range steps {
		id, err := c.Text.Cmd("%s", s.send)
		if err != nil {
			t.Fatal(err)
		}
		c.Text.StartResponse(id)
		line, err := c.Text.ReadLine()
		c.Text.EndResponse(id)
		if err != nil || !strings.HasPrefix(line, s.want) {
			t.Errorf("%s: %q, %v; want %s", s.send, line, err, s.want)
		}
	}
}

// eventually waits until a condition holds; what is waited for is named in the failure.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	const patience = 60 * time.Second
	deadline := time.Now().Add(patience)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", patience, what)
		}
		select {
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}
