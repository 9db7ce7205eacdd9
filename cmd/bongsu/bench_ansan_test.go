package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"bongsu/facility"
)

const (
	ansanSite    = "../../sites/ansan/site.yaml"
	ansanWarm    = 45 * time.Second // after every point was fresh once: the first minute of a process is not its rule
	ansanWindow  = time.Minute
	ansanAsk     = time.Second // a page of points is asked for so often
	ansanPages   = 60          // to the whole list
	ansanWeigh   = 5           // pages between two looks at the memory
	ansanPatient = 3 * time.Minute
	soakFrom     = 2 * time.Minute // what the heap is measured against at the end of a soak
)

// BenchmarkSiteAnsan runs the reference site as it is run in earnest: the simulator and a node with all its
// processes, over real Modbus and MQTT on the site's own ports. It takes the processor time of the node's
// processes from the kernel over a minute, or over BONGSU_SOAK, and asks the API page by page, once a second, how
// many points are fresh: read within the time after which their profile calls them stale. The asking is in the
// figures. A second line is what the simulated world takes, with its sockets, while it is polled like this.
func BenchmarkSiteAnsan(b *testing.B) {
	window := ansanWindow
	if text := os.Getenv("BONGSU_SOAK"); text != "" {
		var err error
		if window, err = time.ParseDuration(text); err != nil {
			b.Fatal(err)
		}
	}
	site, faults := facility.Load(ansanSite)
	if err := faults.Err(); err != nil {
		b.Fatal(err)
	}
	h, sim := ansanHouse(b)
	began := time.Now()
	h.startNode()
	look := freshness{h: h, site: site}
	for look.whole() < len(site.Points) {
		if time.Since(began) > ansanPatient {
			b.Fatalf("after %v only %d of %d points are fresh", ansanPatient, look.fresh, len(site.Points))
		}
		_ = sleepFor(b.Context(), ansanAsk) // the whole list is long: asked for without a pause it would be the load
	}
	ready := time.Since(began)
	_ = sleepFor(b.Context(), ansanWarm)

	look = freshness{h: h, site: site, page: (len(site.Points) + ansanPages - 1) / ansanPages}
	node, world := h.nodePIDs(), []int{sim.Process.Pid}
	used, usedSim, from := h.cpu(node), h.cpu(world), time.Now()
	early, most, looks := map[string]any{}, resident{}, 0
	for next := from.Add(ansanAsk); time.Since(from) < window; next = next.Add(ansanAsk) {
		look.ask()
		if looks%ansanWeigh == 0 {
			most = most.most(h.memory(node))
		}
		looks++
		if len(early) == 0 && time.Since(from) >= soakFrom {
			early = map[string]any{"rss_mib_at_2_min": rounded(h.memory(node).rss), "desk_heap_mib_at_2_min": rounded(h.heapMiB())}
		}
		_ = sleepFor(b.Context(), time.Until(next))
	}
	took := time.Since(from).Seconds()
	holds := h.memory(node)
	most = most.most(holds)
	simRSS := h.memory(world).rss
	simCores := rounded((h.cpu(world) - usedSim) / took)
	out := map[string]any{
		"bench": "site.ansan", "points": len(site.Points), "seconds": rounded(took),
		"cores": rounded((h.cpu(node) - used) / took), "rss_mib": rounded(holds.rss), "pss_mib": rounded(holds.pss),
		"rss_anon_mib": rounded(holds.anon), "rss_file_mib": rounded(holds.rss - holds.anon), "rss_mib_most": rounded(most.rss), "rss_anon_mib_most": rounded(most.anon),
		"fresh_ratio": look.ratio(), "stale_most": look.most, "over_stale_after_s_max": rounded(look.late.Seconds()), "asked": look.asked,
		"start_to_fresh_s": rounded(ready.Seconds()), "desk_heap_mib": rounded(h.heapMiB()),
	}
	maps.Copy(out, early)
	for name, pid := range map[string]int{"run": h.node.Process.Pid, "field": h.pid("field"), "desk": h.pid("desk")} {
		one := h.memory([]int{pid})
		out[name+"_rss_mib"], out[name+"_rss_anon_mib"] = rounded(one.rss), rounded(one.anon)
	}
	printFigures(b, out)
	printFigures(b, map[string]any{"bench": "sim.ansan", "cores": simCores, "rss_mib": rounded(simRSS), "seconds": rounded(took), "sockets": true})
	b.ReportMetric(0, "ns/op")
}

