// Floods, first causes and chatter as the server sees them, and how the list is arranged by them.

import { isUnacked } from './order'
import type { Alarm, Text } from './types'

/** What one cause brought about. What is never folded away stands in urgent: priority 1, fire and safety, causes. */
export interface Group {
  asset: string
  first_out: string
  first: string
  worst: number
  active: number
  unacked: number
  alarms: string[]
  urgent: string[]
  /** The alarm that the others follow from, all it took, and on which path; absent where only the place is common. */
  cause?: string
  causes?: string[]
  path?: string
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

/** Whether a group is worth a row of its own: it folds at least two alarms. What follows from an alarm folds under its row. */
export const folds = (g: Group): boolean => !g.cause && g.alarms.length > 1

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

/** What is folded under the row of one cause. */
export interface Folded {
  n: number
  unacked: number
  /** The alarm of the group that was first at its source. */
  first: string
  open: boolean
}

export interface Folding {
  rows: Alarm[]
  /** By the alarm that is the cause. */
  under: ReadonlyMap<string, Folded>
  /** Rows that stand below their cause. */
  below: ReadonlySet<string>
}

/**
 * Folds what follows from an alarm under its row; where the causes in `opened` stand, it is shown right below them in
 * the order of its times. An alarm whose cause is not in the list is shown as any other.
 */
export function foldCauses(alarms: Alarm[], flood: Flood | undefined, opened: ReadonlySet<string>): Folding {
  const groups = flood?.positions.flatMap((p) => p.groups).filter((g) => g.cause) ?? []
  const listed = new Map(groups.length > 0 ? alarms.map((a) => [a.id, a]) : [])
  const parts = new Map<string, Alarm[]>()
  const under = new Map<string, Folded>()
  const below = new Set<string>()
  for (const g of groups) {
    if (!g.cause || !listed.has(g.cause)) continue
    const part = g.alarms.flatMap((id) => listed.get(id) ?? []).filter((a) => a.priority > 1)
    if (part.length === 0) continue
    parts.set(g.cause, part)
    const unacked = part.filter(isUnacked).length
    under.set(g.cause, { n: part.length, unacked, first: g.first_out, open: opened.has(g.cause) })
    for (const a of part) below.add(a.id)
  }
  if (under.size === 0) return { rows: alarms, under, below }
  const rows: Alarm[] = []
  for (const a of alarms) {
    if (below.has(a.id)) continue
    rows.push(a)
    if (under.get(a.id)?.open) rows.push(...(parts.get(a.id) ?? []))
  }
  return { rows, under, below }
}
