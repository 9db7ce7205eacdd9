package historian

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bongsu/facility"
)

// newVictoria runs a real VictoriaMetrics, as Debian packages it: the machine's own, or the one that make unpacked.
func newVictoria(t *testing.T) (address string) {
	t.Helper()
	program, err := exec.LookPath("victoria-metrics")
	if err != nil {
		if program, err = filepath.Abs("../.tools/debian/usr/bin/victoria-metrics"); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(program); err != nil {
			t.Skip("victoria-metrics is not there: make foreign")
		}
	}
	address = freeAddress(t)
	cmd := exec.Command(program, "-storageDataPath="+t.TempDir(), "-httpListenAddr="+address, "-retentionPeriod=100y")
	cmd.Stdout, cmd.Stderr = io.Discard, io.Discard
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	eventually(t, patience, "victoria-metrics answers", func() bool {
		resp, err := http.Get("http://" + address + "/health")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return address
}

// The same forwarder feeds VictoriaMetrics: values, quality as a number, gaps, and the proof by reading.
func TestVictoriaMetricsTakesTheSameWrites(t *testing.T) {
	address := newVictoria(t)
	f, err := NewForwarder(plant(t, address), t.TempDir(), quiet)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Probe(t.Context(), time.Now()); err != nil {
		t.Fatalf("the probe: %v", err)
	}
	stop := forward(t, f)
	defer func() { stop() }()
	b := minute(1)
	b.Samples[30] = bad(90 * time.Second)
	if err := f.Take(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	eventually(t, patience, "delivered", func() bool { return f.Position() == 1 })
	count := func(name string) string {
		q := url.Values{"match[]": {fmt.Sprintf(`{__name__=%q,point="dc1/b7/t"}`, name)}, "start": {fmt.Sprint(monday.Unix())}}
		body, err := f.ask(t.Context(), "/api/v1/export?"+q.Encode())
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	// A query asked too soon would be remembered as empty: the probe waits until values are shown.
	if err := f.Probe(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	var values, codes string
	eventually(t, patience, "59 values and as many qualities as samples are shown", func() bool {
		values, codes = count("battery-rack_value"), count("battery-rack_quality_code")
		return stamps(values) == 59 && stamps(codes) == 60
	})
	if !strings.Contains(codes, fmt.Sprintf(",%d,", facility.Bad)) {
		t.Errorf("the quality is missing: %s", codes)
	}
}

// stamps counts the values of an exported line.
func stamps(line string) int {
	_, list, ok := strings.Cut(line, "timestamps")
	if !ok {
		return 0
	}
	return strings.Count(list, ",") + 1
}
