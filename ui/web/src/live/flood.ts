// Floods, first causes and chatter as the server sees them, and how the list is arranged by them.

import type { Alarm, Text } from './types'

/** What one cause brought about. Priority 1 stands in urgent and is never folded away. */
export interface Group {
  asset: string
  first_out: string
  first: string
  worst: number
  active: number
  unacked: number
  alarms: string[]
  urgent: string[]
}

export interface Position {
  id: string
  name: Text
  flooded: boolean
  since: string | null
  count: number
  rate: number
  groups: Group[]
}

export interface Flood {
  positions: Position[]
  chattering: Record<string, number>
}

export interface Figure {
  name: string
  value: number
  unit: string
  limit: number
  met: boolean
}

export interface Tally {
  id: string
  count: number
}

export interface Report {
  from: string
  to: string
  begins: string | null
  positions: {
    position: { id: string; name: Text }
    alarms: number
    floods: number
    rows: Figure[]
    top: Tally[]
    chatter: Tally[]
    hidden: string[]
  }[]
}

export const day = 24 * 3600_000

/** Whether an alarm has stood for more than a day. */
export const standing = (a: Alarm, now: number): boolean =>
  a.state !== 'normal' && a.raised !== null && now - Date.parse(a.raised) > day

export const groupKey = (g: Group): string => `${g.asset} ${g.first_out}`
export const groupSize = (g: Group): number => g.alarms.length + g.urgent.length

/** The first alarms of every group that has more than one. */
export function firstOuts(flood: Flood | undefined): ReadonlySet<string> {
  const all = flood?.positions.flatMap((p) => p.groups) ?? []
  return new Set(all.filter((g) => groupSize(g) > 1).map((g) => g.first_out))
}

/** The group an alarm stands in. */
export function groupOf(flood: Flood | undefined, id: string): Group | undefined {
  for (const p of flood?.positions ?? [])
    for (const g of p.groups) if (g.alarms.includes(id) || g.urgent.includes(id)) return g
  return undefined
}

/** Whether a group is worth a row of its own: it folds at least two alarms. */
export const folds = (g: Group): boolean => g.alarms.length > 1

/**
 * What the list shows while alarms are arranged by cause: priority 1 always, then the alarms of the
 * chosen group. What stands alone, and an alarm that the server has not grouped yet, is shown and never dropped.
 */
export function underCause(alarms: readonly Alarm[], groups: readonly Group[], chosen: string): Alarm[] {
  const at = new Map<string, string>()
  for (const g of groups.filter(folds)) for (const id of g.alarms) at.set(id, groupKey(g))
  return alarms.filter((a) => {
    const key = at.get(a.id)
    return a.priority <= 1 || key === undefined || key === chosen
  })
}
