import { describe, expect, it } from 'vitest'
import {
  clock,
  dateTime,
  duration,
  look,
  number,
  stopwatch,
  unit,
  valueText,
  worst,
  zoneName,
} from './format'

describe('times', () => {
  const at = Date.parse('2026-03-02T05:03:22.000Z')

  it('are written in the site zone, 24-hour, with the zone named', () => {
    expect(dateTime(at, 'Asia/Seoul')).toBe('2026-03-02 14:03:22')
    expect(clock(at, 'Asia/Seoul')).toBe('14:03:22')
    expect(zoneName('Asia/Seoul', at)).toBe('KST')
    expect(dateTime(at, 'UTC')).toBe('2026-03-02 05:03:22')
  })

  it('write midnight as 00, not 24', () => {
    expect(clock(Date.parse('2026-03-01T15:00:05.000Z'), 'Asia/Seoul')).toBe('00:00:05')
  })

  it.each([
    [900, 'duration.s', { s: 0 }],
    [59_999, 'duration.s', { s: 59 }],
    [61_000, 'duration.ms', { m: 1, s: 1 }],
    [3_600_000 * 5 + 720_000, 'duration.hm', { h: 5, m: 12 }],
    [3_600_000 * 49, 'duration.dh', { d: 2, h: 1 }],
    [-5, 'duration.s', { s: 0 }],
  ])('%i ms lasts %s', (ms, key, values) => {
    expect(duration(ms)).toEqual({ key, values })
  })
})

describe('looks', () => {
  it.each([
    ['good', [], 'good'],
    ['uncertain', [], 'good'],
    ['stale', [], 'stale'],
    ['bad', ['substituted'], 'bad'],
    ['unknown', ['simulated'], 'unknown'],
    ['good', ['substituted'], 'substituted'],
    ['good', ['simulated'], 'simulated'],
    ['stale', ['simulated'], 'stale'],
    ['bad', ['out-of-service'], 'out-of-service'],
  ] as const)('%s with %j looks %s', (quality, flags, want) => {
    expect(look(quality, flags)).toBe(want)
  })

  it('takes the worst of several', () => {
    expect(worst(['good', 'stale', 'uncertain'])).toBe('stale')
    expect(worst(['bad', 'unknown'])).toBe('unknown')
    expect(worst([])).toBe('good')
  })
})

describe('numbers', () => {
  it('keep their digits and have a real minus, but no minus zero', () => {
    expect(number(24)).toBe('24.0')
    expect(number(-1.26, 1)).toBe('−1.3')
    expect(number(-0.01, 1)).toBe('0.0')
  })

  it('become words where the point has some', () => {
    const point = { enum: { 2: { ko: '배터리 운전', en: 'on battery' } }, digits: 0 }
    expect(valueText(2, point, 'ko')).toBe('배터리 운전')
    expect(valueText(2, point, 'en')).toBe('on battery')
    expect(valueText(5, point, 'ko')).toBe('5')
  })

  it('have units people read', () => {
    expect(unit('degC')).toBe('℃')
    expect(unit('-')).toBe('')
    expect(unit('kW')).toBe('kW')
  })
})

it.each([
  [0, '0:00'],
  [58_900, '0:58'],
  [3_492_000, '58:12'],
  [3_672_000, '1:01:12'],
  [-65_000, '−1:05'],
])('writes a running clock of %i ms as %s', (ms, want) => expect(stopwatch(ms)).toBe(want))
