package collectors

import (
	"slices"

	"bongsu/facility"
)

// firmware is what one device says it runs, held against what its profile was made for. In another version a
// register may mean something else, so that a plausible number can be a wrong one.
type firmware struct {
	device   facility.DeviceID
	shows    facility.Ref
	min, max float64
	wrong    bool
}

// watchFirmware finds the devices whose profile says for which firmware it is.
func (l *modbusLink) watchFirmware() {
	l.doubts = map[facility.Ref]*firmware{}
	for _, dev := range l.devices {
		p := l.site.Profiles[dev.Profile]
		if p == nil || p.FirmwarePoint == "" || len(p.FirmwareRange) != 2 {
			continue
		}
		fw := &firmware{device: dev.ID, min: p.FirmwareRange[0], max: p.FirmwareRange[1]}
		for _, ref := range dev.Refs {
			l.doubts[ref] = fw
			if l.site.Points[ref].Def.Name == p.FirmwarePoint {
				fw.shows = ref
			}
		}
	}
	for _, b := range l.blocks {
		l.judgeBy(b)
	}
}

// judgeBy tells a block what its devices run.
func (l *modbusLink) judgeBy(b *block) {
	if !slices.ContainsFunc(b.fields, func(f field) bool { return l.doubts[f.ref] != nil }) {
		return
	}
	b.runs = make([]*firmware, len(b.fields))
	for i, f := range b.fields {
		b.runs[i] = l.doubts[f.ref]
	}
	b.first = b.tells()
}

// tells says whether the block holds the version of a firmware.
func (b *block) tells() bool {
	for i, fw := range b.runs {
		if fw != nil && fw.shows == b.fields[i].ref {
			return true
		}
	}
	return false
}

// doubt takes the versions among the samples of a block, and makes uncertain what was read from a device that
// runs another one than its profile is for.
func (l *modbusLink) doubt(b *block, samples []facility.Sample) {
	b.first = false
	for i, fw := range b.runs {
		s := &samples[i]
		if fw == nil || s.Point != fw.shows || s.Quality != facility.Good {
			continue
		}
		wrong := s.Value < fw.min || s.Value > fw.max
		if wrong == fw.wrong {
			continue
		}
		if fw.wrong = wrong; wrong {
			l.state.doubted.Add(1)
			l.log.Warn("the device runs a firmware its profile is not for: its values are uncertain", "device", fw.device, "firmware", s.Value, "lowest", fw.min, "highest", fw.max)
		} else {
			l.state.doubted.Add(-1)
			l.log.Info("the device runs a firmware its profile is for", "device", fw.device, "firmware", s.Value)
		}
	}
	for i, fw := range b.runs {
		if s := &samples[i]; fw != nil && fw.wrong && s.Quality == facility.Good {
			s.Quality, s.Reason = facility.Uncertain, facility.Firmware
		}
	}
}
