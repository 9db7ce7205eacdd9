// The order of the alarm list, and how rows stand still while a person points at them.

import { millis } from './store'
import type { Alarm, AlarmState } from './types'

export const priorities = [1, 2, 3, 4] as const

const unacked: ReadonlySet<AlarmState> = new Set([
  'unacknowledged',
  'returned-unacknowledged',
  'latched-unacknowledged',
])
const hidden: ReadonlySet<AlarmState> = new Set(['shelved', 'suppressed', 'out-of-service', 'normal'])

type Stated = Pick<Alarm, 'state'>

export const isUnacked = (a: Stated): boolean => unacked.has(a.state)
/** Whether the alarm stands in the main list: not hidden by a person, by design or by maintenance. */
export const isOpen = (a: Stated): boolean => !hidden.has(a.state)
/** A latched alarm whose condition has gone waits for a person to lift it. */
export const canReset = (a: Alarm): boolean => a.state.startsWith('latched') && !a.active

/** Priority first, unacknowledged before acknowledged inside it, newest first, then by id. */
export function compare(a: Alarm, b: Alarm): number {
  return (
    a.priority - b.priority ||
    Number(isUnacked(b)) - Number(isUnacked(a)) ||
    later(b.raised, a.raised) ||
    (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
  )
}

/** Times of the API are alike, so their texts are compared: ten thousand alarms would be read as dates again and again. */
function later(b: string | null, a: string | null): number {
  if (a === b) return 0
  if (a?.length === b?.length && a?.endsWith('Z') && b?.endsWith('Z')) return a < b ? 1 : -1
  return millis(b) - millis(a)
}

export function sorted(alarms: Iterable<Alarm>): Alarm[] {
  return [...alarms].sort(compare)
}

/** The alarm a person should look at next: the newest unacknowledged of the highest priority. */
export function foremost(alarms: Iterable<Alarm>): Alarm | undefined {
  let first: Alarm | undefined
  for (const a of alarms) if (isUnacked(a) && (!first || compare(a, first) < 0)) first = a
  return first
}

export interface Rows {
  rows: Alarm[]
  /** New alarms that wait for the rows to move again. */
  waiting: number
}

/**
 * Rows as a person sees them. While held, the rows of `shown` keep their places and only their
 * contents change; an alarm that left stays until the hand does.
 */
export function rows(now: Alarm[], shown: Alarm[], held: boolean): Rows {
  if (!held) return { rows: now, waiting: 0 }
  const newest = new Map(now.map((a) => [a.id, a]))
  const kept = shown.map((a) => newest.get(a.id) ?? a)
  const known = new Set(shown.map((a) => a.id))
  return { rows: kept, waiting: now.filter((a) => !known.has(a.id)).length }
}

/** What "acknowledge all visible" may take: everything unacknowledged below critical. */
export function belowCritical(visible: Alarm[]): Alarm[] {
  return visible.filter((a) => isUnacked(a) && a.priority > 1)
}

/** What one person alone may not silence: another person signs it at another station. */
export function takesTwo(alarm: Alarm, verb: string): boolean {
  if (verb === 'out-of-service') return alarm.class === 'fire' || alarm.class === 'safety'
  return verb === 'shelve' && alarm.priority === 1
}
