// Times that run on a situation room's wall, ticking here between two words of the server.

import { dateTime } from './format'
import type { Group } from './picture'
import { millis } from './store'

const ns = 1_000_000

/** Milliseconds until a time, below zero once it has passed; null when there is none. */
export function left(until: string | undefined, now: number): number | null {
  const at = millis(until)
  return at > 0 ? at - now : null
}

/** Milliseconds since a time; null when there is none. */
export function since(from: string | undefined, now: number): number | null {
  const at = millis(from)
  return at > 0 ? Math.max(0, now - at) : null
}

export interface Recovery {
  state: 'idle' | 'running' | 'met' | 'missed'
  target: number
  /** From the trigger until now, or until the target served. */
  spent: number
  /** Below zero when the target is missed. */
  left: number
  /** Spent of target, 0 to 1. */
  part: number
}

const resting: ReadonlySet<string> = new Set(['ARMED', 'SUSPECT', 'COMPLETE', 'ABORTED', 'FAILED'])

/** A group's recovery time against its objective. The clock starts with the trigger and stops when the
 * target has read back client traffic. */
export function recovery(g: Group, now: number): Recovery {
  const target = g.target_ns / ns
  const from = millis(g.triggered)
  const served = millis(g.served)
  const under = g.state !== undefined && !resting.has(g.state)
  if (from === 0 || (served === 0 && !under))
    return { state: 'idle', target, spent: 0, left: target, part: 0 }
  const spent = Math.max(0, (served || now) - from)
  const remains = target - spent
  const state = remains < 0 ? 'missed' : served > 0 ? 'met' : 'running'
  return { state, target, spent, left: remains, part: target > 0 ? Math.min(1, spent / target) : 1 }
}

const day = 86_400_000

/**
 * The moment a time of day means, in the site's zone: the next one, or one of the last hour, since
 * notices are often written down late. Null for what is no time.
 */
export function timeOfDay(text: string, now: number, zone: string): string | null {
  const hit = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(text.trim())
  if (!hit) return null
  const [h, m, s] = [Number(hit[1]), Number(hit[2]), Number(hit[3] ?? 0)]
  if (h > 23 || m > 59 || s > 59) return null
  const [nh, nm, nsec] = dateTime(now, zone).slice(-8).split(':').map(Number)
  const wanted = ((h * 60 + m) * 60 + s) * 1000
  const present = (((nh ?? 0) * 60 + (nm ?? 0)) * 60 + (nsec ?? 0)) * 1000
  let ahead = wanted - present
  if (ahead < -3_600_000) ahead += day
  else if (ahead > day - 3_600_000) ahead -= day
  return new Date(Math.floor(now / 1000) * 1000 + ahead).toISOString()
}
