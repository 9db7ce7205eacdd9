// How many alarms there are of each kind: counted here, or by the server while only the first of them are here.

import { isOpen, isUnacked, priorities } from './order'
import type { Alarm, AlarmState } from './types'

/** How many open alarms of one priority are in one state. */
export interface Tally {
  priority: number
  state: AlarmState
  n: number
}

/** Some of the alarms that were not in the snapshot; the last piece says that it is. */
export interface AlarmPiece {
  alarms: Alarm[] | null
  whole?: boolean
}

export interface Count {
  open: number
  unacked: number
}

/** Open and unacknowledged alarms for each priority from 1 to 4. */
export function counts(alarms: Iterable<Tally>): Count[] {
  const out = priorities.map(() => ({ open: 0, unacked: 0 }))
  for (const a of alarms) {
    const c = out[a.priority - 1]
    if (!c || !isOpen(a)) continue
    c.open += a.n
    if (isUnacked(a)) c.unacked += a.n
  }
  return out
}

/** How many alarms of each priority are in each state. */
export function tallied(alarms: Iterable<Alarm>): Tally[] {
  const out = new Map<string, Tally>()
  for (const { priority, state } of alarms) {
    const key = priority + state
    const t = out.get(key)
    if (t) t.n++
    else out.set(key, { priority, state, n: 1 })
  }
  return [...out.values()]
}
