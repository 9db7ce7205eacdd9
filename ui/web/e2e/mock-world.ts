// The mock's state: time, alarms, journal, and the value of every point. For component tests and
// screenshots only; nothing here proves anything about the real server.

import type { Alarm, Entry, Quality, Room, Stage, Text } from '../src/live/types'
import { climbs, roomAt, tempsOf, type Moment } from './mock-fire'
import { points, racks } from './mock-plant'

interface Reading {
  v: number | null
  q: Quality
  r: string
}

const words: Partial<Record<Stage, [string, number, Text]>> = {
  SP: ['PREALARM:R3', 2, { ko: '배터리 랙 예비 경보', en: 'Battery rack pre-alarm' }],
  S1: [
    'STAGE1:R3',
    1,
    { ko: '1단계 60 ℃: 전원 격리, 방화막', en: 'Stage 1, 60 °C: isolation and fire curtain' },
  ],
  S2: ['STAGE2:R3', 1, { ko: '2단계 68 ℃: 소화 패치', en: 'Stage 2, 68 °C: extinguishing patch' }],
  S3: ['STAGE3:R3', 1, { ko: '3단계 80 ℃: 랙 내부 노즐 분사', en: 'Stage 3, 80 °C: nozzles in the rack' }],
  S4: ['STAGE4:R3', 1, { ko: '4단계: 냉각수 방수', en: 'Stage 4: cooling water' }],
  S5A: ['STAGE5:B1', 1, { ko: '5단계: 소화 가스 방출 절차', en: 'Stage 5: gas release procedure' }],
}

export class World {
  began = 0
  /** How many seconds in the fire stands still, null while it burns on. */
  private stands: number | null = null
  speed = 1
  alarms = new Map<string, Alarm>()
  entries: Entry[] = []
  told: (event: string, data: unknown) => void = () => undefined
  private stage: Stage = 'S0'
  revision = 1

  constructor() {
    const now = Date.now()
    this.log('start', 'field', 'n1', { what: 'field' })
    this.raise('inlet-27/demo/h1/b4', 3, 'demo/h1/b4', now - 34 * 60_000, {
      point: 'demo/h1/b4/env/inlet-top',
      texts: { ko: '흡기 온도 27도 초과', en: 'Rack inlet above 27 C' },
      value: 27.6,
      limit: 27,
      unit: 'degC',
      class: 'cooling',
      state: 'acknowledged',
      acked: new Date(now - 30 * 60_000).toISOString(),
      acked_by: 'operator',
      consequence: {
        ko: '서버 팬이 빨라지고 전력이 늘어납니다',
        en: 'Server fans speed up and draw more power',
      },
      action: {
        ko: '통로 막음판과 냉방 풍량을 확인하십시오',
        en: 'Check the blanking panels and the air flow',
      },
    })
    this.raise('tc-stale/demo/b1/r6', 3, 'demo/b1/r6', now - 4 * 60_000, {
      point: 'demo/b1/r6/cam/max',
      texts: { ko: '열화상 카메라 값 불량', en: 'Thermal camera value is bad' },
      class: 'system',
      unit: '-',
    })
    this.raise('soh-low/demo/b1/r7', 4, 'demo/b1/r7', now - 26 * 3600_000, {
      texts: { ko: '배터리 건강도 80% 미만', en: 'State of health below 80 %' },
      value: 79,
      limit: 80,
      unit: '%',
      class: 'power',
      state: 'latched-acknowledged',
      active: false,
      acked: new Date(now - 25 * 3600_000).toISOString(),
      acked_by: 'operator',
    })
  }

  raise(id: string, priority: number, asset: string, at: number, more: Partial<Alarm> = {}): void {
    const alarm: Alarm = {
      id,
      point: '',
      asset,
      priority,
      state: 'unacknowledged',
      text: more.texts?.ko ?? id,
      raised: new Date(at).toISOString(),
      acked: null,
      returned: null,
      value: 0,
      limit: 0,
      unit: '-',
      quality: 'good',
      class: 'fire',
      active: true,
      count: 1,
      occurrence: this.revision,
      revision: this.revision++,
      ...more,
    }
    this.alarms.set(id, alarm)
    this.told('alarm', alarm)
    this.log('alarm', 'rules', id, alarm)
  }

  change(id: string, more: Partial<Alarm>): Alarm | undefined {
    const had = this.alarms.get(id)
    if (!had) return undefined
    const alarm = { ...had, ...more, revision: this.revision++ }
    this.alarms.set(id, alarm)
    this.told('alarm', alarm)
    this.log('alarm', 'rules', id, alarm)
    return alarm
  }

  log(kind: string, actor: string, subject: string, data: unknown): void {
    const seq = this.entries.length + 1
    const hash = (seq * 2654435761).toString(16).padStart(64, '0')
    const entry: Entry = { seq, time: new Date().toISOString(), kind, actor, subject, data, hash }
    this.entries.push(entry)
    this.told('entry', entry)
  }

  moment(): Moment {
    const now = Date.now()
    if (this.stands !== null) this.began = now - this.stands * 1000
    return { t: this.began > 0 ? (now - this.began) / 1000 : 0, began: this.began, now }
  }

