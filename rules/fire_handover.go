package rules

import (
	"slices"
	"strings"
	"time"

	"bongsu/facility"
	"bongsu/rules/fire"
)

// HandOver writes the sheet for the fire authority from the rooms as they are shown and what the site file
// says. It needs nothing else, so that it can be printed by any process that has the picture.
func HandOver(site *facility.Site, rooms []facility.FireRoomView, now time.Time) facility.HandOverPack {
	p := facility.HandOverPack{Site: facility.Named{ID: site.ID, Name: site.Name}, Written: now.UTC(), Control: "automatic",
		PowerCut: powerCut(site), Contacts: []facility.Text{}, Notes: []facility.HandOverNote{}, Cautions: []facility.Text{
			txt("격리된 랙도 셀에는 전기가 남아 있습니다.", "An isolated rack still holds the charge of its cells."),
			txt("꺼진 뒤에도 몇 분에서 며칠 안에 재발화할 수 있습니다.", "It can re-ignite minutes to days after it went out."),
			txt("냉각수는 저절로 멈추지 않습니다. 흘러나온 물은 오염수입니다.", "The water does not stop by itself; its run-off is contaminated."),
		}}
	if site.Fire != nil {
		p.Contacts = append(p.Contacts, site.Fire.Contacts...)
	}
	for _, room := range rooms {
		if room.Control == "authority" {
			p.Control = room.Control
		}
		p.Rooms = append(p.Rooms, handOverRoom(site, room))
	}
	slices.SortStableFunc(p.Rooms, func(a, b facility.HandOverRoom) int { return worst(b) - worst(a) })
	p.Dont = doNot(p.Rooms)
	return p
}

// KindHandOver is the journal's entry of the sheet as it stood when control was handed over.
const KindHandOver = "fire.handover" // facility.HandOverPack

// HandedOver reads the names from the record of the act.
func HandedOver(r facility.CommandRecord) *facility.HandOverNames {
	at := r.Requested
	if r.Confirmed != nil {
		at = *r.Confirmed
	}
	return &facility.HandOverNames{At: at.UTC(), Signed: []string{r.By, r.Second}, From: r.Args["from"], Officer: r.Args["officer"], People: r.Args["people"]}
}

// doNot says what must not be done as the rooms stand now.
func doNot(rooms []facility.HandOverRoom) []facility.Text {
	list := []facility.Text{txt("배터리실에 들어가지 마십시오. 유독·폭발성 가스가 있을 수 있습니다.", "Do not enter the battery room: its gas may be toxic and explosive.")}
	var isolated, water, gas, lel, live bool
	for _, r := range rooms {
		isolated = isolated || slices.ContainsFunc(r.Burning, func(b facility.HandOverRack) bool { return b.Isolated })
		live = live || (len(r.Burning) > 0 && len(r.Live) > 0)
		water = water || r.WaterFrom != nil
		gas = gas || r.Countdown != nil || (r.Bank != nil && r.Bank.Released)
		lel = lel || r.LELPct >= 10
	}
	for _, c := range []struct {
		holds bool
		text  facility.Text
	}{
		{isolated, txt("격리된 랙의 차단기를 다시 투입하지 마십시오.", "Do not close the breakers of isolated racks again.")},
		{live, txt("통전 목록의 랙에 물을 뿌리지 마십시오. 먼저 격리를 확인하십시오.", "Do not put water on racks listed as live: prove their isolation first.")},
		{water, txt("냉각수 펌프를 멈추거나 그 전원을 끊지 마십시오.", "Do not stop the cooling-water pump nor cut its supply.")},
		{gas, txt("가스가 방출되는 방의 문과 댐퍼를 열지 마십시오.", "Do not open doors or dampers of a room where gas is or will be released.")},
		{lel, txt("가연성 가스가 있는 방에서 스위치를 조작하거나 불꽃을 내지 마십시오.", "No switching and no spark in a room with flammable gas.")},
	} {
		if c.holds {
			list = append(list, c.text)
		}
	}
	return list
}

