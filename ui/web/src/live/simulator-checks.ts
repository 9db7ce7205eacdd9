// What a scenario expects, held against what happened. The simulator judges what it sees: orders at its devices
// and figures of its world. Alarms and stages are the console's own knowledge, so they are judged here.

import { isOpen } from './order'
import { rank } from './ladder'
import { figure, text, type Fields } from './simulator-read'
import type { Alarm, Room, Stage } from './types'

export type Verdict = 'waiting' | 'met' | 'failed' | 'unseen'

export interface Check {
  /** alarm, stage, command, figure, no-alarm, highest or no-command */
  kind: string
  what: string
  of: string
  stage: string
  from: number
  to: number
  min: number | null
  max: number | null
  take: string
  verdict: Verdict
  seenAt: number | null
  value: number | null
  seen: string
}

const verdicts: readonly string[] = ['waiting', 'met', 'failed', 'unseen']

export function readCheck(c: Fields): Check {
  const verdict = text(c.verdict)
  return {
    kind: text(c.kind),
    what: text(c.what),
    of: text(c.of),
    stage: text(c.stage),
    from: figure(c.from_s) ?? 0,
    to: figure(c.to_s) ?? 0,
    min: figure(c.min),
    max: figure(c.max),
    take: text(c.take),
    verdict: verdicts.includes(verdict) ? (verdict as Verdict) : 'unseen',
    seenAt: figure(c.seen_s),
    value: figure(c.value),
    seen: text(c.seen),
  }
}

/** Compares an id with a pattern in which * stands for anything. */
export function matches(pattern: string, id: string): boolean {
  const parts = pattern.split('*').map((p) => p.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`, 's').test(id)
}

export interface Known {
  alarms: ReadonlyMap<string, Alarm>
  rooms: Iterable<Room>
  /** Wall clock of the scenario's start, in ms; null when it is not known. */
  started: number | null
  elapsed: number
  over: boolean
}

/** Judges what the simulator cannot see; everything else keeps its own verdict. */
export function judged(c: Check, known: Known): Check {
  if (c.verdict !== 'unseen') return c
  switch (c.kind) {
    case 'alarm':
      return { ...c, verdict: standing(known, c.what) ? 'met' : pending(c, known) }
    case 'no-alarm': {
      const broken = standing(known, c.what)
      if (broken) return { ...c, verdict: 'failed', seen: broken.id }
      // One that came and went is no longer in the list, so a kept promise cannot be proven here.
      return { ...c, verdict: known.over ? 'unseen' : 'waiting' }
    }
    case 'stage':
    case 'highest':
      return stage(c, known)
  }
  return c
}

/** The first alarm of a pattern that stands and was raised since the scenario began. */
function standing(known: Known, pattern: string): Alarm | undefined {
  const fresh = (a: Alarm) =>
    isOpen(a) &&
    !!a.raised &&
    (known.started === null || Date.parse(a.raised) >= known.started - 1000) &&
    matches(pattern, a.id)
  return [...known.alarms.values()].find(fresh)
}

/** An alarm that is not there may have come and gone: what is late is unseen, not failed. */
const pending = (c: Check, known: Known): Verdict => (known.elapsed > c.to ? 'unseen' : 'waiting')

function stage(c: Check, known: Known): Check {
  let now: Stage | undefined
  for (const room of known.rooms) {
    if (room.id === c.of) now = room.stage
    now ??= room.racks.find((r) => r.id === c.of)?.stage
  }
  if (!now) return c
  const above = rank(now) - rank(c.stage as Stage)
  if (c.kind === 'highest') {
    if (above > 0) return { ...c, verdict: 'failed', seen: now }
    return { ...c, verdict: known.over ? 'unseen' : 'waiting' }
  }
  return { ...c, verdict: above >= 0 ? 'met' : pending(c, known) }
}

export interface Tally {
  met: number
  waiting: number
  failed: number
  unseen: number
}

export function tally(checks: readonly Check[]): Tally {
  const n: Tally = { met: 0, waiting: 0, failed: 0, unseen: 0 }
  for (const c of checks) n[c.verdict]++
  return n
}
