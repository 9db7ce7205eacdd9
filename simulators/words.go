package simulators

import (
	"bongsu/simulators/messenger"
	"bongsu/simulators/people"
	"bongsu/simulators/wire"
	"bongsu/simulators/world"
)

// The words of the parts that callers of a Plant meet, so that they need no other package of the simulation.
type (
	World       = world.World
	Fault       = world.Fault
	FaultKind   = world.FaultKind
	FaultParams = world.FaultParams
	ActiveFault = world.ActiveFault

	LinkState          = wire.LinkState
	MessengerState     = messenger.State
	MessengerSiteState = messenger.SiteState
	MessengerCounts    = messenger.MessengerCounts
	InboxState         = people.State
	InboxMessage       = people.Message
)

// What a caller can get wrong about faults.
var (
	ErrUnknownAsset    = world.ErrUnknownAsset
	ErrUnknownActuator = world.ErrUnknownActuator
	ErrUnknownFault    = world.ErrUnknownFault
	ErrFaultParams     = world.ErrFaultParams
)

// Fault kinds of the world, of the wire and of the messenger.
const (
	InternalShort  = world.InternalShort
	Overcharge     = world.Overcharge
	ExternalHeat   = world.ExternalHeat
	JouleHeat      = world.JouleHeat
	BadJoint       = world.BadJoint
	BatteryFire    = world.BatteryFire
	OffGas         = world.OffGas
	Insulation     = world.Insulation
	ArcFlash       = world.ArcFlash
	SensorBad      = world.SensorBad
	SensorFrozen   = world.SensorFrozen
	SensorOffset   = world.SensorOffset
	SensorSentinel = world.SensorSentinel
	SensorNoise    = world.SensorNoise
	ActuatorStuck  = world.ActuatorStuck
	FeedbackStuck  = world.FeedbackStuck
	ActuatorSlow   = world.ActuatorSlow
	CameraSource   = world.CameraSource
	Occupancy      = world.Occupancy
	DoorOpen       = world.DoorOpen
	AbortHeld      = world.AbortHeld
	ManualStation  = world.ManualStation
	PanelTrouble   = world.PanelTrouble
	HVACFail       = world.HVACFail
	RoomSmoke      = world.RoomSmoke
	WaterLoss      = world.WaterLoss
	BankLeak       = world.BankLeak
	ASDFlow        = world.ASDFlow
	RackSpread     = world.RackSpread
	FeedLoss       = world.FeedLoss
	FeedSag        = world.FeedSag
	FeedHz         = world.FeedHz

	FeedDip          = world.FeedDip
	BrownOut         = world.BrownOut
	ATSIdle          = world.ATSIdle
	BreakerStuck     = world.BreakerStuck
	BreakerTrip      = world.BreakerTrip
	BreakerContacts  = world.BreakerContacts
	BreakerLocal     = world.BreakerLocal
	BreakerRacked    = world.BreakerRacked
	TripCoil         = world.TripCoil
	ShortCircuit     = world.ShortCircuit
	GeneratorNoStart = world.GeneratorNoStart
	GeneratorTrip    = world.GeneratorTrip
	GeneratorFuel    = world.GeneratorFuel
	RectifierLoss    = world.RectifierLoss
	UPSNoTransfer    = world.UPSNoTransfer
	StringAged       = world.StringAged
	PDUTrip          = world.PDUTrip
	BranchTrip       = world.BranchTrip
	CordLoss         = world.CordLoss

	UPSModeFault   = world.UPSModeFault
	CoolingLoss    = world.CoolingLoss
	PumpLoss       = world.PumpLoss
	HotSpot        = world.HotSpot
	ChillerTrip    = world.ChillerTrip
	ChillerFouling = world.ChillerFouling
	ChillerNoStart = world.ChillerNoStart
	PumpOut        = world.PumpOut
	FanOut         = world.FanOut
	ValveStuck     = world.ValveStuck
	FilterClogged  = world.FilterClogged
	CRAHLeak       = world.CRAHLeak
	TankMixing     = world.TankMixing
	TankLeak       = world.TankLeak
	LoadShed       = world.LoadShed
	ControlDeaf    = world.ControlDeaf
	BuildingOff    = world.BuildingOff

	LinkDown       = wire.LinkDown
	DeviceSilent   = wire.DeviceSilent
	GatewayLost    = wire.GatewayLost
	PayloadSim     = wire.PayloadSim
	PayloadClock   = wire.PayloadClock
	PayloadGap     = wire.PayloadGap
	PayloadGarbage = wire.PayloadGarbage

	SitePower       = messenger.SitePower
	SitePartition   = messenger.SitePartition
	SlowReplication = messenger.SlowReplication
	ConfigDrift     = messenger.ConfigDrift
	ReplicationLag  = messenger.ReplicationLag
	OneWayPartition = messenger.OneWayPartition
	ShardDown       = messenger.ShardDown
	FanoutFault     = messenger.FanoutFault
	StaleReads      = messenger.StaleReads
	AuthDown        = messenger.AuthDown
	EarlyAcks       = messenger.EarlyAcks
	TrafficSurge    = messenger.TrafficSurge
	ClientBackoff   = messenger.ClientBackoff
	ClientDNS       = messenger.ClientDNS
	DNSRefuse       = messenger.DNSRefuse
	DNSSilent       = messenger.DNSSilent
	DNSFrozen       = messenger.DNSFrozen
	ChannelDead     = messenger.ChannelDead
	ChannelSlow     = messenger.ChannelSlow
	ChannelLossy    = messenger.ChannelLossy
	PersonConduct   = messenger.PersonConduct
	PersonAbsent    = messenger.PersonAbsent
	PeopleSilent    = messenger.PeopleSilent
)
