package collectors

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"bongsu/facility"
	"bongsu/simulators"
)

// tool finds a program of another author's, or skips the test: make test installs it.
func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		path = filepath.Join("/usr/sbin", name)
	}
	if len(args) > 0 {
		err = exec.Command(path, args...).Run()
	} else {
		_, err = os.Stat(path)
	}
	if err != nil {
		t.Skipf("%s is not installed: make test installs it", name)
	}
	return path
}

// pymodbusServers starts a server for each framing and gives their addresses.
func pymodbusServers(t *testing.T) map[string]string {
	t.Helper()
	python := tool(t, "/usr/bin/python3", "-c", "import pymodbus.server.async_io")
	cmd := exec.Command(python, "testdata/foreign/pymodbus_server.py")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stdin.Close(); _ = cmd.Wait() })
	out := map[string]string{}
	for lines := bufio.NewScanner(stdout); len(out) < len(threeFramings) && lines.Scan(); {
		name, port, _ := strings.Cut(lines.Text(), " ")
		out[name] = "127.0.0.1:" + port
	}
	if len(out) < len(threeFramings) {
		t.Fatalf("pymodbus does not serve: %v", out)
	}
	go func() { _, _ = io.Copy(io.Discard, stdout) }()
	return out
}

// foreignPoints are read in several blocks of the same shape, so that an answer to one could be taken for another's.
func foreignPoints() (defs []facility.PointDef) {
	add := func(fn int, kind string, addresses ...int) {
		for _, a := range addresses {
			def := facility.PointDef{Name: fmt.Sprintf("f%d-%d", fn, a), Function: fn, Address: at(a), Type: kind, Scan: 100 * time.Millisecond}
			if fn <= 2 {
				def.Kind = "binary"
			}
			defs = append(defs, def)
		}
	}
	add(3, "uint16", 10, 11, 20, 21, 30, 31)
	add(4, "uint16", 10, 11, 20, 21)
	add(3, "uint32", 40, 42)
	add(1, "bool", 0, 1, 2, 3, 20)
	add(2, "bool", 0, 1, 2, 3, 20)
	return defs
}

// foreignValue is what the foreign server holds at a point.
func foreignValue(fn, a int, kind string) float64 {
	register := func(a int) int {
		if fn == 4 {
			return (a*11 + 5) & 0xFFFF
		}
		return (a*7 + 3) & 0xFFFF
	}
	switch {
	case fn == 1:
		return float64(1 - min(a%3, 1))
	case fn == 2:
		return float64(a % 2)
	case kind == "uint32":
		return float64(register(a)<<16 | register(a+1))
	}
	return float64(register(a))
}

// A server of another author's, in every framing, behind a wire that does everything a wire can do: whatever comes,
// no point ever shows a wrong value, and when the wire is well again every point is.
func TestForeignServersOverASickWire(t *testing.T) {
	const timeout = 60 * time.Millisecond
	servers := pymodbusServers(t)
	var links []facility.Link
	var devices []facility.Device
	proxies := map[string]*faultProxy{}
	for i, name := range threeFramings {
		p := newFaultProxy(t, servers[name])
		p.play(p.anyFault(name, timeout, rand.New(rand.NewPCG(7, uint64(i)))))
		proxies[name] = p
		links = append(links, facility.Link{ID: name, Protocol: "modbus", Address: p.address(), Framing: name, Timeout: timeout, MaxBackoff: 20 * time.Millisecond})
		devices = append(devices, facility.Device{ID: facility.DeviceID(name), Link: name, Unit: 3, Points: foreignPoints()})
	}
	site := buildSite(links, devices)
	_, tap := start(t, site, Options{Tries: 1000})
	good, bad := map[facility.DeviceID]int{}, map[facility.DeviceID]int{}
	look := func(s facility.Sample) facility.DeviceID {
		p := site.Points[s.Point]
		if s.Quality == facility.Bad {
			bad[p.Device]++
		} else if good[p.Device]++; s.Value != foreignValue(p.Def.Function, *p.Def.Address, p.Def.Type) {
			t.Fatalf("%s shows %v, want %v; faults so far: %v", p.ID, s.Value, foreignValue(p.Def.Function, *p.Def.Address, p.Def.Type), proxies[string(p.Device)].faults())
		}
		return p.Device
	}
	// Three seconds do on an idle machine; on one that others use it goes on until enough has happened.
	proves := func(name string) bool {
		id := facility.DeviceID(name)
		return len(proxies[name].faults()) >= 7 && good[id] > 0 && bad[id] > 0
	}
	enough := func() bool {
		return !slices.ContainsFunc(threeFramings, func(name string) bool { return !proves(name) })
	}
	began := time.Now()
	for time.Since(began) < 3*time.Second || time.Since(began) < time.Minute && !enough() {
		for _, s := range tap.drain() {
			look(s)
		}
		time.Sleep(10 * time.Millisecond)
	}
	for _, name := range threeFramings {
		t.Logf("%s: %d good and %d bad samples, %v", name, good[facility.DeviceID(name)], bad[facility.DeviceID(name)], proxies[name].faults())
		if !proves(name) {
			t.Errorf("%s: too little happened to prove anything", name)
		}
		proxies[name].play(nil)
	}
	well := map[facility.Ref]bool{}
	tap.await(t, "every point well", func(s facility.Sample) bool {
		look(s)
		if isGood(s) {
			well[s.Point] = true
		}
		return len(well) == len(site.Points)
	})
}