// worst orders rooms: their own stage, or under the authority's control that of their racks.
func worst(r facility.HandOverRoom) int {
	n := 0
	if r.Stage != fire.S6.String() {
		n = rungOf(r.Stage)
	}
	return max(n, min(len(r.Burning), 1))
}

func rungOf(stage string) int {
	var s fire.Stage
	if s.UnmarshalText([]byte(stage)) != nil {
		return 0
	}
	return int(s)
}

func handOverRoom(site *facility.Site, room facility.FireRoomView) facility.HandOverRoom {
	out := facility.HandOverRoom{ID: room.ID, Name: nameOf(site, room.Asset), Kind: room.Kind, Stage: room.Stage, Drill: room.Drill,
		People: room.Occupied, LELPct: room.LEL, Countdown: room.Countdown, Holds: append([]string{}, room.Holds...),
		Burning: []facility.HandOverRack{}, Live: []string{}, Orders: ordersOf(room.Commands), WaterFrom: room.WaterSince,
		Tank: room.Tank, Bank: room.Bank, Panel: room.Panel}
	tripped := proven(room.Commands, "ZONE_DC_TRIP")
	for _, r := range room.Racks {
		isolated := tripped || proven(r.Commands, "ISOLATE") || proven(r.Commands, "ISOLATE_BKP")
		if !isolated {
			out.Live = append(out.Live, r.ID)
		}
		orders := ordersOf(r.Commands)
		// Under the authority's control every rack says so: what was ordered tells which ones burn.
		if r.Stage == fire.S0.String() || (r.Stage == fire.S6.String() && len(orders) == 0 && len(r.Evidence) == 0) {
			continue
		}
		rack := facility.HandOverRack{ID: r.ID, Name: nameOf(site, r.Asset), Stage: r.Stage, HottestC: r.Hottest, RatePerMin: r.RatePerMin,
			Evidence: append([]string{}, r.Evidence...), Isolated: isolated, Orders: orders}
		if a := site.Asset(r.Asset); a != nil {
			rack.Row, rack.Col = a.Row, a.Col
		}
		out.Burning = append(out.Burning, rack)
	}
	slices.SortStableFunc(out.Burning, func(a, b facility.HandOverRack) int {
		if d := rungOf(b.Stage) - rungOf(a.Stage); d != 0 {
			return d
		}
		return len(b.Orders) - len(a.Orders)
	})
	return out
}

// ordersOf leaves out what nobody has asked for.
func ordersOf(list []facility.FireCommandView) []facility.FireCommandView {
	out := []facility.FireCommandView{}
	for _, c := range list {
		if c.State != string(fire.CommandIdle) {
			out = append(out, c)
		}
	}
	return out
}

func proven(list []facility.FireCommandView, action string) bool {
	return slices.ContainsFunc(list, func(c facility.FireCommandView) bool {
		return strings.HasSuffix(c.Name, "."+action) && c.State == string(fire.CommandConfirmed)
	})
}

func nameOf(site *facility.Site, id facility.AssetID) facility.Text {
	if a := site.Asset(id); a != nil {
		return a.Name
	}
	return txt(string(id), string(id))
}

// powered are the kinds of assets that stand still without power, in the order of the sheet.
var powered = []string{"it-rack", "ups-zone", "ups", "carrier", "chiller", "pump", "crah", "pdu"}

// powerCut counts what goes dark, by kind and place. A cut of all power spares nothing: batteries are what burns.
func powerCut(site *facility.Site) []facility.HandOverLoss {
	list := []facility.HandOverLoss{}
	at := map[[2]string]int{}
	for _, kind := range powered {
		for _, a := range site.Assets {
			if a.Kind != kind {
				continue
			}
			key := [2]string{kind, string(a.Parent)}
			i, ok := at[key]
			if !ok {
				i = len(list)
				at[key] = i
				list = append(list, facility.HandOverLoss{Kind: kind, Where: nameOf(site, a.Parent)})
			}
			list[i].Count++
		}
	}
	return list
}
