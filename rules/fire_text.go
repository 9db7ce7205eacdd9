package rules

import "bongsu/facility"

// fireAlarm is how an alarm of the fire engine is announced to people.
type fireAlarm struct {
	priority    int
	text        facility.Text
	consequence facility.Text
	action      facility.Text
}

func txt(ko, en string) facility.Text { return facility.Text{KO: ko, EN: en} }

var (
	actEvacuate = txt("대피를 확인하고 소방서 신고 여부를 확인하십시오. 배터리실에 들어가지 마십시오.",
		"Confirm the evacuation and that the fire service was called. Do not enter the battery room.")
	actSensor = txt("센서와 배선을 점검하고, 필요하면 두 사람이 채널을 우회하십시오.",
		"Check the sensor and its wiring; bypass the channel with two persons if needed.")
	actOutput = txt("현장에서 수동으로 작동하고 상태를 확인하십시오.",
		"Operate it by hand on site and confirm its state.")
	actDecide = txt("현장 책임자가 지금 결정해야 합니다.", "The person in charge must decide now.")
	actNote   = txt("이력을 확인하십시오.", "See the journal.")
)

// fireAlarms lists every alarm the staged response can raise. An alarm that is missing here is a
// programmer's mistake, which a test catches.
var fireAlarms = map[string]fireAlarm{
	"PREALARM": {2, txt("배터리 랙 예비 경보", "Battery rack pre-alarm"),
		txt("열폭주의 초기 징후일 수 있습니다.", "It may be the first sign of thermal runaway."),
		txt("온도 추세와 카메라를 보고 현장에 사람을 대기시키십시오.", "Watch the trend and the camera; put a person on standby.")},
	"STAGE1": {1, txt("1단계 60 ℃: 전원 격리, 방화막", "Stage 1, 60 °C: isolation and fire curtain"),
		txt("랙이 UPS에서 분리됩니다.", "The rack is taken off the UPS."), actEvacuate},
	"STAGE2": {1, txt("2단계 68 ℃: 소화 패치", "Stage 2, 68 °C: extinguishing patch"),
		txt("소화 패치가 작동하고 소방서에 통보됩니다.", "The patch acts and the fire service is called."), actEvacuate},
	"STAGE3": {1, txt("3단계 80 ℃: 랙 내부 노즐 분사", "Stage 3, 80 °C: nozzles in the rack"),
		txt("랙 안에 소화 약제를 분사합니다.", "Agent is sprayed inside the rack."), actEvacuate},
	"STAGE4": {1, txt("4단계: 냉각수 방수", "Stage 4: cooling water"),
		txt("냉각수를 계속 방수합니다. 오염수는 저장조로 갑니다.", "Cooling water runs without limit; its run-off goes to the tank."), actEvacuate},
	"STAGE5": {1, txt("5단계: 소화 가스 방출 절차", "Stage 5: gas release procedure"),
		txt("예고 시간 뒤 소화 가스가 방출됩니다.", "Gas is released after the warning time."), actEvacuate},
	"VOTE_DEGRADED": {3, txt("온도 채널 저하: 표결 여유 감소", "Temperature channels degraded"),
		txt("남은 채널만으로 판정합니다.", "The decision rests on the remaining channels."), actSensor},
	"DISCREPANCY": {3, txt("온도 채널 간 불일치", "Temperature channels disagree"),
		txt("한 채널이 틀렸거나 국부 발열입니다.", "One channel is wrong, or the heat is local."), actSensor},
	"BLIND": {1, txt("온도 채널 전부 상실", "All temperature channels lost"),
		txt("온도로는 어떤 단계도 판정할 수 없습니다.", "No stage can be decided by temperature."),
		txt("연기와 카메라로 확인하고 현장에 사람을 보내십시오.", "Judge by smoke and camera; send a person.")},
	"OFFGAS": {1, txt("오프가스 감지: 충전 중지", "Off-gas detected: charging stopped"),
		txt("셀이 벤팅을 시작했을 수 있습니다.", "A cell may have begun to vent."), actEvacuate},
	"SINGLE_CHANNEL_S1": {2, txt("BMS 단독으로 1단계 진입", "Stage 1 by the BMS channel alone"),
		txt("격리만 하고 약제는 쓰지 않습니다.", "Isolation only; no agent on this evidence."), actSensor},
	"DEGRADED_1OO1_TRIP": {1, txt("남은 한 채널로 약제 작동", "Agent released on the one remaining channel"),
		txt("오작동 가능성이 평소보다 높습니다.", "A false trip is likelier than usual."), actEvacuate},
	"PATCH_SELF_ACTUATED": {1, txt("소화 패치 자체 작동", "The patch acted by itself"),
		txt("68 ℃ 이상의 국부 발열 증거입니다.", "It is evidence of heat of 68 °C or more."), actEvacuate},
	"SPRAY_WITHOUT_ISOLATION_FB": {1, txt("격리 확인 없이 분사", "Sprayed without proof of isolation"),
		txt("도전성 약제와 통전 부위가 만날 수 있습니다.", "Conductive agent may meet live parts."), actEvacuate},
	"ISOLATION_FAILED": {1, txt("전원 격리 실패", "Isolation failed"),
		txt("랙에 계속 전원이 공급됩니다.", "The rack is still energised."), actOutput},
	"RESET_DONE":       {4, txt("화재 단계 복귀 완료", "Fire stage reset"), txt("랙은 격리된 채로 남습니다.", "The rack stays isolated."), actNote},
	"SENSOR_BAD":       {3, txt("온도 채널 불량", "Temperature channel bad"), txt("이 채널은 표결에서 빠집니다.", "The channel has no vote."), actSensor},
	"SENSOR_STUCK":     {3, txt("온도 채널 고착", "Temperature channel stuck"), txt("값이 더는 변하지 않습니다.", "Its value no longer moves."), actSensor},
	"SENSOR_LOST_HOT":  {1, txt("뜨거운 상태에서 채널 상실", "Channel lost while hot"), txt("불에 손상되었을 수 있습니다.", "Fire may have destroyed it."), actEvacuate},
	"OBSCURED":         {4, txt("방화막으로 카메라 시야 가림", "Camera obscured by the curtain"), txt("차가운 화면은 증거가 아닙니다.", "A cold picture is no evidence."), actNote},
	"STALE":            {3, txt("온도 채널 갱신 중단", "Temperature channel is stale"), txt("마지막 값은 오래되었습니다.", "Its last value is old."), actSensor},
	"BYPASS_ACTIVE":    {3, txt("채널 우회 중", "Channel bypassed"), txt("이 채널은 표결에서 빠집니다.", "The channel has no vote."), actNote},
	"BYPASS_EXPIRED":   {4, txt("채널 우회 만료", "Channel bypass expired"), txt("채널이 다시 표결합니다.", "The channel votes again."), actNote},
	"FB_FAIL":          {1, txt("작동 확인 실패", "No feedback from an actuator"), txt("명령했지만 현장이 따르지 않았습니다.", "It was commanded but the field did not follow."), actOutput},
	"INHIBIT_ACTIVE":   {2, txt("출력 차단 중", "Output inhibited"), txt("요구되어도 작동하지 않습니다.", "It will not act on demand."), actNote},
	"INHIBITED_DEMAND": {1, txt("차단된 출력에 작동 요구", "Demand on an inhibited output"), txt("다음 수단으로 넘어갑니다.", "The next means is used."), actOutput},
	"FIRE_CONFIRMED_SMOKE": {1, txt("연기로 화재 확인", "Fire confirmed by smoke"),
		txt("두 감지기가 일치합니다.", "Two detectors agree."), actEvacuate},
	"MULTI_RACK":           {1, txt("여러 랙 동시 화재", "More than one rack on fire"), txt("번지고 있을 수 있습니다.", "It may be spreading."), actEvacuate},
	"LEL_HIGH":             {1, txt("가연성 가스 10 % LFL 이상", "Flammable gas at 10 % LFL or more"), txt("배기를 가동합니다.", "The exhaust is started."), actEvacuate},
	"OPERATOR_DECISION":    {1, txt("운영자 결정 필요", "An operator must decide"), txt("자동으로는 더 진행하지 않습니다.", "Nothing more happens by itself."), actDecide},
	"ENCLOSURE_NOT_SEALED": {1, txt("댐퍼가 닫히지 않음: 가스 보류", "Damper not closed: gas withheld"), txt("가스 농도를 유지할 수 없습니다.", "The gas would not hold its concentration."), actOutput},
	"GAS_HOLD_OCCUPIED":    {1, txt("사람이 있어 가스 보류", "Gas held: people inside"), txt("비워질 때까지 방출하지 않습니다.", "No release until the room is empty."), actEvacuate},
	"GAS_HOLD_LEL":         {1, txt("가연성 가스로 가스 방출 보류", "Gas held: flammable gas"), txt("배기가 우선합니다.", "The exhaust has priority."), actEvacuate},
	"GAS_ABORT_HELD":       {1, txt("방출 중지 스위치 누름", "Abort switch held"), txt("놓으면 10초 이상 뒤 재개합니다.", "Released, it resumes after 10 s or more."), actDecide},
	"RESERVE_UNAVAILABLE":  {1, txt("예비 소화 가스 없음", "No reserve gas"), txt("남은 자동 수단이 없습니다.", "No automatic means is left."), actDecide},
	"REQUEST_AUTHORITY":    {1, txt("소방 당국 인계 요청", "Fire authority requested"), txt("현장 지휘를 넘겨야 합니다.", "Control must be handed over."), actDecide},
	"ROOM_IMPAIRED":        {2, txt("예비 가스 소진: 방호 저하", "Reserve used up: protection impaired"), txt("이 방의 가스는 더 없습니다.", "This room has no gas left."), actNote},
	"CLOCK_JUMP":           {3, txt("시계가 거꾸로 감", "The wall clock went back"), txt("판정에는 영향이 없습니다.", "No decision depends on it."), actNote},
	"CONTROLLER_RESTART":   {2, txt("화재 대응 프로세스 재시작", "The fire controller restarted"), txt("단계와 작동 이력을 이어받았습니다.", "Stages and outputs were taken over."), actNote},
	"AUTHORITY_IN_CONTROL": {1, txt("소방 당국이 지휘 중", "The fire authority is in control"), txt("자동 명령은 멈췄습니다.", "Automatic commands have stopped."), actNote},
	"DRILL_ABORTED_REAL_EVENT": {1, txt("실제 상황으로 훈련 중단", "Drill aborted: real event"),
		txt("지금부터는 실제 상황입니다.", "From here on it is real."), actEvacuate},
	"RELEASE_REJECTED":  {2, txt("가스 방출 요청 거부", "Gas release refused"), txt("조건이 맞지 않습니다.", "A condition is not met."), actNote},
	"RESET_REJECTED":    {3, txt("복귀 요청 거부", "Reset refused"), txt("조건이 맞지 않습니다.", "A condition is not met."), actNote},
	"BYPASS_REJECTED":   {3, txt("우회 요청 거부", "Bypass refused"), txt("조건이 맞지 않습니다.", "A condition is not met."), actNote},
	"INHIBIT_REJECTED":  {3, txt("출력 차단 요청 거부", "Inhibit refused"), txt("이 출력은 차단할 수 없습니다.", "This output cannot be inhibited."), actNote},
	"TAKEOVER_REJECTED": {2, txt("인계 요청 거부", "Takeover refused"), txt("두 사람의 확인이 필요합니다.", "Two persons are needed."), actNote},
	"PANEL_SILENT": {1, txt("수신반이 작동하지 않음", "The panel has not acted"),
		txt("이 시스템의 판단으로는 지금 작동해야 합니다.", "By this system's judgement it should act now."), actOutput},
	"PANEL_ALONE": {2, txt("수신반이 단독으로 작동", "The panel acted on its own"),
		txt("이 시스템은 요구하지 않았습니다.", "This system does not ask for it."),
		txt("수신반의 사유를 확인하고 기록하십시오.", "Find out the panel's reason and record it.")},
	"FIRE_WATCH": {2, txt("화재 감시 인원 배치 (24시간 이상)", "Fire watch: post people for 24 h or more"),
		txt("리튬 전지는 몇 분에서 며칠 뒤 재발화할 수 있습니다.", "Lithium cells can re-ignite minutes to days later."),
		txt("두 사람이 교대로 지키고 물을 준비하십시오.", "Watch in turns of two, with water at hand.")},
	"PROOF_TEST_DUE": {3, txt("정기 시험 기한 초과", "Proof test overdue"),
		txt("고장이 드러나지 않았을 수 있습니다.", "A fault may have gone unnoticed."),
		txt("시험하고 결과를 기록하십시오.", "Do the test and record its result.")},
	"PROOF_TEST_FAILED": {2, txt("정기 시험 불합격", "Proof test failed"),
		txt("불이 났을 때 작동하지 않을 수 있습니다.", "It may not act in a fire."),
		txt("고치고 다시 시험하십시오. 그때까지 사람이 지키십시오.", "Repair it and test again; until then put people on watch.")},
	"FIRE_WATCH_ROUND": {2, txt("화재 감시 순찰 지연", "Round of the fire watch overdue"),
		txt("재발화를 아무도 보지 못할 수 있습니다.", "A re-ignition may go unseen."),
		txt("들어가지 말고 밖에서 살핀 뒤 순찰을 기록하십시오.", "Look from outside, do not enter, and record the round.")},
	"TANK_FILLING": {1, txt("오염수 저장조가 15분 안에 가득 참", "Drain tank full within 15 minutes"),
		txt("냉각수는 멈추지 않습니다. 넘치는 물은 오염수입니다.", "The water does not stop; what runs over is contaminated."),
		txt("탱크로리를 부르고 방류구를 막으십시오.", "Call a tanker and close the outfall.")},
	"TANK_FULL": {1, txt("오염수 저장조 가득 참", "Drain tank full"),
		txt("냉각수는 멈추지 않습니다. 오염수가 넘칩니다.", "The water does not stop; contaminated water runs over."),
		txt("방류구를 막고 배수를 통제하십시오.", "Close the outfall and control the run-off.")},
	"POWER_CUT_REJECTED": {2, txt("전원 차단 요청 거부", "Power cut refused"), txt("소방 당국 지휘 상태에서만 가능합니다.", "Only with the authority in control."), actNote},
}
