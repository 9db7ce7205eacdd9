package notify_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bongsu/bcp"
	"bongsu/bcp/notify"
	"bongsu/simulators/berth"
)

// What a gateway does decides what is certain: a refusal is, a silence is not, and only what was certainly
// not taken is tried again.
func TestWhatAGatewayDoesDecidesWhatIsCertain(t *testing.T) {
	cases := []struct {
		name    string
		behave  func(http.ResponseWriter, posted)
		sent    bool
		certain bool
		posts   int
		waits   time.Duration
	}{
		{"takes it", accept, true, false, 1, ample},
		{"takes it without a word", status(200), true, false, 1, ample},
		{"refuses the number", status(400), false, true, 1, ample},
		{"does not know us", status(401), false, true, 1, ample},
		{"is busy", status(429), false, true, 2, ample},
		{"sends us elsewhere", status(307), false, true, 1, ample},
		{"fails", status(503), false, false, 1, ample},
		{"says nothing", hang, false, false, 1, brief},
		{"hangs up after reading", vanish, false, false, 1, ample},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := startGateway(t, c.behave)
			s := newSender(t, map[string]notify.Channel{"sms": waiting(hook(g.url), c.waits)})
			_, err := s.Send(t.Context(), wake(notify.KindSMS))
			if (err == nil) != c.sent || errors.Is(err, bcp.ErrNotDone) != c.certain {
				t.Errorf("ended with %v", err)
			}
			if n := len(g.got()); n != c.posts {
				t.Errorf("%d attempts, want %d", n, c.posts)
			}
		})
	}
	elsewhere := startGateway(t, accept)
	g := startGateway(t, func(w http.ResponseWriter, _ posted) {
		w.Header().Set("Location", elsewhere.url)
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	s := newSender(t, map[string]notify.Channel{"sms": hook(g.url)})
	if _, err := s.Send(t.Context(), wake(notify.KindSMS)); !errors.Is(err, bcp.ErrNotDone) || len(elsewhere.got()) > 0 {
		t.Errorf("sent to a stranger: %v", err)
	}
	s = newSender(t, map[string]notify.Channel{"sms": hook("http://" + berth.Refusing(t))})
	if r, err := s.Send(t.Context(), wake(notify.KindSMS)); !errors.Is(err, bcp.ErrNotDone) || r.Tries != 2 {
		t.Errorf("nobody listens: %d attempts, %v", r.Tries, err)
	}
}

// The same for mail: until the text is sent nothing can have been taken; after it, only a number tells.
func TestWhatARelayDoesDecidesWhatIsCertain(t *testing.T) {
	cases := []struct {
		name    string
		replies map[string]string
		sent    bool
		certain bool
		after   string // the verb that tells how often it was tried
		tries   int
	}{
		{"takes it", nil, true, false, "END", 1},
		{"takes it and never says goodbye", map[string]string{"QUIT": ""}, true, false, "END", 1},
		{"is closed", map[string]string{"GREETING": "421 later"}, false, true, "GREETING", 2},
		{"wants none of us", map[string]string{"GREETING": "554 go away"}, false, true, "GREETING", 1},
		{"never greets", map[string]string{"GREETING": ""}, false, true, "GREETING", 2},
		{"does not like the sender", map[string]string{"MAIL": "550 no"}, false, true, "MAIL", 1},
		{"bounces the address", map[string]string{"RCPT": "550 no such mailbox"}, false, true, "RCPT", 1},
		{"has a full mailbox", map[string]string{"RCPT": "452 full"}, false, true, "RCPT", 2},
		{"hangs at the address", map[string]string{"RCPT": ""}, false, true, "RCPT", 2},
		{"refuses the text", map[string]string{"END": "554 spam"}, false, true, "END", 1},
		{"puts the text off", map[string]string{"END": "451 later"}, false, true, "END", 2},
		{"hangs after the text", map[string]string{"END": ""}, false, false, "END", 1},
		{"hangs up after the text", map[string]string{"END": "-"}, false, false, "END", 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := startRelay(t, c.replies)
			patience := ample
			for _, reply := range c.replies {
				if reply == "" {
					patience = brief
				}
			}
			s := newSender(t, map[string]notify.Channel{"email": waiting(mailTo(r.address), patience)})
			_, err := s.Send(t.Context(), wake(notify.KindEmail))
			if (err == nil) != c.sent || errors.Is(err, bcp.ErrNotDone) != c.certain {
				t.Errorf("ended with %v", err)
			}
			if n := r.count(c.after); n != c.tries {
				t.Errorf("%s came %d times, want %d", c.after, n, c.tries)
			}
		})
	}
}

