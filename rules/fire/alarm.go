package fire

import (
	"fmt"
	"slices"
)

// alarm is one kind of alarm; the order is the one people see in lists.
type alarm uint8

const (
	alPrealarm alarm = iota
	alStage1
	alStage2
	alStage3
	alStage4
	alStage5
	alVoteDegraded
	alDiscrepancy
	alBlind
	alOffGas
	alSingleChannel
	alOneChannelTrip
	alPatchSelfActuated
	alSprayLive
	alIsolationFailed
	alSensorBad
	alSensorStuck
	alSensorLostHot
	alObscured
	alStale
	alBypassActive
	alFBFail
	alInhibitActive
	alInhibitedDemand
	alSmokeFire
	alMultiRack
	alLELHigh
	alOperatorDecision
	alNotSealed
	alHoldOccupied
	alHoldLEL
	alAbortHeld
	alReserveUnavailable
	alRequestAuthority
	alRoomImpaired
	alAuthority
	alarmCount
)

var alarmNames = [alarmCount]string{
	"PREALARM", "STAGE1", "STAGE2", "STAGE3", "STAGE4", "STAGE5",
	"VOTE_DEGRADED", "DISCREPANCY", "BLIND", "OFFGAS", "SINGLE_CHANNEL_S1", "DEGRADED_1OO1_TRIP",
	"PATCH_SELF_ACTUATED", "SPRAY_WITHOUT_ISOLATION_FB", "ISOLATION_FAILED",
	"SENSOR_BAD", "SENSOR_STUCK", "SENSOR_LOST_HOT", "OBSCURED", "STALE", "BYPASS_ACTIVE",
	"FB_FAIL", "INHIBIT_ACTIVE", "INHIBITED_DEMAND",
	"FIRE_CONFIRMED_SMOKE", "MULTI_RACK", "LEL_HIGH", "OPERATOR_DECISION", "ENCLOSURE_NOT_SEALED",
	"GAS_HOLD_OCCUPIED", "GAS_HOLD_LEL", "GAS_ABORT_HELD", "RESERVE_UNAVAILABLE", "REQUEST_AUTHORITY",
	"ROOM_IMPAIRED", "AUTHORITY_IN_CONTROL",
}

// The momentary alarms: raised for one tick, over at the next.
const (
	pulseResetDone       = "RESET_DONE"
	pulseBypassExpired   = "BYPASS_EXPIRED"
	pulseClockJump       = "CLOCK_JUMP"
	pulseRestart         = "CONTROLLER_RESTART"
	pulseDrillAborted    = "DRILL_ABORTED_REAL_EVENT"
	pulseReleaseRejected = "RELEASE_REJECTED"
	pulseResetRejected   = "RESET_REJECTED"
	pulseBypassRejected  = "BYPASS_REJECTED"
	pulseInhibitRejected = "INHIBIT_REJECTED"
	pulseTakeoverReject  = "TAKEOVER_REJECTED"
	pulsePowerCutReject  = "POWER_CUT_REJECTED"
)

// AlarmNames lists every alarm the engine can raise, without subjects.
func AlarmNames() []string {
	return append(slices.Clone(alarmNames[:]),
		pulseResetDone, pulseBypassExpired, pulseClockJump, pulseRestart, pulseDrillAborted, pulseReleaseRejected,
		pulseResetRejected, pulseBypassRejected, pulseInhibitRejected, pulseTakeoverReject, pulsePowerCutReject,
		AlarmPanelSilent, AlarmPanelAlone, AlarmFireWatch, AlarmRoundDue, AlarmProofTestDue, AlarmProofTestFailed, AlarmTankFilling, AlarmTankFull)
}

// standing is one subject and the alarms that stand for it.
type standing struct {
	subject string
	bits    uint64
}

func (s *standing) has(a alarm) bool { return s.bits&(1<<a) != 0 }

func (s *standing) names() []string {
	var names []string
	for a := alarm(0); a < alarmCount; a++ {
		if s.has(a) {
			names = append(names, alarmNames[a])
		}
	}
	return names
}

func (s *standing) setNames(names []string) error {
	s.bits = 0
	for _, n := range names {
		i := slices.Index(alarmNames[:], n)
		if i < 0 {
			return fmt.Errorf("alarm %q of %s is unknown", n, s.subject)
		}
		s.bits |= 1 << i
	}
	return nil
}

// set raises or ends an alarm; nothing happens when it already is so.
func (c *core) set(s *standing, a alarm, on bool) {
	if s.has(a) == on {
		return
	}
	s.bits ^= 1 << a
	c.alarms = append(c.alarms, AlarmEvent{Name: alarmNames[a], Subject: s.subject, Raised: on})
}

// clear ends every alarm of the subject except those to keep.
func (c *core) clear(s *standing, keep ...alarm) {
	for a := alarm(0); a < alarmCount; a++ {
		if s.has(a) && !slices.Contains(keep, a) {
			c.set(s, a, false)
		}
	}
}

// pulse raises a momentary alarm; the next tick ends it.
func (c *core) pulse(name, subject string) {
	ev := AlarmEvent{Name: name, Subject: subject, Raised: true}
	c.alarms = append(c.alarms, ev)
	c.pulses = append(c.pulses, ev)
}

// endPulses returns the momentary alarms of the tick before.
func (c *core) endPulses() {
	for _, ev := range c.pulses {
		ev.Raised = false
		c.alarms = append(c.alarms, ev)
	}
	c.pulses = c.pulses[:0]
}
