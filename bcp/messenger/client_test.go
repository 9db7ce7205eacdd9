package messenger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"bongsu/bcp"
	"bongsu/simulators/berth"
)

// ample is what a server that answers is given, on however busy a machine.
const ample = time.Minute

// served is a messenger whose three sites are one real server on a socket.
func served(t *testing.T, handle http.HandlerFunc) *Messenger {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	cfg := fakeConfig()
	for i := range cfg.Sites {
		cfg.Sites[i].Admin, cfg.Sites[i].Public = server.URL, server.Listener.Addr().String()
	}
	cfg.Timeouts = Timeouts{Poll: ample, Order: ample, Promote: ample, Check: ample}
	m, err := New(cfg, "", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func saying(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

const someState = `{"site":"dc2","power":true,"groups":{"account":{"role":"replica","epoch":3}},"later":"a field from tomorrow"}`

// An order that failed is certainly without effect, too old, or unknown; nothing unknown may pass for the others.
func TestWhatAFailedOrderProves(t *testing.T) {
	problem := func(status int, code string) http.HandlerFunc {
		return saying(status, fmt.Sprintf(`{"status":200,"code":%q,"detail":"no","epoch":9,"primary":"dc3"}`, code))
	}
	cut := func(when string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			if when == "in the answer" {
				_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"site\":")
			}
			_ = conn.(*net.TCPConn).SetLinger(0)
			_ = conn.Close()
		}
	}
	cases := []struct {
		name   string
		answer http.HandlerFunc
		want   string
		code   string
		silent bool
		hangs  bool
	}{
		{"obeyed", saying(200, someState), "done", "", false, false},
		{"a newer epoch", problem(409, "stale-epoch"), "stale", "stale-epoch", false, false},
		{"another site's epoch", problem(409, "epoch-claims"), "not-done", "epoch-claims", false, false},
		{"a hole", problem(412, "hole"), "not-done", "hole", false, false},
		{"another name", problem(421, "wrong-host"), "not-done", "wrong-host", false, false},
		{"no token", problem(401, "no-session"), "not-done", "no-session", false, false},
		{"a refusal without words", saying(403, "<html>"), "not-done", "Forbidden", false, false},
		{"no majority", problem(503, "no-majority"), "unknown", "no-majority", false, false},
		{"a broken site", saying(500, ""), "unknown", "Internal Server Error", false, false},
		{"a way to somewhere else", saying(307, ""), "unknown", "Temporary Redirect", false, false},
		{"another site", saying(200, strings.Replace(someState, "dc2", "dc3", 1)), "unknown", "", false, false},
		{"no answer that makes sense", saying(200, "<html>"), "unknown", "", false, false},
		{"an answer without stores", saying(200, `{"site":"dc2"}`), "unknown", "", false, false},
		{"a role that is none", saying(200, strings.Replace(someState, "replica", "king", 1)), "unknown", "", false, false},
		{"cut after it was sent", cut("at once"), "unknown", "", true, false},
		{"cut in the answer", cut("in the answer"), "unknown", "", true, false},
		{"never answered", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "unknown", "", true, true},
	}
	for _, c := range cases {
		m := served(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // so that the server notices when the caller goes
			c.answer(w, r)
		})
		if c.hangs {
			m.client.cfg.Timeouts.Order = 2 * time.Second
		}
		_, err := m.client.Order(t.Context(), "dc2", OrderReadOnly, Order{Epoch: 2})
		mustBe(t, c.name, err, c.want)
		if code(err) != c.code || errors.Is(err, ErrSilent) != c.silent {
			t.Errorf("%s: code %q, silent %v: %v", c.name, code(err), errors.Is(err, ErrSilent), err)
		}
	}
}

// Where nobody listens nothing was sent, and a site that is not configured is asked nothing.
func TestNothingWasSent(t *testing.T) {
	m := served(t, saying(200, someState))
	m.cfg.Sites[1].Admin = "http://" + berth.Refusing(t)
	m.client.cfg = m.cfg
	_, err := m.client.Order(t.Context(), "dc2", OrderPromote, Order{Epoch: 2})
	mustBe(t, "a closed port", err, "not-done")
	if !errors.Is(err, ErrSilent) {
		t.Errorf("a closed port is an answer: %v", err)
	}
	_, err = m.client.State(t.Context(), "dc9")
	mustBe(t, "a site nobody knows", err, "not-done")
	if !errors.Is(err, bcp.ErrNoSuch) {
		t.Errorf("a site nobody knows: %v", err)
	}
}

// The token goes to operators' calls and never to the front door; the public name goes to the front door.
func TestWhoSeesTheToken(t *testing.T) {
	seen := map[string]string{}
	m := served(t, func(w http.ResponseWriter, r *http.Request) {
		seen[r.URL.Path] = r.Header.Get("Authorization") + " " + r.Host
		_, _ = io.WriteString(w, someState)
	})
	if _, err := m.client.State(t.Context(), "dc2"); err != nil {
		t.Fatal(err)
	}
	if err := m.client.Front(t.Context(), "dc2"); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(seen["/admin/v1/state"], "Bearer t 127.") || seen["/healthz"] != " api.talk.test" {
		t.Errorf("%q", seen)
	}
}

// Every call has a connection of its own: one that was kept would make it doubtful whether an order was sent.
func TestEveryCallHasItsConnection(t *testing.T) {
	seen := map[string]bool{}
	m := served(t, func(w http.ResponseWriter, r *http.Request) {
		seen[r.RemoteAddr] = true
		_, _ = io.WriteString(w, someState)
	})
	for range 3 {
		if _, err := m.client.State(t.Context(), "dc2"); err != nil {
			t.Fatal(err)
		}
	}
	if len(seen) != 3 {
		t.Errorf("%d connections", len(seen))
	}
}

