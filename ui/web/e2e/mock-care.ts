// What is kept beside the fire response, as the mock plays it: a drill, the fire watch, a gas bank, proof tests and the
// sheet for the fire authority.

import type { Drill, FireRound, ProofRun, ProofResult } from '../src/live/care'
import type { Heartbeat, Room } from '../src/live/types'
import type { HandOver } from '../src/screens/handover/handover'
import { OrderRefused } from './mock-orders'

export const proofTests = [
  {
    id: 'smoke',
    names: { ko: '연기 감지기 시험', en: 'smoke into each detector' },
    days: 182,
    per_rack: true,
    on_rack: false,
    expect: ['SM'],
  },
  {
    id: 'solenoid',
    names: { ko: '솔레노이드 시험 (안전핀 체결)', en: 'solenoids, with the safety pin in' },
    days: 365,
    per_rack: false,
    on_rack: false,
    expect: [],
  },
]

const later = (minutes: number): string => new Date(Date.now() + minutes * 60_000).toISOString()

export class Care {
  drill: Drill | null = null
  rounds: FireRound[] = []
  testing: ProofRun[] = []
  tested: ProofResult[] = []

  /** What one person does; false for what takes two. */
  act(verb: string, body: Record<string, unknown>, who: string): boolean {
    const at = new Date().toISOString()
    const test = proofTests.find((t) => t.id === body.test)
    const subject = String(body.subject ?? '')
    switch (verb) {
      case 'drill':
        this.drill = {
          by: who,
          from: at,
          until: later(Number(body.minutes)),
          rack: String(body.rack ?? ''),
          temp_c: 62,
          stage: 'S1',
          orders: [{ name: 'DRILL:R3.ISOLATE', at }],
          alarms: [
            {
              key: 'STAGE1:R3',
              priority: 1,
              text: {
                ko: '1단계 60 ℃: 전원 격리, 방화막 (R3)',
                en: 'Stage 1, 60 °C: isolation and fire curtain (R3)',
              },
              since: at,
            },
          ],
        }
        return true
      case 'end-drill':
        this.drill = null
        return true
      case 'watch-round':
        this.rounds.push({ at, by: who, sign: body.seen === 'sign', note: String(body.note ?? '') })
        return true
      case 'proof-begin':
        if (!test) throw new OrderRefused(422, 'There is no such test.')
        this.testing.push({
          subject,
          test: test.id,
          name: test.names,
          by: who,
          since: at,
          signals: test.expect.map((name) => ({ name, point: '', want: '≠ 0', value: 0, seen: null })),
        })
        return true
      case 'proof-record': {
        const run = this.testing.find((r) => r.subject === subject && r.test === body.test)
        if (body.result === 'passed' && run?.signals.some((s) => !s.seen))
          throw new OrderRefused(409, 'not seen yet: SM ≠ 0. Wait for it, or record the test as failed')
        this.testing = this.testing.filter((r) => r !== run)
        const name = test?.names ?? { ko: '', en: '' }
        const passed = body.result === 'passed'
        this.tested.unshift({ subject, test: String(body.test), name, at, by: who, passed, seen: [] })
        return true
      }
      default:
        return false
    }
  }

  /** A room with all of it. */
  dress(room: Room): Room {
    const burnt = room.stage !== 'S0' && room.stage !== 'SP'
    return {
      ...room,
      kind: 'battery',
      drill: this.drill !== null,
      drilled: this.drill,
      watch_to: burnt || this.rounds.length > 0 ? later(24 * 60) : null,
      next_round: burnt || this.rounds.length > 0 ? later(12) : null,
      rounds: this.rounds,
      bank: { bar: 148, intact: !burnt, low: false, released: false, donors: ['B2'] },
      tank: { level_pct: 62, inflow_l_min: burnt ? 220 : 0, free_l: 7600, full_min: burnt ? 34 : null },
      tests: [
        {
          subject: 'R4',
          test: 'smoke',
          name: { ko: '연기 감지기 시험', en: 'smoke into each detector' },
          last: null,
          due: later(-60 * 24 * 3),
          overdue: true,
        },
      ],
      testing: this.testing,
      tested: this.tested,
    }
  }

  beat(): Partial<Heartbeat> {
    const d = this.drill
    if (!d) return { drill: false }
    return {
      drill: true,
      drills: [{ room: 'B1', by: d.by, until: d.until, stage: d.stage, alarms: d.alarms }],
    }
  }
}

/** The sheet for the fire authority, of a room as it stands. */
export function sheetOf(bare: Room, care: Care): HandOver {
  const room = care.dress(bare)
  const burning = room.racks.filter((r) => r.stage !== 'S0')
  const proven = (r: Room['racks'][number]) =>
    r.commands?.some((c) => c.name === 'ISOLATE' && c.state === 'confirmed') ?? false
  return {
    site: { id: 'demo', name: { ko: '데모 데이터센터', en: 'Demo data center' } },
    written: new Date().toISOString(),
    control: room.control,
    stale: false,
    rooms: [
      {
        id: room.id,
        name: { ko: '배터리실 1', en: 'Battery room 1' },
        stage: room.stage,
        drill: room.drill,
        people: room.occupied ?? 1,
        lel_pct: room.lel ?? 0,
        countdown_s: room.countdown_s,
        burning: burning.map((r) => ({
          id: r.id,
          name: { ko: '배터리 랙', en: 'Battery rack' },
          row: 1,
          col: Number(r.id.slice(1)),
          stage: r.stage,
          hottest_c: r.hottest,
          rate_per_min: r.rate_per_min,
          evidence: r.evidence ?? [],
          isolated: proven(r),
          orders: (r.commands ?? []).filter((c) => c.state !== 'idle'),
        })),
        live: room.racks.filter((r) => !proven(r)).map((r) => r.id),
        orders: (room.commands ?? []).filter((c) => c.state !== 'idle'),
        water_from: room.water_since,
        tank: room.tank ?? null,
        bank: room.bank ?? null,
      },
    ],
    power_cut: [{ kind: 'it-rack', where: { ko: '전산실 1', en: 'Hall 1' }, count: 24 }],
    contacts: [{ ko: '소방서 119', en: 'Fire service 119' }],
    cautions: [
      {
        ko: '격리된 랙도 셀에는 전기가 남아 있습니다.',
        en: 'An isolated rack still holds the charge of its cells.',
      },
    ],
    dont: [{ ko: '배터리실에 들어가지 마십시오.', en: 'Do not enter the battery room.' }],
    handed: null,
  }
}
