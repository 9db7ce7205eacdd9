import { expect, it } from 'vitest'
import { due } from './annunciate'
import type { Alarm, AlarmState } from './types'

const t = (s: number) => Date.parse('2026-03-02T05:00:00.000Z') + s * 1000
const alarm = (priority: number, raised: number, state: AlarmState = 'unacknowledged') =>
  ({ priority, state, raised: new Date(t(raised)).toISOString() }) as Alarm

it('sounds the highest unacknowledged priority and is quiet without one', () => {
  expect(due([], 0, t(0))).toBeNull()
  expect(due([alarm(3, 0), alarm(2, 0), alarm(1, 0, 'acknowledged')], 0, t(1))).toBe(2)
})

it('stays silenced until a newer alarm comes', () => {
  expect(due([alarm(2, 0)], t(5), t(6))).toBeNull()
  expect(due([alarm(2, 0), alarm(4, 7)], t(5), t(8))).toBe(4)
})

it('sounds for an alarm that came out of hiding after the silence', () => {
  const out = { ...alarm(3, 0), called: new Date(t(9)).toISOString() }
  expect(due([out], t(5), t(10))).toBe(3)
  expect(due([out], t(9), t(10))).toBeNull()
})

it('comes back for a critical alarm still unacknowledged after three minutes', () => {
  expect(due([alarm(1, 0)], t(5), t(60))).toBeNull()
  expect(due([alarm(1, 0)], t(5), t(186))).toBe(1)
  expect(due([alarm(2, 0)], t(5), t(186))).toBeNull()
})
