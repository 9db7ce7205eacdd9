package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"bongsu/collectors"
	"bongsu/collectors/share"
	"bongsu/facility"
	"bongsu/journal"
	"bongsu/rules"
)

// fieldWire is the field's wire as everybody else in the process sees it: its own collectors, or those together
// with the collectors that share the site's links.
type fieldWire interface {
	Execute(ctx context.Context, cmd facility.Command, value ...int) (collectors.Receipt, error)
	Status() []facility.LinkStatus
	Devices() []facility.DeviceStatus
}

// sharing is what a field of a site with collectors has beside its own wire; nil on a site without.
type sharing struct {
	*share.Keeper
	opts options
	log  *slog.Logger
}

// shareWire gives the wire of a site, and who shares it.
func shareWire(o options, site *facility.Site, own *collectors.Collectors, bus *facility.Bus, log *slog.Logger) (fieldWire, *sharing) {
	if len(site.Collectors) == 0 {
		return own, nil
	}
	s := &sharing{Keeper: share.NewKeeper(share.KeeperConfig{Site: site, Wire: own, Bus: bus, Log: log}), opts: o, log: log}
	return s, s
}

// start runs it: who serves what, the alarms about that, and the door for collectors of other machines.
func (s *sharing) start(parts *stack, engine *rules.Engine, door fieldDoor) {
	if s == nil {
		return
	}
	parts.start("sharing", s.Run)
	parts.start("sharing alarms", func(ctx context.Context) error { return announceSharing(ctx, s, loop{engine}, s.log) })
	if s.opts.collectAt == "" {
		return
	}
	mux := http.NewServeMux()
	mux.Handle("POST "+share.Path, s) // what a collector needs, and nothing of what a desk may ask for
	mux.HandleFunc("GET /site", door.site)
	parts.start("collectors' door", func(ctx context.Context) error { return s.keepDoor(ctx, mux) })
}

// keepDoor serves collectors of other machines until ctx ends. A certificate that cannot be read or an address that is
// taken shuts that door alone, is said, and is tried again: the fire response goes on with the links the field has.
func (s *sharing) keepDoor(ctx context.Context, door http.Handler) error {
	said := ""
	for ctx.Err() == nil {
		err := s.openDoor(ctx, door)
		if err != nil && err.Error() != said {
			said = err.Error()
			s.log.Error("collectors of other machines cannot come in: it is tried again", "at", s.opts.collectAt, "cause", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(doorAgain):
		}
	}
	return nil
}

func (s *sharing) openDoor(ctx context.Context, door http.Handler) error {
	server, _, err := sharedTLS(s.opts.collectTLS, s.log)
	if err != nil {
		return err
	}
	ln, err := journal.Listen(s.opts.collectAt, server)
	if err != nil {
		return fmt.Errorf("open the collectors' door: %w", err)
	}
	return journal.Serve(ctx, ln, door, s.log)
}

// use works by another site, once the field's own wire does.
func (s *sharing) use(site *facility.Site) {
	if s != nil {
		s.Use(site)
	}
}

// tell adds what is known of the collectors to what the field says of itself.
func (s *sharing) tell(st *facility.FieldStatus) {
	if s != nil {
		st.Collectors, st.Unserved = s.Collectors(), s.Unserved()
	}
}

// Files in a folder of certificates.
const (
	certFile = "cert.pem"
	keyFile  = "key.pem"
	caFile   = "ca.pem"
)

// When the node announces what is wrong with its collectors, and when that is over.
const (
	awayWaits     = 15 * time.Second // a collector that is started anew is no alarm
	awayRests     = 30 * time.Second
	unservedWaits = 5 * time.Second
	unservedRests = 10 * time.Second
	sharingEach   = time.Second
	doorAgain     = 5 * time.Second // the door for other machines could not be opened
)

// announceSharing raises an alarm while a collector is away, and another while nobody serves a link.
func announceSharing(ctx context.Context, s *sharing, to teller, log *slog.Logger) error {
	away, bare := &spell{wait: awayWaits, rest: awayRests}, &spell{wait: unservedWaits, rest: unservedRests}
	return eachLookIn(ctx, sharingEach, log, func() error {
		var gone []string
		for _, c := range s.Collectors() {
			if !c.Connected {
				gone = append(gone, c.Name)
			}
		}
		err := away.found(ctx, to, rules.FoundAway, len(gone) > 0, finding{detail: strings.Join(gone, ", "), value: float64(len(gone))})
		open := s.Unserved()
		if e := bare.found(ctx, to, rules.FoundUnserved, len(open) > 0, finding{detail: few(open), value: float64(len(open))}); e != nil {
			err = e
		}
		return err
	})
}

// few names some of many.
func few(names []string) string {
	const most = 5
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s, +%d", strings.Join(names[:most], ", "), len(names)-most)
}

func inFolder(dir string) (cert, key, ca string) {
	return filepath.Join(dir, certFile), filepath.Join(dir, keyFile), filepath.Join(dir, caFile)
}
