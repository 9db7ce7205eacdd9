package rules

// fireOpening is what the page says before its tables.
const fireOpening = `
## 요약

랙마다 온도 채널 세 개(랙 센서, BMS, 열화상)와 연기·오프가스·아크를 1초마다 봅니다. 50 ℃ 또는 빠른 상승은 예비 경보, 60 ℃ 두 채널이면
전원을 격리하고 방화막을 내리며 대피시킵니다. 68 ℃ 두 채널이면 소화 패치와 소방서 통보, 80 ℃ 두 채널이면 랙 내부 노즐, 그래도 뜨거우면
냉각수를 시간제한 없이 방수하고 오염수는 저장조로 보냅니다. 300초 뒤에도 타면 30초 예고 뒤 소화 가스를 방출하며, 사람·가연성 가스·중지
스위치가 있으면 멈춥니다. 수동 조작함은 언제나 이깁니다. 단계는 두 사람이 점검 기록과 함께 복귀시킬 때까지 내려가지 않습니다. 모든 명령은 현장
신호로 확인하고, 확인되지 않으면 반복한 뒤 다음 수단으로 넘어갑니다. 소방 당국이 지휘하면 자동 명령은 멈추고 감시만 계속합니다.

이 소프트웨어는 형식승인을 받은 소화 설비가 아닙니다. 배선으로 연결된 소화 설비는 이 시스템이 꺼져 있어도 작동해야 합니다.

## 1. Boundary

* **This is software on a server, not a listed releasing unit.** A site runs it in one of two modes. *Executor*: it drives the outputs; for simulators,
  tests, drills, and sites whose fire engineer signs for it. *Supervisor*: a listed panel releases; this system decides the same, compares, warns, asks and
  records every difference. The same code decides in both; only the last hop differs.
* The hard-wired path (detectors, panel, manual stations, battery management trips) must work with this system switched off. Nothing here may inhibit a release
  by the panel, and nothing here can.
* It decides per site with no other site, no database, no console and no set clock. Without its own disk it still acts, and records the gap.
* It does not know what a battery's chemistry does. The temperatures are the reference site's published ladder; the votes and times around them are judgement.
  A site with other cells, agent or construction needs its own numbers, and its fire engineer's name under them.
* Marked **[judgement]** below or in the list of section 11 is what no source gives. A signature covers these in particular.

Inputs a second: three temperatures a rack with their quality, smoke, off-gas and arc of each rack, aspirating detector, flammable gas, people inside, abort,
manual station, and the feedback of every output. What each means when its link is lost stands in [decision 3](decisions/0003-unknown-inputs-of-the-gas-release.md).
`

// fireSources is what it says after them.
const fireSources = `
## 11. Sources and judgement

From public sources, in words:

* The order 60 °C isolation and curtain, 68 °C patch above the batteries, 80 °C nozzles in the rack, then water with its run-off to a tank, then gas with reserve
  pipes from another floor, then the fire authority: the operator of the reference data center, as told to the Korean press after its 2022 fire.
* Cross-zone release, an adjustable delay of 0 to 60 s, abort that pauses and does not cancel, manual station over abort, dampers shut before the discharge: a United
  States unified facilities guide specification, a navy design guide (20 s or more), and the New York City fire code (30 s or less, abort on smoke only).
* That a delay must not serve to confirm a detection: a study item of the committee for clean-agent systems.
* Water first for lithium-ion, about 12 L/min per square metre, and that sprinklers delay rather than end a spread between racks; that re-ignition
  comes minutes to days later and needs a fire watch: a standard's annex and an insurer's research on energy storage.
* A battery room above 20 kWh of lithium cells: compartment, sprinklers or proven battery-type extinguishing, automatic report to the fire service: the Korean
  technical standard for energy storage systems. Compartment, spacing, cutting links between batteries in an emergency, rapid exhaust: the Korean guideline for data centers of 2024.
  The clause texts themselves were not at hand and must be checked before they are quoted.
* Voting that degrades with an alarm, bypass with a time limit and a second person, proof tests, reset by hand: general practice of functional safety (IEC 61508 and 61511).

Judgement, to be signed for or replaced: the pre-alarm at 50 °C and 5 K/min; three scans, 2 K; evidence as one vote and never alone; one vote for stage 1 with two channels; 10 s
and 30 s for one channel alone; the vote of a channel lost hot; 60 s and 300 s of the battery management system alone; 60 s of agent, 300 s of water, 30 s of warning, 120 s and 300 s of evaluation; 25 % and 10 % of the lower
flammable limit as hold and exhaust; one hour below 45 °C before a reset; a day of fire watch; every deadline and retry of section 4; the intervals of section 8; 60 s of smoke in one zone.

Known limits: smoke that comes after stage 1 was reached by temperature calls the fire service at stage 2, not before. A manual station pulled after the automatic release has failed
does not pulse the valve again: the station's own wiring must. The flow of water is proven by a switch, not measured per rack.
`
