package simulators

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"bongsu/facility"
)

const (
	ansanVirtual = 5 * time.Second  // wall time of the run in virtual time
	ansanReal    = 15 * time.Second // and of the one in real time
)

// BenchmarkAnsan runs the world of the reference site: in virtual time with nobody looking, and in real time with
// every device read at its own scan class, through the same firmware as a request from the wire. The sockets, and
// the broker, are in the line site.ansan.
func BenchmarkAnsan(b *testing.B) {
	load := func() *Plant {
		site, faults := facility.Load(filepath.Join("..", "sites", "ansan", "site.yaml"))
		if err := faults.Err(); err != nil {
			b.Fatal(err)
		}
		p, err := newPlant(site, Options{Speed: maxSpeed})
		if err != nil {
			b.Fatal(err)
		}
		return p
	}
	p := load()
	p.advance(time.Second)
	from, began := p.world.Now(), time.Now()
	for time.Since(began) < ansanVirtual {
		p.advance(tick)
	}
	fast := (p.world.Now() - from).Seconds() / time.Since(began).Seconds()

	p = load()
	p.asked = 1
	used, began := processorTime(b), time.Now()
	for n := int64(0); time.Since(began) < ansanReal; n++ {
		for range time.Second / tick {
			p.advance(tick)
		}
		for i := range p.site.Devices {
			dev := &p.site.Devices[i]
			if dev.Topic == "" && n%seldomest(p.site, dev) == 0 {
				p.links.Show(dev.ID)
			}
		}
		p.links.Say(time.Now(), n)
		time.Sleep(time.Until(began.Add(time.Duration(n+1) * time.Second)))
	}
	cores := (processorTime(b) - used).Seconds() / time.Since(began).Seconds()
	fmt.Printf("\n{\"bench\":\"sim.ansan\",\"cores\":%.3f,\"x_realtime\":%.0f,\"points\":%d,\"devices\":%d,\"sockets\":false}\n",
		cores, fast, len(p.site.Points), len(p.site.Devices))
	b.ReportMetric(0, "ns/op")
}

// seldomest is after how many seconds even the quickest point of a device is read again.
func seldomest(site *facility.Site, dev *facility.Device) int64 {
	every := time.Hour
	for _, ref := range dev.Refs {
		every = min(every, site.Points[ref].Scan)
	}
	return max(1, int64(every/time.Second))
}

// processorTime is what this process has used, user and system.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(os.NewSyscallError("getrusage", err))
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
