package facility

import (
	"slices"
	"strings"
)

// profileWire checks what a profile says of its registers as a whole and of the firmware it is for.
func (c *checker) profileWire(d *decoder, p *Profile) {
	for i, r := range p.Defined {
		at := placeIn("defined", i)
		switch {
		case p.Protocol != "modbus":
			d.fault(at, "ranges of registers belong to Modbus profiles")
		case r[0] < 0 || r[1] > 0xFFFF || r[0] > r[1]:
			d.fault(at, "%d to %d is no range of registers", r[0], r[1])
		case slices.ContainsFunc(p.Holes, func(h [2]int) bool { return h[0] <= r[1] && h[1] >= r[0] }):
			d.fault(at, "%d to %d is said to have no gaps, but a hole is declared in it", r[0], r[1])
		}
	}
	switch {
	case p.FirmwarePoint == "" && p.FirmwareRange == nil:
	case p.Protocol != "modbus":
		d.fault("firmware_point", "the firmware of Modbus devices is looked at, not that of others")
	case p.FirmwarePoint == "":
		d.fault("firmware_range", "give firmware_point too: the point that shows the version")
	case !p.names(p.FirmwarePoint):
		d.fault("firmware_point", "the profile has no point %q", p.FirmwarePoint)
	case len(p.FirmwareRange) != 2 || p.FirmwareRange[0] > p.FirmwareRange[1]:
		d.fault("firmware_range", "give [lowest, highest] version the map holds for")
	}
}

func (p *Profile) names(point string) bool {
	return point != "" && slices.ContainsFunc(p.Points, func(def PointDef) bool { return def.Name == point })
}

// firmwareRules watches the firmware of every device whose profile says for which it is, with an alarm below the
// range and one above: at most one of them can stand.
func (c *checker) firmwareRules() {
	for _, dev := range c.site.Devices {
		p := c.site.Profiles[dev.Profile]
		if p == nil || !p.names(p.FirmwarePoint) || len(p.FirmwareRange) != 2 {
			continue
		}
		for i, kind := range []string{"low", "high"} {
			c.site.Alarms = append(c.site.Alarms, AlarmRule{
				ID: "firmware-" + kind + "-" + strings.ReplaceAll(string(dev.ID), "/", "-"), Points: string(dev.ID) + "/" + p.FirmwarePoint,
				Kind: kind, Limit: p.FirmwareRange[i], Priority: 3, Class: "system",
				Text:        Text{KO: "장치 펌웨어가 프로파일 범위 밖", EN: "Device firmware outside its profile's range"},
				Consequence: Text{KO: "레지스터 배치가 다를 수 있어 이 장치의 값이 모두 불확실로 표시됩니다", EN: "Registers may have moved: all values of this device are uncertain"},
				Action:      Text{KO: "제조사 표로 레지스터를 확인하고 프로파일의 firmware_range를 고치십시오", EN: "Hold the registers against the maker's table, then correct firmware_range in the profile"},
			})
		}
	}
}
