import { describe, expect, it } from 'vitest'
import {
  firstOuts,
  foldCauses,
  groupKey,
  groupOf,
  standing,
  underCause,
  type Flood,
  type Group,
} from './flood'
import type { Alarm } from './types'

const alarm = (id: string, priority = 3): Alarm =>
  ({ id, priority, state: 'unacknowledged', raised: '2026-06-01T00:00:00Z' }) as Alarm
const group = (asset: string, alarms: string[], urgent: string[] = []): Group => ({
  asset,
  first_out: alarms[0] ?? urgent[0] ?? '',
  first: '2026-06-01T00:00:00Z',
  worst: 3,
  active: 1,
  unacked: 1,
  alarms,
  urgent,
})

describe('alarms by cause', () => {
  const a = group('hall', ['a', 'b'], ['u'])
  const b = group('rack', ['c'])
  const flood: Flood = {
    positions: [
      {
        id: 'control',
        name: { ko: '', en: '' },
        flooded: true,
        since: null,
        count: 4,
        rate: 4,
        groups: [a, b],
      },
    ],
    chattering: {},
  }
  const all = [alarm('u', 1), alarm('a'), alarm('b'), alarm('c'), alarm('new')]

  it('never hides priority 1 or what is not grouped yet', () => {
    expect(underCause(all, [a, b], '').map((x) => x.id)).toEqual(['u', 'c', 'new'])
    expect(underCause(all, [a, b], groupKey(a)).map((x) => x.id)).toEqual(['u', 'a', 'b', 'c', 'new'])
  })
  it('marks the first of a group, and of a lone alarm none', () => {
    expect([...firstOuts(flood)]).toEqual(['a'])
    expect(firstOuts(undefined).size).toBe(0)
  })
  it('finds the group of an alarm, an urgent one too', () => {
    expect(groupOf(flood, 'u')).toBe(a)
    expect(groupOf(flood, 'new')).toBeUndefined()
  })
  it('knows what stands for over a day', () => {
    const raised = Date.parse('2026-06-01T00:00:00Z')
    expect(standing(alarm('a'), raised + 25 * 3600_000)).toBe(true)
    expect(standing(alarm('a'), raised + 23 * 3600_000)).toBe(false)
    expect(standing({ ...alarm('a'), state: 'normal' }, raised + 25 * 3600_000)).toBe(false)
  })
})

describe('what follows from a cause', () => {
  const g: Group = {
    ...group('ats', ['b', 'c', 'd'], ['cause', 'p1']),
    cause: 'cause',
    first_out: 'b',
    path: 'power',
  }
  const flood = { positions: [{ groups: [g] }], chattering: {} } as unknown as Flood
  const acked = { ...alarm('c'), state: 'acknowledged' } as Alarm
  const all = [alarm('p1', 1), alarm('cause', 2), alarm('d'), alarm('own'), acked, alarm('b')]
  const ids = (list: Alarm[]) => list.map((a) => a.id).join(' ')

  it('is folded under its row, which says how much and what was first', () => {
    const f = foldCauses(all, flood, new Set())
    expect(ids(f.rows)).toBe('p1 cause own')
    expect(f.under.get('cause')).toEqual({ n: 3, unacked: 2, first: 'b', open: false })
  })
  it('stands right below it when opened, in the order of its times', () => {
    const f = foldCauses(all, flood, new Set(['cause']))
    expect(ids(f.rows)).toBe('p1 cause b c d own')
    expect([...f.below].join(' ')).toBe('b c d')
  })
  it('is shown as any other where the cause is not listed', () => {
    const without = all.filter((a) => a.id !== 'cause')
    expect(foldCauses(without, flood, new Set()).rows).toBe(without)
    expect(foldCauses(all, undefined, new Set()).rows).toBe(all)
  })
  it('never folds priority 1, whatever the server says', () => {
    const wrong = {
      positions: [{ groups: [{ ...g, alarms: ['p1', 'b'] }] }],
      chattering: {},
    } as unknown as Flood
    expect(ids(foldCauses(all, wrong, new Set()).rows)).toBe('p1 cause d own c')
  })
})
