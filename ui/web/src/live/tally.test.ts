import { expect, it } from 'vitest'
import { counts, tallied } from './tally'
import type { Alarm, AlarmState } from './types'

const make = (priority: number, state: AlarmState) => ({ priority, state }) as Alarm

it('counts open and unacknowledged, without what is hidden', () => {
  const c = counts(
    tallied([
      make(1, 'unacknowledged'),
      make(1, 'unacknowledged'),
      make(1, 'latched-acknowledged'),
      make(1, 'shelved'),
      make(4, 'suppressed'),
    ]),
  )
  expect(c[0]).toEqual({ open: 3, unacked: 2 })
  expect(c[3]).toEqual({ open: 0, unacked: 0 })
})
