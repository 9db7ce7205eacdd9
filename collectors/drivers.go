package collectors

import (
	"context"
	"log/slog"
	"net"
	"time"

	"bongsu/facility"
)

// drivers lists every protocol this build can speak. It is the only place to add one.
var drivers = map[string]openFunc{
	"modbus": openModbus,
	"mqtt":   openMQTT,
}

// openFunc prepares the owner of one link; it connects nothing.
type openFunc func(wire wire) (driver, error)

// wire is what a driver is given: its link, the devices on it, and where samples go.
type wire struct {
	site    *facility.Site
	link    facility.Link
	devices []*facility.Device
	bus     *facility.Bus
	log     *slog.Logger
	opts    Options
	dial    dialFunc
	tries   *budget // of tries at what was lost, shared by all links
	may     func() bool
	urgent  func(facility.CommandID) bool // whether the fire response gives a command; nil for none
}

// dialFunc connects to host:port. It is net.Dialer's everywhere but in tests of loops, which run on
// pipes in virtual time.
type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// driver owns one physical link.
type driver interface {
	// run serves the link until ctx ends. The epoch is the instant all links count their scans from.
	run(ctx context.Context, epoch time.Time)
	// execute carries one command out and returns what the device answered.
	execute(ctx context.Context, cmd facility.Command, value int) (Receipt, error)
	// status says how the link does; it never waits for the wire.
	status() facility.LinkStatus
}