// A check is only worth what the right site says about the right check.
func TestACheckIsOfTheRightSite(t *testing.T) {
	cases := []struct {
		name, body string
		status     int
		good       bool
	}{
		{"passed", `{"site":"dc2","check":"send","ok":true,"ms":3}`, 200, true},
		{"of another site", `{"site":"dc1","check":"send","ok":true}`, 200, false},
		{"another check", `{"site":"dc2","check":"login","ok":true}`, 200, false},
		{"not passed", `{"site":"dc2","check":"send","ok":false}`, 200, false},
		{"refused", `{"code":"check-failed","detail":"send: no-majority"}`, 503, false},
		{"no words", ``, 200, false},
	}
	for _, c := range cases {
		_, err := served(t, saying(c.status, c.body)).client.Synthetic(t.Context(), "dc2", "send")
		if (err == nil) != c.good {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// front is a front door whose answers a test may spoil.
func front(spoil map[string]http.HandlerFunc, logins *int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.Path
		if strings.HasPrefix(path, "/v1/messages/") {
			path = "/v1/messages/{id}"
		}
		if path == "/v1/login" {
			*logins++
		}
		if h := spoil[path]; h != nil {
			h(w, r)
			return
		}
		body, _ := io.ReadAll(r.Body)
		switch path {
		case "/v1/login":
			_, _ = io.WriteString(w, `{"session":"abc"}`)
		case "/v1/connection":
			fmt.Fprintf(w, `{"site":"dc2","address":%q,"path":"/ws","epoch":2}`, r.Context().Value(http.LocalAddrContextKey))
		case "/v1/messages":
			_, _ = io.WriteString(w, strings.Replace(string(body), "{", `{"seq":5,"site":"dc2",`, 1))
		default:
			http.Error(w, "{}", http.StatusNotFound)
		}
	}
}

// What breaks a user's trip, wherever it happens, breaks it as a whole.
func TestATripIsGoodAsAWholeOnly(t *testing.T) {
	echo := func(site, role string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			id := strings.TrimPrefix(r.URL.Path, "/v1/messages/")
			fmt.Fprintf(w, `{"id":%q,"body":"probe 0","site":%q,"role":%q}`, id, site, role)
		}
	}
	cases := []struct {
		name  string
		path  string
		spoil http.HandlerFunc
		good  bool
	}{
		{"read back by the site that took it", "/v1/messages/{id}", echo("dc2", "primary"), true},
		{"read back by another site", "/v1/messages/{id}", echo("dc1", "primary"), false},
		{"read back by a replica", "/v1/messages/{id}", echo("dc2", "replica"), false},
		{"read back with other words", "/v1/messages/{id}", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"body":"something else","site":"dc2","role":"primary"}`)
		}, false},
		{"not there", "/v1/messages/{id}", saying(404, "{}"), false},
		{"no login", "/v1/login", saying(401, `{"code":"no-session"}`), false},
		{"a login without session", "/v1/login", saying(200, `{}`), false},
		{"sent nowhere", "/v1/connection", saying(200, `{"site":"dc2","address":"nowhere"}`), false},
		{"not acknowledged", "/v1/messages", saying(503, `{"code":"no-majority"}`), false},
		{"another message acknowledged", "/v1/messages", saying(200, `{"id":"other","seq":3,"site":"dc2"}`), false},
	}
	for _, c := range cases {
		logins := 0
		spoil := map[string]http.HandlerFunc{"/v1/messages/{id}": echo("dc2", "primary"), c.path: c.spoil}
		m := served(t, front(spoil, &logins))
		u := m.client.User()
		u.body = func(time.Time) string { return "probe 0" }
		trip := u.Travel(t.Context(), m.cfg.Sites[1].Public)
		if (trip.Err == nil) != c.good || c.good != (trip.Site == "dc2") || trip.Began.IsZero() || trip.Ended.Before(trip.Began) {
			t.Errorf("%s: %+v", c.name, trip)
		}
	}
}

// In a login storm the user goes on with the session it has, and says so.
func TestAThrottledLoginUsesTheOldSession(t *testing.T) {
	logins := 0
	spoil := map[string]http.HandlerFunc{"/v1/messages/{id}": func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"id":%q,"body":"probe 0","site":"dc2","role":"primary"}`, strings.TrimPrefix(r.URL.Path, "/v1/messages/"))
	}}
	m := served(t, front(spoil, &logins))
	u := m.client.User()
	u.body = func(time.Time) string { return "probe 0" }
	if trip := u.Travel(t.Context(), m.cfg.Sites[1].Public); trip.Err != nil || trip.Throttled {
		t.Fatalf("%+v", trip)
	}
	spoil["/v1/login"] = saying(429, `{"code":"throttled"}`)
	if trip := u.Travel(t.Context(), m.cfg.Sites[1].Public); trip.Err != nil || !trip.Throttled || trip.Site != "dc2" {
		t.Errorf("%+v", trip)
	}
	if trip := m.client.User().Travel(t.Context(), m.cfg.Sites[1].Public); trip.Err == nil {
		t.Errorf("a user without a session came in: %+v", trip)
	}
	if logins != 3 {
		t.Errorf("%d logins, want one a trip", logins)
	}
}

// A caller that gives up ends the call, whatever the site does.
func TestACallEndsWithItsCaller(t *testing.T) {
	m := served(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := m.client.State(ctx, "dc2"); err == nil {
		t.Error("an answer from nowhere")
	}
}
