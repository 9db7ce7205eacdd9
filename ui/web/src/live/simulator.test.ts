import { expect, it } from 'vitest'
import { readSimulator, storyTime } from './simulator'
import { judged, matches, readCheck, tally, type Check, type Known } from './simulator-checks'
import type { Alarm, Room } from './types'

it('reads what the panel needs and survives what is missing or odd', () => {
  const s = readSimulator(
    {
      scenario: {
        name: 'battery-fire',
        elapsed_s: 12.5,
        length_s: 300,
        started: '2026-11-22T09:00:00.000Z',
        played: 1,
        events: 3,
        last: { at_s: 0, act: 'note', note: { ko: '시작', en: 'start' } },
        coming: [{ at_s: 15, act: 'inject', kind: 'isc', target: 'demo/b1/r3', what: 'inject isc' }],
        checks: [{ kind: 'command', what: 'R3.ISOLATE', from_s: 40, to_s: 50, verdict: 'waiting' }],
      },
      speed: { asked: 10, effective: 1, held: true },
      clock: { paused: true, step_left_s: 4 },
      faults: [{ id: 'f1', kind: 'isc', target: 'demo/b1/r3' }],
      racks: [{ id: 'demo/b1/r3', max_cell_c: 81.2, air_c: 'hot' }],
    },
    { items: [{ name: 'battery-fire', title: { ko: '배터리 화재' }, text: { en: 'burns' }, length_s: 300 }] },
  )
  expect(s).toMatchObject({ asked: 10, effective: 1, held: true, paused: true, stepLeft: 4 })
  expect(s.run).toMatchObject({ name: 'battery-fire', elapsed: 12.5, length: 300, played: 1, over: false })
  expect(s.run?.coming[0]).toMatchObject({ at: 15, act: 'inject', note: null })
  expect(s.run?.last?.note?.en).toBe('start')
  expect(s.run?.checks[0]).toMatchObject({ verdict: 'waiting', from: 40, min: null })
  expect(s.scenarios[0]?.title.en).toBe('배터리 화재')
  expect(s.scenarios[0]?.text.ko).toBe('burns')
  expect(s.truth).toEqual([{ rack: 'demo/b1/r3', maxC: 81.2, airC: null }])
  expect(readSimulator(null, undefined)).toMatchObject({ scenarios: [], run: null, asked: 1, faults: [] })
  expect(
    readSimulator({ scenario: { name: 'x', checks: [{ verdict: 'maybe' }] } }, null).run?.checks[0]?.verdict,
  ).toBe('unseen')
})

it('writes the time of a story as people count it', () => {
  expect([0, 9, 65, 3600, 5402, -3].map(storyTime)).toEqual([
    '0:00',
    '0:09',
    '1:05',
    '1:00:00',
    '1:30:02',
    '0:00',
  ])
})

it('compares patterns over slashes and colons', () => {
  expect(matches('fire:STAGE*', 'fire:STAGE1:R3')).toBe(true)
  expect(matches('inlet-*@*', 'inlet-27@demo/h1/a1')).toBe(true)
  expect(matches('a.b', 'axb')).toBe(false)
})

it('judges alarms and stages, which the simulator cannot see', () => {
  const started = Date.parse('2026-11-22T09:00:00Z')
  const alarm = (id: string, raised: string, state = 'unacknowledged') =>
    [id, { id, raised, state, active: true } as Alarm] as const
  const known = (elapsed: number): Known => ({
    alarms: new Map([
      alarm('fire:STAGE1:R3', '2026-11-22T09:00:44Z'),
      alarm('old@x', '2026-11-22T08:00:00Z'),
      alarm('gone@x', '2026-11-22T09:00:10Z', 'normal'),
    ]),
    rooms: [{ id: 'B1', stage: 'S2', racks: [{ id: 'R3', stage: 'S2' }] } as unknown as Room],
    started,
    elapsed,
    over: elapsed > 300,
  })
  const check = (kind: string, what: string, of = '', stage = '') =>
    ({ ...readCheck({ kind, what, of, stage, to_s: 60 }), verdict: 'unseen' }) as Check
  const say = (c: Check, elapsed = 50) => judged(c, known(elapsed)).verdict
  expect(say(check('alarm', 'fire:STAGE1:R3'))).toBe('met')
  expect(say(check('alarm', 'old@x'))).toBe('waiting')
  expect(say(check('alarm', 'gone@x'), 70)).toBe('unseen')
  expect(say(check('no-alarm', 'fire:*'))).toBe('failed')
  expect(say(check('no-alarm', 'old@*'))).toBe('waiting')
  expect(say(check('no-alarm', 'old@*'), 301)).toBe('unseen')
  expect(say(check('stage', 'R3 S1', 'R3', 'S1'))).toBe('met')
  expect(say(check('stage', 'R3 S4', 'R3', 'S4'))).toBe('waiting')
  expect(say(check('highest', 'B1 SP', 'B1', 'SP'))).toBe('failed')
  expect(say(check('highest', 'B1 S4', 'B1', 'S4'))).toBe('waiting')
  expect(say({ ...check('command', 'R3.WATER'), verdict: 'met' })).toBe('met')
  expect(tally([check('alarm', 'a'), { ...check('alarm', 'b'), verdict: 'met' }])).toEqual({
    met: 1,
    waiting: 0,
    failed: 0,
    unseen: 1,
  })
})
