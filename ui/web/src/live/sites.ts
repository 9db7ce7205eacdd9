// What a desk hears of every data center, and what of it needs a person.

import type { SiteState } from './picture'
import type { Entry, Stage, Text } from './types'

export interface SiteNode {
  node: string
  heard_ms: number
  at: string | null
  telemetry_ms: number
  journal: number
  build?: string
  leader: string
  leads: boolean
}

export interface SiteRoom {
  room: string
  stage: Stage
  votes: number
}

export interface Center {
  id: string
  facility: string
  names: Text
  own: boolean
  /** unheard: no node of ours ever spoke there; unknown: this desk may be the one that is cut off. */
  state: 'speaks' | 'silent' | 'unheard' | 'unknown'
  says?: string
  heard_ms: number | null
  nodes: SiteNode[] | null
  rooms: SiteRoom[] | null
  burning: boolean
  signs: { kind: string; subject?: string }[] | null
  alarms: [number, number]
  worst: Text
  groups: { group: string; part: 'serves' | 'target' | 'none'; state: string }[] | null
  messenger: SiteState | null
  entries: Entry[] | null
}

export interface SiteMove {
  group: string
  from: string
  to: string
  state: string
  moving: boolean
  served: string
  share: number
}

export interface SiteFile {
  file: string
  nodes: Record<string, string>
}

export interface Sites {
  node: string
  quorum: boolean
  alone: boolean
  leader: string
  epoch: number
  silent_ms: number
  centers: Center[] | null
  moves: SiteMove[] | null
  differences: SiteFile[] | null
}

/** Where the arrow of a move stands among the centers: columns from 1, and whether it points to the right. */
export interface Lane {
  first: number
  last: number
  rightward: boolean
  served: number
}

/** The lane of a move; undefined where one of its centers is not shown. */
export function laneOf(move: SiteMove, centers: readonly Center[]): Lane | undefined {
  const column = (id: string) => centers.findIndex((c) => c.id === id) + 1
  const from = column(move.from)
  const to = column(move.to)
  if (from === 0 || to === 0 || from === to) return undefined
  return {
    first: Math.min(from, to),
    last: Math.max(from, to),
    rightward: from < to,
    served: column(move.served),
  }
}

const heights: readonly string[] = ['unknown', 'S0', 'SP', 'S1', 'S2', 'S3', 'S4', 'S5A', 'S5B', 'S5C', 'S6']

/** The room furthest up the ladder; undefined for a building without battery rooms. */
export function worstRoom(c: Center): SiteRoom | undefined {
  const rooms = [...(c.rooms ?? [])]
  return rooms.sort((a, b) => heights.indexOf(b.stage) - heights.indexOf(a.stage))[0]
}

/** Those that need a look come first where the centers are listed; others stay in their order. */
export const needsLook = (c: Center): boolean =>
  c.state === 'silent' || c.burning || (c.signs?.length ?? 0) > 0

/** How long ago a center was heard, growing while the answer itself grows older; null for never. */
export function heardAgo(c: { heard_ms: number | null }, answerAge: number): number | null {
  return c.heard_ms === null ? null : c.heard_ms + Math.max(0, answerAge)
}