// ansanHouse starts the simulator of the reference site, and prepares the node.
func ansanHouse(b *testing.B) (*house, *exec.Cmd) {
	b.Helper()
	bin, err := binaries()
	if err != nil {
		b.Fatal(err)
	}
	ports := freePorts(b, 2)
	jar, _ := cookiejar.New(nil)
	h := &house{t: b, bin: bin, site: ansanSite, data: filepath.Join(b.TempDir(), "data"), nodeLog: &lockedBuffer{},
		base: fmt.Sprintf("http://127.0.0.1:%d", ports[0]), sim: fmt.Sprintf("http://127.0.0.1:%d", ports[1]),
		client: &http.Client{Jar: jar, Timeout: 30 * time.Second}}
	sim := exec.Command(filepath.Join(bin, "bongsu-sim"), "--site", h.site, "--listen", strings.TrimPrefix(h.sim, "http://"))
	h.start(sim)
	h.eventually(30*time.Second, "the simulator answers", func() bool {
		resp, err := h.client.Get(h.sim + "/sim/v1/state")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return h, sim
}

// startNode starts the node and logs in.
func (h *house) startNode() {
	h.t.Helper()
	h.node = exec.Command(filepath.Join(h.bin, "bongsu"), "run", "--site", h.site, "--data", h.data, "--listen", strings.TrimPrefix(h.base, "http://"))
	h.start(h.node)
	h.eventually(time.Minute, "the node is ready", func() bool { return h.status("/readyz") == http.StatusOK })
	h.login("operator")
}

// freshness counts the fresh points among those asked for.
type freshness struct {
	h     *house
	site  *facility.Site
	page  int
	after facility.PointID

	asked, fresh, most int
	late               time.Duration // the furthest that a point was beyond its time
}

// heard is as much of a point as is looked at here.
type heard struct {
	ID      facility.PointID
	Quality facility.Quality
	Time    *time.Time
}

// ask takes the next page of the list of points, and begins anew at its end.
func (f *freshness) ask() {
	var page struct {
		Items []heard
		Next  facility.PointID
	}
	if !f.h.get(fmt.Sprintf("points?limit=%d&after=%s", f.page, f.after), &page) {
		f.h.t.Error("the list of points was not given")
		return
	}
	f.after = page.Next
	now, stale := time.Now(), 0
	for _, p := range page.Items {
		ref, ok := f.site.Ref(p.ID)
		if !ok {
			f.h.t.Errorf("point %s is not of the site", p.ID)
			continue
		}
		f.asked++
		if p.Time != nil {
			f.late = max(f.late, now.Sub(*p.Time)-f.site.Points[ref].StaleAfter)
		}
		if p.Time == nil || p.Quality == facility.Stale || p.Quality == facility.Unknown || now.Sub(*p.Time) > f.site.Points[ref].StaleAfter {
			stale++
			continue
		}
		f.fresh++
	}
	f.most = max(f.most, stale)
}

// whole asks for all points, page after page, and says how many are fresh now.
func (f *freshness) whole() int {
	f.page, f.after, f.fresh = len(f.site.Points), "", 0
	for range ansanPages {
		if f.ask(); f.after == "" {
			break
		}
	}
	return f.fresh
}

func (f *freshness) ratio() float64 { return float64(f.fresh) / float64(max(1, f.asked)) }

// nodePIDs are the supervisor and its children.
func (h *house) nodePIDs() []int {
	h.t.Helper()
	out := []int{h.node.Process.Pid}
	files, err := filepath.Glob(filepath.Join(h.data, "*.pid"))
	if err != nil || len(files) < 2 {
		h.t.Fatal("no children of the node: ", files, err)
	}
	for _, file := range files {
		out = append(out, h.pid(strings.TrimSuffix(filepath.Base(file), ".pid")))
	}
	return out
}

// cpu is the processor time of processes in seconds, user and system.
func (h *house) cpu(pids []int) (total float64) {
	h.t.Helper()
	for _, pid := range pids {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			h.t.Fatal(err)
		}
		// The fields after the name, which may hold anything but ends with the last parenthesis; ticks are hundredths.
		fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+2:]))
		for _, f := range fields[11:13] {
			ticks, err := strconv.ParseFloat(f, 64)
			if err != nil {
				h.t.Fatal(err)
			}
			total += ticks / 100
		}
	}
	return total
}

// resident is what processes have in memory, in MiB.
type resident struct {
	rss  float64 // all of it, shared pages counted in each process
	anon float64 // what is theirs alone to hold: the rest are pages of files, which the kernel takes back when it needs them
	pss  float64 // all of it, shared pages counted once
}

func (r resident) most(o resident) resident {
	return resident{max(r.rss, o.rss), max(r.anon, o.anon), max(r.pss, o.pss)}
}

func (h *house) memory(pids []int) (sum resident) {
	h.t.Helper()
	for _, pid := range pids {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if err != nil {
			h.t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			for name, into := range map[string]*float64{"Rss": &sum.rss, "Anonymous": &sum.anon, "Pss": &sum.pss} {
				var kib float64
				if n, _ := fmt.Sscanf(line, name+": %f kB", &kib); n == 1 {
					*into += kib / 1024
				}
			}
		}
	}
	return sum
}

// heapMiB is the heap in use of the desk, as it says itself; 0 when it does not answer.
func (h *house) heapMiB() float64 {
	resp, err := h.client.Get(h.base + "/metrics")
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		var bytes float64
		if n, _ := fmt.Sscanf(line, "go_memstats_heap_inuse_bytes %g", &bytes); n == 1 {
			return bytes / (1 << 20)
		}
	}
	return 0
}

// rounded keeps three decimals.
func rounded(v float64) json.Number { return json.Number(strconv.FormatFloat(v, 'f', 3, 64)) }
