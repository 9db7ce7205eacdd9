import { describe, expect, it } from 'vitest'
import { bare, grade, height, hottest, ladder, rank, worstRack } from './ladder'
import type { FireCommand, Rack, Room } from './types'

const sentAt = '2026-03-02T05:00:00.000Z'
const now = Date.parse('2026-03-02T05:00:07.000Z')

const command = (name: string, state: FireCommand['state']): FireCommand => ({
  name,
  state,
  attempts: state === 'idle' ? 0 : 1,
  sent: state === 'idle' ? null : sentAt,
  confirmed: state === 'confirmed' ? sentAt : null,
})

const rack = (over: Partial<Rack> = {}): Rack => ({
  id: 'R3',
  asset: 'demo/b1/r3',
  stage: 'S0',
  channels: {},
  evidence: [],
  votes: {},
  hottest: 25,
  rate_per_min: 0,
  commands: [],
  ...over,
})

const room = (over: Partial<Room> = {}): Room => ({
  id: 'B1',
  asset: 'demo/b1',
  stage: 'S0',
  mode: 'executor',
  control: 'automatic',
  drill: false,
  occupied: 0,
  lel: 0,
  asd: 0,
  countdown_s: null,
  holds: [],
  water_since: null,
  commands: [],
  racks: [],
  ...over,
})

const lit = (r: Room, k: Rack) =>
  ladder(r, k, now)
    .filter((x) => x.lit)
    .map((x) => x.id)
    .join(' ')

describe('rungs', () => {
  it('stay dark while all is normal or nothing is known', () => {
    expect(lit(room(), rack())).toBe('')
    expect(lit(room({ stage: 'unknown' }), rack({ stage: 'unknown' }))).toBe('')
  })

  it('are lit up to the stage of the rack, the highest marked', () => {
    const rungs = ladder(room({ stage: 'S2' }), rack({ stage: 'S2' }), now)
    expect(rungs.filter((r) => r.lit).map((r) => r.id)).toEqual(['SP', 'S1', 'S2'])
    expect(rungs.find((r) => r.top)?.id).toBe('S2')
  })

  it('of a calm rack are not lit by its neighbour, but by the gas of the whole room', () => {
    expect(lit(room({ stage: 'S4' }), rack())).toBe('')
    expect(lit(room({ stage: 'S5A' }), rack())).toBe('SP S1 S2 S3 water gas')
    expect(lit(room({ stage: 'S5C' }), rack({ stage: 'S4' }))).toContain('reserve')
  })
})

describe('actions', () => {
  const rungs = ladder(
    room({ commands: [command('B1.EVAC_ALARM', 'sent'), command('DRILL:FD_CALL', 'confirmed')] }),
    rack({ stage: 'S1', commands: [command('R3.ISOLATE', 'failed'), command('CURTAIN', 'confirmed')] }),
    now,
  )
  const of = (name: string) => rungs.flatMap((r) => r.actions).find((a) => a.name === name)

  it('show a command as commanded, with its seconds, until feedback is there', () => {
    expect(of('EVAC_ALARM')).toMatchObject({ look: 'commanded', seconds: 7 })
    expect(of('CURTAIN')).toMatchObject({ look: 'confirmed', seconds: null })
    expect(of('ISOLATE')).toMatchObject({ look: 'mismatch', seconds: 7 })
    expect(of('PATCH')).toMatchObject({ look: 'idle', seconds: null })
  })

  it('show a fallback only once it was tried', () => {
    expect(of('ISOLATE_BKP')).toBeUndefined()
    expect(of('FD_CALL')).toMatchObject({ look: 'confirmed' })
  })
})

it('strips rack, room and drill marks from a name', () => {
  expect(bare('R3.ISOLATE')).toBe('ISOLATE')
  expect(bare('DRILL:R3.ISOLATE')).toBe('ISOLATE')
  expect(bare('WATER')).toBe('WATER')
})

it.each([
  [-5, 0],
  [20, 0],
  [35, 0.5],
  [50, 1],
  [60, 2],
  [64, 2.5],
  [68, 3],
  [80, 4],
  [200, 5],
])('%i degC stands %f rungs high', (degC, want) => {
  expect(height(degC)).toBeCloseTo(want)
})

it('finds the rack that needs eyes and the hottest reading', () => {
  const r = room({
    racks: [
      rack({ id: 'R1', hottest: 40 }),
      rack({ id: 'R2', stage: 'S1', hottest: 31 }),
      rack({ id: 'R3', hottest: null }),
    ],
  })
  expect(worstRack(r)?.id).toBe('R2')
  expect(hottest(r)).toMatchObject({ value: 40, rack: { id: 'R1' } })
  expect(hottest(room({ racks: [rack({ hottest: null })] }))).toBeNull()
})

it.each([
  ['unknown', 'unknown', 0],
  ['S0', 'calm', 0],
  ['SP', 'watch', 1],
  ['S1', 'grave', 3],
  ['S2', 'grave', 3],
  ['S3', 'serious', 4],
  ['S6', 'serious', 4],
] as const)('stage %s is worded %s with %i pips', (stage, word, pips) => {
  expect(grade(stage)).toEqual({ grade: word, pips })
  expect(rank(stage)).toBe(['S0', 'SP', 'S1', 'S2', 'S3', 'S4', 'S5A', 'S5B', 'S5C', 'S6'].indexOf(stage))
})
