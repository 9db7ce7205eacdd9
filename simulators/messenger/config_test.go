package messenger

import (
	"io"
	"log/slog"
	"net/http"
	"testing"

	"bongsu/simulators/world"
)

// Only who bears the operators' token is answered at the admin doors; the users' doors stay as they are.
func TestAdminCallsNeedTheToken(t *testing.T) {
	r := startMessenger(t, 1, 0)
	user := r.probe("dc1")
	cases := []struct {
		name, header, method, path string
		want                       int
	}{
		{"nobody", "", "GET", "/admin/v1/state", 401},
		{"a wrong token", "Bearer rig", "GET", "/admin/v1/state", 401},
		{"the token without its scheme", "rig-admin", "GET", "/admin/v1/state", 401},
		{"a user", "Bearer " + user.session, "POST", "/admin/v1/freeze", 401},
		{"nobody, to promote", "", "POST", "/admin/v1/promote", 401},
		{"an operator", "Bearer rig-admin", "GET", "/admin/v1/state", 200},
		{"anybody, whether it lives", "", "GET", "/healthz", 200},
	}
	for _, c := range cases {
		req, err := http.NewRequestWithContext(t.Context(), c.method, "http://"+r.site("dc1").address+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.header != "" {
			req.Header.Set("Authorization", c.header)
		}
		resp, err := user.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if resp.StatusCode != c.want {
			t.Errorf("%s: %d, want %d", c.name, resp.StatusCode, c.want)
		}
		if problem := resp.Header.Get("Content-Type") == "application/problem+json"; problem != (c.want == 401) || problem && resp.Header.Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("%s: answered with %v", c.name, resp.Header)
		}
	}
	if s := r.site("dc1").state(); s.Frozen || !s.Serving {
		t.Errorf("a refused order was obeyed: %+v", s)
	}
	if open := (&site{}); !open.isOperator("") {
		t.Error("a site without a token asks for one")
	}
}

// Somebody changes one site by hand: it is told apart from the others until the change is taken back.
func TestConfigurationDriftIsSeen(t *testing.T) {
	w, err := New(rigConfig(1, 0), "", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	version := func(i int) string { return w.sites[i].state().Config }
	sound := version(0)
	if sound == "" || version(1) != sound || version(2) != sound {
		t.Fatalf("the sites begin as %q, %q, %q", version(0), version(1), version(2))
	}
	heal, err := w.Inject(world.Fault{Kind: ConfigDrift, Target: "dc2"}, "w1")
	if err != nil {
		t.Fatal(err)
	}
	if version(0) != sound || version(1) == sound || version(2) != sound {
		t.Errorf("with a drift at dc2: %q, %q, %q", version(0), version(1), version(2))
	}
	if heal(); version(1) != sound {
		t.Errorf("taken back: %q", version(1))
	}
	larger := rigConfig(1, 0)
	larger.Capacity *= 2
	if w, err := New(larger, "", w.log); err != nil || w.sites[0].state().Config == sound {
		t.Errorf("another capacity is the same configuration: %v", err)
	}
}

// A frozen site takes no deployment until it is thawed; a power loss does not thaw it.
func TestFreezeHoldsDeploymentsBack(t *testing.T) {
	r := startMessenger(t, 1, 0)
	if st, err := r.order("dc2", "freeze", map[string]any{"on": true, "dry_run": true}); err != nil || st.Frozen {
		t.Errorf("a dry run: %v, frozen %v", err, st.Frozen)
	}
	before, err := r.order("dc2", "freeze", map[string]any{"on": true})
	if err != nil || !before.Frozen {
		t.Fatalf("freeze: %v, %+v", err, before)
	}
	heal, err := r.w.Inject(world.Fault{Kind: ConfigDrift, Target: "dc2", Params: world.FaultParams{Mode: "deploy"}}, "w1")
	if err != nil {
		t.Fatal(err)
	}
	r.w.setDark("dc2", "test", true)
	eventually(t, "dc2 is off", func() bool { return !r.site("dc2").state().Power })
	r.w.setDark("dc2", "test", false)
	eventually(t, "dc2 is on", func() bool { return r.site("dc2").state().Power })
	if st, err := r.order("dc2", "state", nil); err != nil || !st.Frozen || st.Config != before.Config {
		t.Errorf("after a power loss: %v, frozen %v, version %q, want %q", err, st.Frozen, st.Config, before.Config)
	}
	if st, err := r.order("dc2", "freeze", map[string]any{"on": false}); err != nil || st.Frozen || st.Config == before.Config {
		t.Errorf("thawed: %v, frozen %v, and the deployment did not arrive", err, st.Frozen)
	}
	if st, err := r.order("dc2", "freeze", nil); err != nil || !st.Frozen || st.Config == before.Config {
		t.Errorf("frozen again: %v, %+v; what has arrived stays", err, st)
	}
	heal()
	if got := r.site("dc2").state().Config; got != before.Config {
		t.Errorf("taken back: %q, want %q", got, before.Config)
	}
}
