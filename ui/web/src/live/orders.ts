// What devices can be ordered to do, and how far an order has come. Nothing here asks or draws.

import type { CommandRecord, Quality, Text } from './types'

export type Level = 'C0' | 'C1' | 'C2' | 'C3' | 'C4'

export interface Order {
  id: string
  device: string
  asset: string
  names: Text
  level: Level
  feedback: string
  feedback_names?: Text
  /** What the values of the feedback mean, where they have words. */
  shows?: Record<string, Text>
  equals: number | null
  span?: { min: number; max: number; step: number; unit: string }
  pulse: boolean
  deadline_s: number
  sends: number
  select?: string
  fallback?: string
  effects: Text[] | null
  /** It opens a switch of the supply. */
  opens?: boolean
  roles: string[]
  second: string[] | null
  /** An order of the fire response: it is given in the room. */
  call?: string
}

/** One thing that must hold, and how it stands. */
export interface Check {
  text: Text
  point?: string
  value: number | null
  unit?: string
  quality: Quality
  wants?: string
  pass: boolean
}

export interface OrderNow extends Order {
  actual: number | null
  quality: Quality
  checks: Check[]
  ready: boolean
  told?: Told[]
}

/** Somebody who learns of an order at once. */
export interface Told {
  user: string
  names: Text
  /** Looks at a console now. */
  here: boolean
  signs: boolean
  alarms: boolean
}

const ends = ['confirmed', 'failed', 'cancelled', 'expired']

export const ended = (r: CommandRecord): boolean => ends.includes(r.state)

/** People's orders that have not ended, the newest first. */
export const running = (records: readonly CommandRecord[]): CommandRecord[] =>
  records.filter((r) => r.by !== 'fire' && !ended(r)).reverse()

export const waits = (r: CommandRecord): boolean => r.state === 'requested' && Boolean(r.until)

/** Milliseconds the second person still has. */
export const left = (r: CommandRecord, now: number): number =>
  r.until ? Math.max(Date.parse(r.until) - now, 0) : 0

export type Block = '' | 'self' | 'station' | 'role'

/** Who may be the second person of an act on the fire response or on an alarm. */
const seconds: Record<string, readonly string[]> = {
  'fire.bypass': ['lead', 'safety', 'facilities'],
  'fire.inhibit': ['lead', 'safety', 'facilities'],
  'fire.release': ['lead', 'safety'],
  'fire.reset': ['lead', 'safety'],
  'fire.takeover': ['authority'],
  'fire.power-cut': ['authority'],
  'fire.bank-ready': ['safety'],
  'alarm.shelve': ['lead', 'safety', 'facilities'],
  'alarm.out-of-service': ['lead', 'safety', 'facilities'],
}

interface Person {
  user: string
  station?: string
  roles: readonly string[]
}

/** Why this person at this station cannot be the second one; the server decides, this only says it before. */
export function signBlock(r: CommandRecord, me: Person): Block {
  if (r.by === me.user) return 'self'
  if (me.station && r.station === me.station) return 'station'
  const may = seconds[r.kind ?? ''] ?? ['lead', 'safety']
  return me.roles.some((role) => may.includes(role)) ? '' : 'role'
}

/** What an act that is no order to a device is done to: a room of the fire response, or an alarm. */
const subject = (r: CommandRecord): string => r.name.slice((r.kind ?? '').length + 1)

/** What people asked to be done to an alarm and waits for the second person. */
export const askedOf = (records: readonly CommandRecord[], alarm: string, now: number): CommandRecord[] =>
  running(records).filter(
    (r) => r.kind?.startsWith('alarm.') && subject(r) === alarm && waits(r) && left(r, now) > 0,
  )

/** The name of an act's kind without the family it is of. */
export const verbOf = (kind: string): string => kind.slice(kind.indexOf('.') + 1)

/** What a person types to confirm. */
export function toType(r: CommandRecord): string {
  if (r.kind?.startsWith('alarm.') && r.asset) return r.asset
  if (r.kind === 'fire.bypass' || r.kind === 'fire.reset') return r.args?.rack ?? ''
  if (r.kind === 'fire.inhibit') return r.args?.command ?? ''
  if (r.kind) return subject(r)
  return r.command
}

export interface Step {
  key: 'requested' | 'authorised' | 'selected' | 'sent' | 'accepted' | 'confirmed'
  at: string | null
}

/** The way of an order, each step with its time once it is behind it. */
export function steps(r: CommandRecord): Step[] {
  const all: Step[] = [
    { key: 'requested', at: r.requested },
    { key: 'authorised', at: r.authorised ?? null },
    { key: 'selected', at: r.selected ?? null },
    { key: 'sent', at: r.sent },
    { key: 'accepted', at: r.accepted },
    { key: 'confirmed', at: r.confirmed },
  ]
  // An act of the fire room is sent by the response itself; a selection is shown only where there is one.
  return all.filter((s) => {
    if (s.key === 'selected') return s.at !== null
    return !(r.kind && (s.key === 'sent' || s.key === 'accepted'))
  })
}

export const levelNumber = (level: Level): number => Number(level.slice(1))
