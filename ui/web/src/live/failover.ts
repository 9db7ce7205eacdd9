// The failover board: what each data center is for each service, how far a run has come, and which
// ways there are out of a halt.

import type { Control, Group, Picture, RunState, SiteState, Tri } from './picture'
import { millis } from './store'

export type Role = 'primary' | 'replica' | 'read-only' | 'down' | 'unknown' | 'none'

export interface Cell {
  role: Role
  /** The role as last told, where the site does not answer now. */
  last: Role
  epoch: number | null
  lag: number | null
}

const roles: Record<string, Role> = {
  primary: 'primary',
  replica: 'replica',
  readonly: 'read-only',
  'read-only': 'read-only',
}

/** What a data center is for a service. A site that nobody hears is unknown, not what it was. */
export function cell(site: SiteState, service: string): Cell {
  const told = site.services.find((s) => s.id === service)
  const last: Role = told ? (roles[told.role] ?? 'unknown') : 'none'
  const epoch = told?.epoch ?? null
  const lag = told?.lag ?? null
  if (site.alive === 'no' || site.power === 'no') return { role: 'down', last, epoch, lag }
  if (site.alive === 'unknown') return { role: 'unknown', last, epoch, lag }
  return { role: last, last, epoch, lag }
}

/** Part of a site's capacity that is free, 0 to 1; null while either figure is not known. */
export function free(site: SiteState): number | null {
  if (!(site.capacity > 0) || site.alive !== 'yes') return null
  return Math.max(0, 1 - site.load / site.capacity)
}

export const under = (g: Group): boolean =>
  g.state !== undefined && !['ARMED', 'SUSPECT', 'COMPLETE', 'ABORTED', 'FAILED'].includes(g.state)

export interface Station {
  state: RunState
  look: 'done' | 'now' | 'held' | 'ahead' | 'failed'
}

/** The way of a run with where it stands on it. A halted run stands where it fell from. */
export function stations(g: Group): Station[] {
  const here = g.state === 'HOLD' ? (g.hold?.from ?? 'HOLD') : (g.state ?? 'ARMED')
  // A halt may come before the way itself begins.
  const at = here === 'SUSPECT' ? 0 : g.path.indexOf(here)
  const ended = g.state === 'ABORTED' || g.state === 'FAILED' || g.state === 'COMPENSATING'
  return g.path.map((state, i): Station => {
    if (ended) return { state, look: passed(g, state) ? 'done' : 'failed' }
    if (at < 0 || i > at) return { state, look: 'ahead' }
    if (i < at) return { state, look: 'done' }
    if (g.state === 'HOLD') return { state, look: 'held' }
    return { state, look: state === 'COMPLETE' ? 'done' : 'now' }
  })
}

/** Whether a run that has ended got past a state, by the proofs it left. */
function passed(g: Group, state: RunState): boolean {
  const i = g.path.indexOf(state)
  const reached = g.hold ? g.path.indexOf(g.hold.from) : g.data ? g.path.indexOf('PROMOTING') : -1
  return i < reached
}

export interface Check {
  id: 'quorum' | 'state' | 'brake' | 'alive' | 'power' | 'capacity' | 'lag' | 'readiness'
  is: Tri
  /** A figure or a name beside the word. */
  detail: string
}

const margin = 1.3
const freshReadiness = 10 * 60_000

const tri = (b: boolean): Tri => (b ? 'yes' : 'no')

function readiness(c: Control, now: number): Tri {
  const at = millis(c.readiness_at)
  if (c.readiness === 'yes' && (at === 0 || now - at > freshReadiness)) return 'unknown'
  return c.readiness
}

function capacity(source: SiteState | undefined, target: SiteState | undefined): Check {
  const has = target?.capacity ?? 0
  const needs = (source?.load ?? 0) * margin
  const known = has > 0 && needs > 0
  return {
    id: 'capacity',
    is: known ? tri(has >= needs) : 'unknown',
    detail: known ? `${Math.round(has)} ≥ ${Math.round(needs)}` : '',
  }
}

/**
 * What speaks for and against a planned move, as far as the console can see it. The run checks again
 * by itself before it asks anybody.
 */
export function checks(p: Picture, g: Group, now: number): Check[] {
  const source = p.sites.find((s) => s.id === g.source)
  const target = p.sites.find((s) => s.id === g.target)
  const lags = g.services.map((id) => (target ? cell(target, id).lag : null))
  const behind = lags.reduce<number | null>((m, l) => (m === null || l === null ? null : Math.max(m, l)), 0)
  return [
    { id: 'quorum', is: tri(p.control.quorum), detail: p.control.leader },
    { id: 'state', is: tri(g.state === 'ARMED'), detail: '' },
    { id: 'brake', is: tri(!p.brake.on), detail: '' },
    { id: 'alive', is: target?.alive ?? 'unknown', detail: g.target ?? '' },
    { id: 'power', is: target?.power ?? 'unknown', detail: g.target ?? '' },
    capacity(source, target),
    { id: 'lag', is: behind === null ? 'unknown' : tri(behind === 0), detail: behind ? String(behind) : '' },
    { id: 'readiness', is: readiness(p.control, now), detail: '' },
  ]
}

export type Exit = 'resume' | 'override' | 'compensate' | 'abandon'

/** The ways out of a halt, each with the key of why it is barred, '' when it is open. */
export function exits(g: Group): { exit: Exit; off: string }[] {
  const from = g.hold?.from
  const unsigned = from === 'FENCING' || from === 'AWAIT_AUTH'
  return [
    { exit: 'resume', off: '' },
    { exit: 'override', off: unsigned ? 'exit.no-signature' : '' },
    { exit: 'compensate', off: g.moved ? 'exit.moved' : '' },
    { exit: 'abandon', off: '' },
  ]
}

/** Groups by tier, lowest number first, as the board lists them. */
export function byTier(groups: readonly Group[]): Group[] {
  return [...groups].sort((a, b) => a.tier - b.tier || (a.id < b.id ? -1 : 1))
}

/** The group whose run needs eyes first: one that halts, then one under way. */
export function foremostGroup(groups: readonly Group[]): Group | undefined {
  return groups.find((g) => g.state === 'HOLD') ?? groups.find(under)
}
