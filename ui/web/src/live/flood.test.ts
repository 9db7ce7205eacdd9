import { describe, expect, it } from 'vitest'
import { firstOuts, groupKey, groupOf, standing, underCause, type Flood, type Group } from './flood'
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
