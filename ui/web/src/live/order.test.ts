import { describe, expect, it } from 'vitest'
import { belowCritical, canReset, compare, foremost, rows, sorted } from './order'
import type { Alarm, AlarmState } from './types'

const make = (id: string, priority: number, state: AlarmState, minute: number, active = true): Alarm =>
  ({
    id,
    priority,
    state,
    active,
    raised: `2026-03-02T05:${String(minute).padStart(2, '0')}:00.000Z`,
  }) as Alarm

const ids = (list: Alarm[]) => list.map((a) => a.id).join(' ')

describe('the order', () => {
  it('is priority, then unacknowledged, then newest', () => {
    const all = [
      make('p3-new', 3, 'unacknowledged', 9),
      make('p1-acked', 1, 'acknowledged', 8),
      make('p1-old', 1, 'unacknowledged', 1),
      make('p1-new', 1, 'unacknowledged', 5),
      make('p1-returned', 1, 'returned-unacknowledged', 3),
    ]
    expect(ids(sorted(all))).toBe('p1-new p1-returned p1-old p1-acked p3-new')
  })

  it('is the same whatever the alarms come in', () => {
    const a = make('a', 2, 'unacknowledged', 4)
    const b = make('b', 2, 'unacknowledged', 4)
    expect(compare(a, b)).toBeLessThan(0)
    expect(compare(b, a)).toBeGreaterThan(0)
  })
})

it('names the foremost alarm: highest priority, newest, unacknowledged', () => {
  const all = [
    make('a', 2, 'unacknowledged', 9),
    make('b', 1, 'acknowledged', 9),
    make('c', 2, 'unacknowledged', 3),
  ]
  expect(foremost(all)?.id).toBe('a')
  expect(foremost([make('b', 1, 'acknowledged', 9)])).toBeUndefined()
})

it('takes a time for what it says, however it is written', () => {
  const at = (id: string, raised: string | null) => ({ ...make(id, 2, 'unacknowledged', 0), raised })
  const all = [
    at('none', null),
    at('early', '2026-03-02T05:00:00.000Z'),
    at('east', '2026-03-02T14:30:00.000+09:00'),
    at('late', '2026-03-02T06:00:00.000Z'),
  ]
  expect(ids(sorted(all))).toBe('late east early none')
})

describe('rows a person points at', () => {
  const old = make('old', 2, 'unacknowledged', 1)
  const shown = [old, make('gone', 3, 'unacknowledged', 1)]
  const fresh = make('fresh', 1, 'unacknowledged', 5)

  it('do not move; new alarms wait and are counted', () => {
    const acked = { ...old, state: 'acknowledged' as const }
    const held = rows([fresh, acked], shown, true)
    expect(ids(held.rows)).toBe('old gone')
    expect(held.rows[0]?.state).toBe('acknowledged')
    expect(held.waiting).toBe(1)
  })

  it('move when nobody points', () => {
    const free = rows([fresh, old], shown, false)
    expect(ids(free.rows)).toBe('fresh old')
    expect(free.waiting).toBe(0)
  })
})

it('takes everything unacknowledged below critical, and never a critical one', () => {
  const all = [
    make('p1', 1, 'unacknowledged', 1),
    make('p2', 2, 'unacknowledged', 1),
    make('p3', 3, 'acknowledged', 1),
  ]
  expect(ids(belowCritical(all))).toBe('p2')
})

it('lets a latched alarm be reset only once its condition is gone', () => {
  expect(canReset(make('a', 1, 'latched-acknowledged', 1, true))).toBe(false)
  expect(canReset(make('a', 1, 'latched-acknowledged', 1, false))).toBe(true)
  expect(canReset(make('a', 1, 'acknowledged', 1, false))).toBe(false)
})
