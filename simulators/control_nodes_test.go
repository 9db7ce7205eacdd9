package simulators

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is asked for is written for the script that has started the nodes; nothing else in the folder can be reached.
func TestNodesAreAskedForInAFolder(t *testing.T) {
	dir := t.TempDir()
	for file, text := range map[string]string{"n1.node": "127.0.0.1:8080\n", "n1.is": "running\n", "n2.node": "127.0.0.1:8081\n"} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := &Plant{nodes: dir, log: slog.New(slog.DiscardHandler)}
	ask := func(method, path string) (int, string) {
		w := httptest.NewRecorder()
		p.handler().ServeHTTP(w, httptest.NewRequest(method, path, http.NoBody))
		return w.Code, w.Body.String()
	}
	for _, tc := range []struct {
		method, path string
		want         int
		says         string
	}{
		{"GET", "/sim/v1/nodes", 200, `{"name":"n1","console":"127.0.0.1:8080","is":"running","want":"running"}`},
		{"POST", "/sim/v1/nodes/n1/freeze", 200, `"want":"frozen"`},
		{"GET", "/sim/v1/nodes", 200, `"is":"running","want":"frozen"`},
		{"POST", "/sim/v1/nodes/n1/melt", 404, "freeze"},
		{"POST", "/sim/v1/nodes/n9/stop", 404, "run-three"},
		{"POST", "/sim/v1/nodes/..%2Fn1/stop", 404, "run-three"},
		{"GET", "/sim/v1/nodes/n1/stop", 405, "POST"},
	} {
		if code, body := ask(tc.method, tc.path); code != tc.want || !strings.Contains(body, tc.says) {
			t.Errorf("%s %s: %d %s, want %d with %s", tc.method, tc.path, code, body, tc.want, tc.says)
		}
	}
	if text, err := os.ReadFile(filepath.Join(dir, "n1.want")); err != nil || string(text) != "frozen\n" {
		t.Errorf("the script finds %q, %v", text, err)
	}
	p.nodes = ""
	if code, body := ask("GET", "/sim/v1/nodes"); code != 200 || !strings.Contains(body, `"items":[]`) {
		t.Errorf("a world of one node: %d %s", code, body)
	}
}