// A relay swallowed the text and fell silent. Asking again gives the doubt again, and no second mail.
func TestADoubtIsNotResent(t *testing.T) {
	t.Parallel()
	r := startRelay(t, map[string]string{"END": ""})
	s := newSender(t, map[string]notify.Channel{"email": waiting(mailTo(r.address), brief)})
	for range 3 {
		if _, err := s.Send(t.Context(), wake(notify.KindEmail)); err == nil || errors.Is(err, bcp.ErrNotDone) {
			t.Fatalf("ended with %v, want a doubt", err)
		}
	}
	if n := len(r.taken()); n != 1 {
		t.Errorf("the relay has the mail %d times", n)
	}
}

// Twenty callers at once send one key once; what was certainly refused may be sent later.
func TestOneKeyIsSentOnce(t *testing.T) {
	g := startGateway(t, accept)
	s := newSender(t, map[string]notify.Channel{"sms": hook(g.url)})
	var before, first sync.Map
	var callers sync.WaitGroup
	for i := range 20 {
		callers.Go(func() {
			r, err := s.Send(t.Context(), wake(notify.KindSMS))
			if err != nil || r.ID != "g-1" {
				t.Errorf("%+v, %v", r, err)
			}
			if r.Before {
				before.Store(i, true)
			} else {
				first.Store(i, true)
			}
		})
	}
	callers.Wait()
	n := 0
	first.Range(func(any, any) bool { n++; return true })
	if n != 1 || len(g.got()) != 1 {
		t.Errorf("%d firsts, %d posts, want one of each", n, len(g.got()))
	}
	other := wake(notify.KindSMS)
	other.Person = "lee"
	if r, err := s.Send(t.Context(), other); err != nil || r.Before || len(g.got()) != 2 {
		t.Errorf("another person under the same key: %+v, %v", r, err)
	}

	var open atomic.Bool
	door := startGateway(t, func(w http.ResponseWriter, p posted) {
		if !open.Load() {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		accept(w, p)
	})
	s = newSender(t, map[string]notify.Channel{"sms": hook(door.url)})
	if _, err := s.Send(t.Context(), wake(notify.KindSMS)); !errors.Is(err, bcp.ErrNotDone) {
		t.Errorf("refused: %v", err)
	}
	open.Store(true)
	if r, err := s.Send(t.Context(), wake(notify.KindSMS)); err != nil || r.Before {
		t.Errorf("the door is open: %+v, %v", r, err)
	}
}

// A message carries what its reader and its gateway need, signed over time and body.
func TestWhatAGatewayIsGiven(t *testing.T) {
	g := startGateway(t, accept)
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte("from a file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := hook(g.url)
	c.SecretFile = filepath.Base(file)
	cfg := notify.Config{Callback: "http://console.example/answer/", Channels: map[string]notify.Channel{"sms": c}}
	s, err := notify.New(cfg, notify.Options{Secret: secret, Dir: filepath.Dir(file)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Send(t.Context(), wake(notify.KindSMS)); err != nil {
		t.Fatal(err)
	}
	p := g.got()[0]
	if p.To != "kim@demo" || p.From != "1588" || p.Ref != "incident/i1/2/0" || len(p.Ask) != 1 || p.Ask[0] != "ack" ||
		p.Text != "불이 났습니다.\nThere is a fire." || p.Subject != "긴급 호출 / Page" {
		t.Errorf("posted %+v", p)
	}
	token, ok := strings.CutPrefix(p.Callback, "http://console.example/answer/")
	if key, person, err := s.Callbacks().Open(token); !ok || err != nil || key != "incident/i1/2/0" || person != "kim" {
		t.Errorf("callback %s opens to %q, %q, %v", p.Callback, key, person, err)
	}
	mac := hmac.New(sha256.New, []byte("from a file"))
	mac.Write([]byte(p.header.Get("X-Timestamp") + "." + string(p.raw)))
	if want := "sha256=" + hex.EncodeToString(mac.Sum(nil)); p.header.Get("X-Signature") != want {
		t.Errorf("signed %s, want %s", p.header.Get("X-Signature"), want)
	}
}

// A password travels only inside TLS to the host that was named.
func TestMailWithLogin(t *testing.T) {
	certs := httptest.NewTLSServer(nil)
	defer certs.Close()
	trust := x509.NewCertPool()
	trust.AddCert(certs.Certificate())
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("rain\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	login := func(r *relay, roots *x509.CertPool) error {
		c := mailTo(r.address)
		c.StartTLS, c.User, c.PasswordFile = true, "bongsu", password
		s, err := notify.New(notify.Config{Callback: "http://c.example", Channels: map[string]notify.Channel{"email": c}},
			notify.Options{Secret: secret, TLS: &tls.Config{RootCAs: roots}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Send(t.Context(), wake(notify.KindEmail))
		return err
	}
	plain := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	start := func(right string, offered bool) *relay {
		r := &relay{login: plain(right), tried: map[string]int{}}
		if offered {
			r.tls = &tls.Config{Certificates: certs.TLS.Certificates}
		}
		r.listen(t)
		return r
	}
	r := start("\x00bongsu\x00rain", true)
	if err := login(r, trust); err != nil {
		t.Errorf("the right password: %v", err)
	}
	mails := r.taken()
	if len(mails) != 1 {
		t.Fatalf("mails %q", mails)
	}
	m, err := mail.ReadMessage(strings.NewReader(mails[0]))
	if err != nil || m.Header.Get("X-Ref") != "incident/i1/2/0" || !strings.HasPrefix(m.Header.Get("X-Callback"), "http://c.example/") ||
		m.Header.Get("X-Ask") != "ack" || m.Header.Get("Auto-Submitted") != "auto-generated" {
		t.Errorf("mail %q, %v", mails[0], err)
	}
	for name, refused := range map[string]error{
		"a wrong password": login(start("\x00bongsu\x00snow", true), trust),
		"an unknown host":  login(start("\x00bongsu\x00rain", true), x509.NewCertPool()),
		"no TLS offered":   login(start("\x00bongsu\x00rain", false), trust),
	} {
		if !errors.Is(refused, bcp.ErrNotDone) {
			t.Errorf("%s: %v", name, refused)
		}
	}
}

// A key of a playbook or a text of a person cannot add lines to a mail.
func TestNobodyWritesHeaders(t *testing.T) {
	r := startRelay(t, nil)
	s := newSender(t, map[string]notify.Channel{"email": mailTo(r.address)})
	m := wake(notify.KindEmail)
	m.Ref = "incident/x\r\nBcc: evil@example.com\r\n\r\nbody"
	m.Subject.KO = "a\r\nX-Evil: 1"
	if _, err := s.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(r.taken()[0], "\r\n\r\n")
	if strings.Contains(head, "\r\nBcc:") || strings.Contains(head, "\r\nX-Evil:") {
		t.Errorf("header:\n%s", head)
	}
	m = wake(notify.KindEmail)
	m.Ref, m.Address = "other", "kim@demo>\r\nRCPT TO:<evil@example.com"
	if _, err := s.Send(t.Context(), m); !errors.Is(err, bcp.ErrNotDone) {
		t.Errorf("a bent address: %v", err)
	}
}

// A caller who gives up is answered at once, whatever the gateway does.
func TestACallerMayGiveUp(t *testing.T) {
	for kind, channels := range map[string]map[string]notify.Channel{
		notify.KindSMS:   {"sms": hook(startGateway(t, hang).url)},
		notify.KindEmail: {"email": mailTo(startRelay(t, map[string]string{"GREETING": ""}).address)},
	} {
		for name, c := range channels {
			c.Timeout = time.Hour
			channels[name] = c
		}
		s := newSender(t, channels)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		began := time.Now()
		if _, err := s.Send(ctx, wake(kind)); err == nil {
			t.Errorf("%s: sent into a silence", kind)
		}
		cancel()
		if took := time.Since(began); took > 30*time.Second {
			t.Errorf("%s: held for %s", kind, took)
		}
		if _, err := s.Send(ctx, notify.Message{Ref: "late", Person: "kim", Kind: kind, Address: "kim@demo"}); !errors.Is(err, bcp.ErrNotDone) {
			t.Errorf("%s: after the end: %v", kind, err)
		}
	}
	s := newSender(t, map[string]notify.Channel{"sms": hook("http://" + berth.Refusing(t))})
	if _, err := s.Send(t.Context(), wake(notify.KindVoice)); !errors.Is(err, notify.ErrNoChannel) || !errors.Is(err, bcp.ErrNotDone) {
		t.Errorf("a kind nobody carries: %v", err)
	}
}
