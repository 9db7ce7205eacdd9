// The stage ladder of a battery room, as it stands: which rungs are lit, what each has done, and
// where the temperature points.

import { millis } from './store'
import type { FireCommand, Rack, Room, Stage } from './types'

export const stages: readonly Stage[] = ['S0', 'SP', 'S1', 'S2', 'S3', 'S4', 'S5A', 'S5B', 'S5C', 'S6']

/** How high a stage is; -1 while it is unknown. */
export const rank = (s: Stage): number => stages.indexOf(s)

export type ActionLook = 'idle' | 'commanded' | 'confirmed' | 'mismatch' | 'inhibited'

export interface Action {
  name: string
  look: ActionLook
  attempts: number
  /** Seconds since the command was sent while feedback is awaited or disagrees. */
  seconds: number | null
  feedback: string
}

export interface Rung {
  id: 'SP' | 'S1' | 'S2' | 'S3' | 'water' | 'gas' | 'reserve' | 'authority'
  /** degC that lights the rung; null where it is not a temperature. */
  limit: number | null
  lit: boolean
  /** The highest lit rung. */
  top: boolean
  actions: Action[]
}

interface RungPlan {
  id: Rung['id']
  limit: number | null
  from: Stage
  always: string[]
  /** Fallbacks, shown only once they were tried. */
  tried: string[]
}

const plan: RungPlan[] = [
  { id: 'SP', limit: 50, from: 'SP', always: ['CHG_STOP'], tried: [] },
  {
    id: 'S1',
    limit: 60,
    from: 'S1',
    always: ['ISOLATE', 'CURTAIN', 'EVAC_ALARM', 'HVAC_STOP'],
    tried: ['ISOLATE_BKP', 'ZONE_DC_TRIP', 'FD_CALL'],
  },
  { id: 'S2', limit: 68, from: 'S2', always: ['PATCH'], tried: [] },
  { id: 'S3', limit: 80, from: 'S3', always: ['DRAIN_TO_TANK', 'NOZZLE'], tried: [] },
  { id: 'water', limit: null, from: 'S4', always: ['WATER'], tried: ['WATER_BKP'] },
  {
    id: 'gas',
    limit: null,
    from: 'S5A',
    always: ['GAS_PRE_ALARM', 'EXHAUST_OFF', 'DAMPER_CLOSE', 'GAS_RELEASE'],
    tried: ['EXHAUST_ON'],
  },
  { id: 'reserve', limit: null, from: 'S5C', always: ['GAS_RESERVE'], tried: [] },
  { id: 'authority', limit: null, from: 'S6', always: ['AUTHORITY_HANDOVER'], tried: ['POWER_CUT'] },
]

/** A command's bare name: the engine may prefix it with the rack, the room or the drill mark. */
export function bare(name: string): string {
  return name.slice(Math.max(name.lastIndexOf('.'), name.lastIndexOf(':')) + 1)
}

const looks: Record<FireCommand['state'], ActionLook> = {
  idle: 'idle',
  sent: 'commanded',
  confirmed: 'confirmed',
  failed: 'mismatch',
  inhibited: 'inhibited',
}

export function action(c: FireCommand, now: number): Action {
  const look = looks[c.state] ?? 'idle'
  const waits = look === 'commanded' || look === 'mismatch'
  const sent = millis(c.sent)
  return {
    name: bare(c.name),
    look,
    attempts: c.attempts,
    seconds: waits && sent > 0 ? Math.max(0, Math.round((now - sent) / 1000)) : null,
    feedback: c.feedback ?? '',
  }
}

/** The ladder of one rack with what its room shares, lowest rung first. */
export function ladder(room: Room, rack: Rack | undefined, now: number): Rung[] {
  const known = new Map<string, FireCommand>()
  for (const c of [...(room.commands ?? []), ...(rack?.commands ?? [])]) known.set(bare(c.name), c)
  const own = rank(rack?.stage ?? 'unknown')
  const shared = rank(room.stage)
  // From gas on the room has a stage of its own, above that of every rack.
  const reached = shared >= rank('S5A') ? shared : own
  const rungs = plan.map((p): Rung => {
    const wanted = [...p.always, ...p.tried.filter((n) => (known.get(n)?.state ?? 'idle') !== 'idle')]
    return {
      id: p.id,
      limit: p.limit,
      lit: reached >= rank(p.from),
      top: false,
      actions: wanted.map((n) =>
        action(known.get(n) ?? { name: n, state: 'idle', attempts: 0, sent: null, confirmed: null }, now),
      ),
    }
  })
  const top = rungs.filter((r) => r.lit).at(-1)
  if (top) top.top = true
  return rungs
}

/**
 * Where a temperature stands on the rungs, counted in rungs from the bottom: 0 is the foot, 1 the
 * first limit. It stops short of the rungs that are not temperatures.
 */
export function height(degC: number): number {
  const marks = [20, 50, 60, 68, 80, 120]
  const at = marks.findIndex((m) => degC < m)
  if (at === 0) return 0
  if (at < 0) return marks.length - 1
  const low = marks[at - 1] ?? 0
  const high = marks[at] ?? low + 1
  return at - 1 + (degC - low) / (high - low)
}

/** The rack that needs eyes first: the highest stage, then the hottest. */
export function worstRack(room: Room): Rack | undefined {
  return [...room.racks].sort(
    (a, b) => rank(b.stage) - rank(a.stage) || (b.hottest ?? -273) - (a.hottest ?? -273),
  )[0]
}

/** The hottest good reading of the room. */
export function hottest(room: Room): { rack: Rack; value: number } | null {
  let best: { rack: Rack; value: number } | null = null
  for (const rack of room.racks) {
    if (rack.hottest !== null && (!best || rack.hottest > best.value)) best = { rack, value: rack.hottest }
  }
  return best
}

export type Grade = 'unknown' | 'calm' | 'watch' | 'caution' | 'grave' | 'serious'

/** The national crisis wording a stage stands for: 1-2 is alert, 3 and above serious. */
export function grade(s: Stage): { grade: Grade; pips: number } {
  const r = rank(s)
  if (r < 0) return { grade: 'unknown', pips: 0 }
  if (r >= rank('S3')) return { grade: 'serious', pips: 4 }
  if (r >= rank('S1')) return { grade: 'grave', pips: 3 }
  if (r >= rank('SP')) return { grade: 'watch', pips: 1 }
  return { grade: 'calm', pips: 0 }
}
