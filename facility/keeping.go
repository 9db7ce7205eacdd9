package facility

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// KeepHistory is how long the embedded history keeps what, and on how much disk. A field that is zero has not been
// written; InUse fills it in.
type KeepHistory struct {
	Samples     time.Duration `yaml:"samples"`
	Minutes     time.Duration `yaml:"minutes"`
	Hours       time.Duration `yaml:"hours"`
	MaxBytes    Bytes         `yaml:"max_bytes"`    // of the samples
	RollupBytes Bytes         `yaml:"rollup_bytes"` // of the minutes and hours together
}

// KeepSpool bounds the field's spool. Zero leaves the size to the site's rate and the disk.
type KeepSpool struct {
	MaxBytes Bytes `yaml:"max_bytes"`
}

const aDay = 24 * time.Hour

// InUse gives the rule with its defaults filled in: samples 30 days on 10 GiB, minutes a year, hours ten years,
// both of these on 20 GiB.
func (k KeepHistory) InUse() KeepHistory {
	return KeepHistory{
		Samples: cmp.Or(k.Samples, 30*aDay), Minutes: cmp.Or(k.Minutes, 366*aDay), Hours: cmp.Or(k.Hours, 3653*aDay),
		MaxBytes: cmp.Or(k.MaxBytes, 10<<30), RollupBytes: cmp.Or(k.RollupBytes, 20<<30),
	}
}

// Bytes is a size. In a site file it is written with its unit: 10GB, 512MiB.
type Bytes int64

var byteUnits = []struct {
	name string
	size int64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12},
}

// UnmarshalText reads a size with its unit.
func (b *Bytes) UnmarshalText(text []byte) error {
	s := string(text)
	for _, u := range byteUnits {
		number, ok := strings.CutSuffix(s, u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if size := n * float64(u.size); err == nil && size > 0 && size < math.MaxInt64 {
			*b = Bytes(size)
			return nil
		}
		break
	}
	return fmt.Errorf("%q is no size; write it like 10GB or 512MiB", s)
}

// String gives the size in the largest unit that divides it.
func (b Bytes) String() string {
	best, name := int64(1), "B"
	for _, u := range byteUnits {
		if b != 0 && int64(b)%u.size == 0 && u.size > best {
			best, name = u.size, u.name
		}
	}
	return strconv.FormatInt(int64(b)/best, 10) + name
}

// The least that may be kept. A day is rolled up once it is over, and a backlog may still bring samples a day late:
// samples that go earlier would never be rolled up.
const (
	leastSamples = 3 * aDay
	leastHistory = Bytes(256 << 20)
	leastSpool   = Bytes(64 << 20)
)

// sampleBytes is what one sample takes in the embedded history, as measured.
const sampleBytes = 2.5

// keeping checks how long and how large the past may become.
func (c *checker) keeping() {
	h := c.site.History
	if c.d.written("history.samples") && h.Samples < leastSamples {
		c.d.fault("history.samples", "samples must stay %s or longer: they are rolled up a day after they came", writeDuration(leastSamples))
	}
	for _, size := range []struct {
		path         string
		value, least Bytes
	}{
		{"history.max_bytes", h.MaxBytes, leastHistory}, {"history.rollup_bytes", h.RollupBytes, leastHistory},
		{"spool.max_bytes", c.site.Spool.MaxBytes, leastSpool},
	} {
		if c.d.written(size.path) && size.value < size.least {
			c.d.fault(size.path, "%s is too little: want %s or more", size.value, size.least)
		}
	}
	use := h.InUse()
	if (c.d.written("history.minutes") || c.d.written("history.samples")) && use.Minutes < use.Samples {
		c.d.fault(c.said("history.minutes", "history.samples"), "minutes (%s) must stay as long as samples (%s)", writeDuration(use.Minutes), writeDuration(use.Samples))
	}
	if (c.d.written("history.hours") || c.d.written("history.minutes")) && use.Hours < use.Minutes {
		c.d.fault(c.said("history.hours", "history.minutes"), "hours (%s) must stay as long as minutes (%s)", writeDuration(use.Hours), writeDuration(use.Minutes))
	}
}

// said is the first of some paths that is written.
func (c *checker) said(paths ...string) string {
	for _, p := range paths {
		if c.d.written(p) {
			return p
		}
	}
	return ""
}

// keepingFits warns when the disk's bound ends the samples long before their time: bytes win over days, and whoever
// wrote the days should know.
func (c *checker) keepingFits() {
	use := c.site.History.InUse()
	at := c.said("history.samples", "history.max_bytes")
	perDay := c.site.SampleRate() * sampleBytes * aDay.Seconds()
	if at == "" || perDay*use.Samples.Hours()/24 <= 1.25*float64(use.MaxBytes) {
		return
	}
	f := c.d.at(at, fmt.Sprintf("samples will go after about %.1f days, not %s: the site brings %.1f GB of them a day and max_bytes is %s",
		float64(use.MaxBytes)/perDay, writeDuration(use.Samples), perDay/1e9, use.MaxBytes))
	f.Warning = true
	c.d.faults = append(c.d.faults, f)
}

// seldom is how often a point without a scan class is taken to come.
const seldom = 10 * time.Second

// SampleRate is how many values a second the site's scan classes bring.
func (s *Site) SampleRate() float64 {
	rate := 0.0
	for i := range s.Points {
		every := s.Points[i].Scan
		if every <= 0 {
			every = seldom
		}
		rate += 1 / every.Seconds()
	}
	return rate
}