  /** Begins a fire so many seconds in; one that stands still stays there, however long the browser takes. */
  start(secondsIn = 0, still = false): void {
    this.began = Date.now() - secondsIn * 1000
    this.stands = still ? secondsIn : null
    this.log('act', 'operator', 'battery-fire', {
      kind: 'sim.start',
      subject: 'battery-fire',
      by: ['operator'],
    })
  }

  /** One second: climbs the ladder and tells of it. */
  step(): Room {
    const m = this.moment()
    const room = roomAt(m)
    for (const [at, stage] of climbs) {
      const passed = climbs.findIndex(([, s]) => s === this.stage)
      const index = climbs.findIndex(([, s]) => s === stage)
      if (m.t < at || index <= passed) continue
      const change = { room: 'B1', rack: 'R3', from: this.stage, to: stage, why: '60:3/2 RT BM TC' }
      this.stage = stage
      this.log('stage', 'fire', 'B1/R3', change)
      const [id, priority, texts] = words[stage] ?? []
      if (id && priority)
        this.raise(id, priority, id.endsWith('B1') ? 'demo/b1' : 'demo/b1/r3', m.now, { texts })
    }
    return room
  }

  read(id: string): Reading {
    const m = this.moment()
    const good = (v: number): Reading => ({ v, q: 'good', r: '' })
    const rack = /^demo\/b1\/(r\d)\/(.*)$/.exec(id)
    if (rack) {
      const name = (rack[1] ?? '').toUpperCase()
      const temps = tempsOf(name, name === 'R3' ? m.t : 0, m.now)
      const word = rack[2] ?? ''
      if (word === 'io/rt') return good(temps.RT)
      if (word === 'bms/t-max') return good(temps.BM)
      if (word === 'cam/max') return name === 'R6' ? { v: null, q: 'bad', r: 'comms' } : good(temps.TC)
      const command = roomAt(m).racks[racks.indexOf(name)]?.commands?.find((c) => c.point === id)
      return good(command?.state === 'confirmed' ? 1 : 0)
    }
    if (id === 'demo/h1/c7/env/inlet-top') return { v: 23.4, q: 'stale', r: 'stale' }
    const inlet = /^demo\/h1\/([a-d])(\d+)\/env\/(inlet-\w+|kw-a)$/.exec(id)
    if (inlet) {
      const n = (inlet[1]?.charCodeAt(0) ?? 0) * 3 + Number(inlet[2]) * 7
      if (inlet[3] === 'kw-a') return good(2 + (n % 10) / 4)
      const lift = { 'inlet-top': 2.2, 'inlet-middle': 1, 'inlet-bottom': 0 }[inlet[3] ?? ''] ?? 0
      const hot = id.startsWith('demo/h1/b4/') ? 3.2 : 0
      return good(20 + (n % 9) * 0.35 + lift + hot + Math.sin(m.now / 20000 + n) * 0.2)
    }
    return good(this.roomValue(id, m))
  }

  private roomValue(id: string, m: Moment): number {
    const room = roomAt(m)
    const proved = room.commands?.find((c) => c.point === id)?.state === 'confirmed'
    const calm: Record<string, number> = {
      'demo/feed-a/meter/kw': 412.3 + Math.sin(m.now / 7000) * 3,
      'demo/feed-a/meter/v-l12': 22910,
      'demo/feed-a/meter/hz': 60 + Math.sin(m.now / 3000) * 0.02,
      'demo/feed-a/meter/available': 1,
      'demo/feed-a/meter/carrying': 1,
      'demo/feed-b/meter/kw': 0,
      'demo/feed-b/meter/v-l12': 22890,
      'demo/feed-b/meter/hz': 60,
      'demo/feed-b/meter/available': 1,
      'demo/ups-a/ups/ctl/mode': 1,
      'demo/ups-a/ups/ctl/runtime': m.t > 7 ? 13.1 : 15.2,
      'demo/ups-a/ups/ctl/batt-charge': 99.6,
      'demo/ups-a/ups/ctl/load': 61.2,
      'demo/ups-a/ups/ctl/batt-racks': m.t > 7 ? 7 : 8,
      'demo/b1/io/asd-stage': room.asd ?? 0,
      'demo/b1/io/lfl': room.lel ?? 0,
      'demo/b1/io/occupancy': room.occupied ?? 0,
      'demo/b1/io/gas-pressure': m.t > 57 ? 12.5 : 148.2,
      'demo/b1/io/tank-level': 4 + Math.max(0, m.t - 20) * 0.4,
      'demo/b1/io/pump-flow': m.t > 20 ? 240 : 0,
      'demo/b1/io/pump-run': m.t > 20 ? 1 : 0,
      'demo/b1/io/exhaust-run': proved ? 0 : 1,
      'demo/b1/io/door-closed': 1,
    }
    return calm[id] ?? (proved ? 1 : 0)
  }

  readAll(): Reading[] {
    return points.map((p) => {
      const r = this.read(p.id)
      const scale = 10 ** (p.digits ?? 1)
      return { ...r, v: r.v === null ? null : Math.round(r.v * scale) / scale }
    })
  }
}