// The answer is broken off after each of its bytes, one longer each time, until it is whole.
func TestForeignServersCutAtEveryByte(t *testing.T) {
	servers := pymodbusServers(t)
	var links []facility.Link
	var devices []facility.Device
	for _, name := range threeFramings {
		p := newFaultProxy(t, servers[name])
		p.play(func(n int, answer []byte) wireFault {
			if n/2 >= len(answer) {
				return wireFault{}
			}
			return wireFault{reset: n%2 == 0, close: n%2 == 1, cut: n / 2}
		})
		links = append(links, facility.Link{ID: name, Protocol: "modbus", Address: p.address(), Framing: name, Timeout: 300 * time.Millisecond, MaxBackoff: time.Millisecond})
		devices = append(devices, facility.Device{ID: facility.DeviceID(name), Link: name, Unit: 3, Points: []facility.PointDef{register("x", 10, 100*time.Millisecond)}})
	}
	_, tap := start(t, buildSite(links, devices), Options{Tries: 1000})
	well := map[facility.Ref]bool{}
	tap.await(t, "whole answers", func(s facility.Sample) bool {
		if s.Quality != facility.Bad && s.Value != 73 {
			t.Fatalf("%s shows %v", threeFramings[s.Point], s.Value)
		}
		if isGood(s) {
			well[s.Point] = true
		}
		return len(well) == len(threeFramings)
	})
}

// Every function that writes, in every framing, on a server of another author's.
func TestForeignServersTakeCommands(t *testing.T) {
	servers := pymodbusServers(t)
	profile := &facility.Profile{Name: "p", Protocol: "modbus", Points: []facility.PointDef{
		register("r", 100, 100*time.Millisecond),
		{Name: "c", Kind: "binary", Function: 1, Address: at(100), Type: "bool", Scan: 100 * time.Millisecond},
	}}
	for _, def := range []facility.CommandDef{
		{Name: "coil", Function: 5, Address: at(100), Value: 1, Feedback: "c", Equals: 1},
		{Name: "coils", Function: 15, Address: at(100), Count: 3, Value: 5, Feedback: "c", Equals: 1},
		{Name: "one", Function: 6, Address: at(100), Value: 1234, Feedback: "r", Equals: 1234},
		{Name: "many", Function: 16, Address: at(100), Type: "int32", Order: "CDAB", Value: -70000, Feedback: "r", Equals: 61072},
		{Name: "bits", Function: 22, Address: at(100), Mask: 0xF0, Value: 0xA0, Feedback: "r", Equals: 61072&^0xF0 | 0xA0},
	} {
		def.Deadline, def.Echo = patience, true
		profile.Commands = append(profile.Commands, def)
	}
	var links []facility.Link
	var devices []facility.Device
	for _, name := range threeFramings {
		links = append(links, facility.Link{ID: name, Protocol: "modbus", Address: servers[name], Framing: name, Timeout: 20 * time.Second, MaxBackoff: 100 * time.Millisecond})
		devices = append(devices, facility.Device{ID: facility.DeviceID(name), Link: name, Unit: 3, Profile: "p"})
	}
	site := buildSite(links, devices, profile)
	c, tap := start(t, site, Options{})
	for _, name := range threeFramings {
		for _, def := range profile.Commands {
			cmd := site.Commands[facility.CommandID(name+"/"+def.Name)]
			receipt, err := c.Execute(t.Context(), cmd)
			if err != nil || !receipt.ReadBackOK {
				t.Errorf("%s: %v %+v", cmd.ID, err, receipt)
				continue
			}
			tap.await(t, "the feedback of "+string(cmd.ID), func(s facility.Sample) bool {
				return s.Point == cmd.Feedback && isGood(s) && s.Value == def.Equals
			})
		}
	}
}

