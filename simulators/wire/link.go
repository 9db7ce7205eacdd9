package wire

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"

	"bongsu/facility"
	"bongsu/simulators/berth"
)

// linkMode is how an endpoint treats its clients.
type linkMode uint8

const (
	linkUp       linkMode = iota
	linkRefusing          // nobody listens
	linkHanging           // connections are taken, and nothing comes back
)

var linkModes = [...]string{"up", "refusing", "hanging"}

func (m linkMode) String() string { return linkModes[m] }

// LinkState is one endpoint as GET /sim/v1/state shows it. Requests counts Modbus requests taken or MQTT
// messages given out.
type LinkState struct {
	ID       string `json:"id"`
	Protocol string `json:"protocol"`
	Address  string `json:"address"`
	State    string `json:"state"` // up, refusing or hanging
	Requests uint64 `json:"requests"`

	Strangers int64 `json:"strangers,omitempty"` // other masters that a fault has connected
}

// endpoint is one served link.
type endpoint interface {
	add(dev *facility.Device) error
	open(anyPort bool) error
	setMode(linkMode) error
	state() LinkState
	close()
}

// kept reserves the address of an endpoint where nobody listens for a while, so that no other program is given it.
func kept(address string, log *slog.Logger) (leave func()) {
	leave, err := berth.Keep(address)
	if err != nil {
		log.Debug("the address is not kept", "error", err)
	}
	return leave
}

// given gives up a kept address, if there is one.
func given(leave func()) func() {
	if leave != nil {
		leave()
	}
	return nil
}

// onlyErrors keeps the servers' chatter about each client out of the log.
type onlyErrors struct{ slog.Handler }

// Enabled lets errors through only.
func (h onlyErrors) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelError && h.Handler.Enabled(ctx, level)
}

// WithAttrs keeps the filter on derived handlers.
func (h onlyErrors) WithAttrs(attrs []slog.Attr) slog.Handler {
	return onlyErrors{h.Handler.WithAttrs(attrs)}
}

// WithGroup keeps the filter on derived handlers.
func (h onlyErrors) WithGroup(name string) slog.Handler { return onlyErrors{h.Handler.WithGroup(name)} }

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
