package facility

import (
	"strings"
	"testing"
	"time"
)

func TestSizesAreReadAsPeopleWriteThem(t *testing.T) {
	for text, want := range map[string]Bytes{
		"10GB": 10_000_000_000, "10 GB": 10_000_000_000, "512MiB": 512 << 20, "1.5TiB": 3 << 39, "64kB": 64_000, "1KiB": 1024,
	} {
		var got Bytes
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%q is %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "10", "GB", "-1GB", "0GB", "NaNGB", "InfGB", "1e30TB", "10gb", "10GBs", "0x10GB s"} {
		var got Bytes
		if err := got.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken for %v", text, got)
		}
	}
	for size, want := range map[Bytes]string{0: "0B", 999: "999B", 10e9: "10GB", 10 << 30: "10GiB", 512 << 20: "512MiB", 1500: "1500B", 2000: "2kB"} {
		if got := size.String(); got != want {
			t.Errorf("%d is written %s, want %s", int64(size), got, want)
		}
	}
}

// What is not written has its default; what is written stands beside it.
func TestHistoryIsKeptAsTheSiteSays(t *testing.T) {
	if got := edited(t).History.InUse(); got.Samples != 30*aDay || got.Hours < 9*365*aDay || got.MaxBytes != 10<<30 {
		t.Errorf("the defaults are %+v", got)
	}
	site := edited(t, demoSite, "timezone:", "history: {samples: 168h, max_bytes: 40GB}\nspool: {max_bytes: 2GiB}\ntimezone:")
	if got := site.History.InUse(); got.Samples != 7*aDay || got.Minutes != 366*aDay || got.MaxBytes != 40e9 || site.Spool.MaxBytes != 2<<30 {
		t.Errorf("the site keeps %+v and a spool of %v", got, site.Spool.MaxBytes)
	}
}

// Days that the disk's bound will not let the samples have are no fault, but whoever wrote them is told.
func TestDaysThatDoNotFitAreSaid(t *testing.T) {
	d := decodeFile("site.yaml", []byte("history: {samples: 720h, max_bytes: 300MB}\n"), &Site{})
	site := &Site{History: KeepHistory{Samples: 30 * aDay, MaxBytes: 300e6}, Points: make([]Point, 100)}
	for i := range site.Points {
		site.Points[i].Scan = time.Second
	}
	c := newChecker(site, d)
	c.keepingFits()
	if len(d.faults) != 1 || !d.faults[0].Warning || d.faults[0].Path != "history.samples" || !strings.Contains(d.faults[0].Text, "after about 13.9 days, not 720h") {
		t.Fatalf("said: %v", d.faults)
	}
	d.faults, site.History.MaxBytes = nil, 0
	if c.keepingFits(); len(d.faults) != 0 {
		t.Errorf("10 GiB are enough for 100 values a second, but: %v", d.faults)
	}
}