// mbpoll reads values of one table once.
func mbpoll(t *testing.T, address string, args ...string) ([]int, string) {
	t.Helper()
	_, port, _ := strings.Cut(address, ":")
	out, err := exec.Command(tool(t, "mbpoll"), append([]string{"-m", "tcp", "-p", port, "-0", "-1", "-o", "10", "127.0.0.1"}, args...)...).CombinedOutput()
	var got []int
	for _, m := range regexp.MustCompile(`(?m)^\[\d+\]:\s+(-?\d+)`).FindAllStringSubmatch(string(out), -1) {
		n, _ := strconv.Atoi(m[1])
		got = append(got, n)
	}
	if err != nil && len(got) > 0 {
		t.Errorf("%v: %v\n%s", args, err, out)
	}
	return got, string(out)
}

// A master of another author's reads the simulated devices as our own driver does, is refused what is not there, and
// what it writes moves what we see.
func TestForeignMasterOnOurSimulator(t *testing.T) {
	tool(t, "mbpoll")
	site, faults := facility.Load("../sites/demo/site.yaml")
	if site == nil {
		t.Fatal(faults)
	}
	site.Sim.Messenger, site.Sim.Scenarios = nil, ""
	ctx, cancel := context.WithCancel(t.Context())
	plant, err := simulators.Start(ctx, site, simulators.Options{AnyPort: true, Log: slogDiscard()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); _ = plant.Wait() })
	plant.Rewire(site)
	_, tap := start(t, site, Options{})
	ours := func(id facility.PointID) facility.Sample {
		ref, ok := site.Ref(id)
		if !ok {
			t.Fatalf("no point %s", id)
		}
		return tap.await(t, string(id), of(ref, isGood))
	}
	for _, c := range []struct {
		point facility.PointID
		link  string
		args  []string
		scale float64
		near  float64 // the world moves between the two looks
	}{
		{"demo/b1/r3/bms/string-voltage", "bms", []string{"-a", "3", "-t", "4", "-r", "8448"}, 0.1, 0.5},
		{"demo/b1/r3/bms/t-max", "bms", []string{"-a", "3", "-t", "4", "-r", "8458"}, 0.1, 0.5},
		{"demo/b1/r5/io/rt", "fire-io", []string{"-a", "5", "-t", "3", "-r", "0"}, 0.1, 0.5},
		{"demo/b1/r5/io/closed-52a", "fire-io", []string{"-a", "5", "-t", "1", "-r", "3"}, 1, 0},
		{"demo/b1/r5/io/isolate-cmd", "fire-io", []string{"-a", "5", "-t", "0", "-r", "0"}, 1, 0},
	} {
		for tries := 1; ; tries++ { // on a busy machine the world moves further
			got, out := mbpoll(t, site.Link(c.link).Address, c.args...)
			want := ours(c.point).Value
			if len(got) == 1 && math.Abs(float64(got[0])*c.scale-want) <= c.near {
				break
			}
			if tries == 20 {
				t.Errorf("%s: we read %v, mbpoll %v\n%s", c.point, want, got, out)
				break
			}
		}
	}
	if got, out := mbpoll(t, site.Link("bms").Address, "-a", "3", "-t", "4", "-r", "60000"); len(got) > 0 || !strings.Contains(out, "Illegal data address") {
		t.Errorf("a register that is not there was read: %v\n%s", got, out)
	}
	if _, out := mbpoll(t, site.Link("fire-io").Address, "-a", "5", "-t", "0", "-r", "0", "1"); !strings.Contains(out, "Written 1") {
		t.Fatalf("the breaker was not opened: %s", out)
	}
	ref, _ := site.Ref("demo/b1/r5/io/open-52b")
	tap.await(t, "the opened breaker", of(ref, is("1 good")))
}
