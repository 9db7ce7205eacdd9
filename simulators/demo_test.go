package simulators

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"
	"time"
)

// patience is how long a test waits for what has to come, on a machine that may be busy with other things.
const patience = 60 * time.Second

// startDemo runs the whole simulated demo site on free ports for one test.
func startDemo(t *testing.T, change func(*Options)) *Plant {
	t.Helper()
	o := Options{AnyPort: true}
	if change != nil {
		change(&o)
	}
	ctx, cancel := context.WithCancel(context.Background())
	p, err := Start(ctx, loadDemo(t), o)
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		if err := p.Wait(); err != nil {
			t.Errorf("the plant ended with %v", err)
		}
	})
	return p
}

// still builds the demo plant without sockets and without a running clock: the test itself advances it.
func still(t *testing.T) *Plant {
	t.Helper()
	p, err := newPlant(loadDemo(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// call talks to the control API and returns status, content type and body.
func call(t *testing.T, p *Plant, method, path, body string) (int, string, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+p.Control()+path, bytes.NewBufferString(body))
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("Content-Type"), text
}

// eventually waits until a condition on a live plant holds; what is waited for is named in the failure.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
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
