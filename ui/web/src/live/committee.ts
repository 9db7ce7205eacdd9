// Who is called, who is there, and what a person of the committee may still do.

import type {
  Ballot,
  Choice,
  Incident,
  Motion,
  Person,
  Picture,
  Seat,
  Summons,
  SummonsState,
  Tally,
} from './picture'
import { millis } from './store'

const over: ReadonlySet<string> = new Set(['CLOSED', 'FOLLOW_UP', 'ARCHIVED', 'DISMISSED'])

export const isOver = (i: Incident): boolean => over.has(i.state)

/** Incidents in which something is left to do, the gravest first, then the newest. */
export function openIncidents(p: Picture): Incident[] {
  return p.incidents
    .filter((i) => !isOver(i))
    .sort((a, b) => a.grade - b.grade || millis(b.opened) - millis(a.opened))
}

/** The incident a war room shows: the one asked for, or the newest that is open. */
export function shownIncident(p: Picture, id: string | undefined): Incident | undefined {
  if (id) return p.incidents.find((i) => i.id === id)
  return p.incidents.filter((i) => !isOver(i)).sort((a, b) => millis(b.opened) - millis(a.opened))[0]
}

/** Whether anything has been declared or is about to be: the war room is more than a list of names. */
export const underWay = (p: Picture): boolean =>
  openIncidents(p).length > 0 || !['NORMAL', ''].includes(p.org.state)

export interface RollRow {
  person: Person
  seat: Seat | undefined
  summons: Summons | undefined
  /** Those called in the person's place, in order. */
  deputies: Summons[]
}

const rank = (s: Seat): number => (s.chair > 0 ? s.chair : s.recovery ? 100 : 200)

/** Everyone with a seat in the order of the table, then whoever else was called. */
export function roll(p: Picture): RollRow[] {
  const row = (person: Person): RollRow => ({
    person,
    seat: person.seat ?? undefined,
    summons: p.summons.find((s) => s.person === person.id),
    deputies: p.summons.filter((s) => s.for === person.id),
  })
  const seated = p.people
    .filter((x) => x.seat)
    .sort((a, b) => rank(a.seat as Seat) - rank(b.seat as Seat))
    .map(row)
  const others = p.people
    .filter((x) => !x.seat && p.summons.some((s) => s.person === x.id && !s.for))
    .map(row)
  return [...seated, ...others]
}

/** The motion people vote on now: the newest open one. */
export const openMotions = (p: Picture): Motion[] => p.motions.filter((m) => m.state === 'OPEN')

export interface Presence {
  present: number
  seats: number
  needed: number
  chair: boolean
  recovery: boolean
  quorum: boolean
}

const present = (t: Tally): Presence => ({
  present: t.present,
  seats: t.seats,
  needed: t.needed,
  chair: t.chair,
  recovery: t.recovery,
  quorum: t.quorum,
})

/**
 * Who is there and whether that is a quorum. An open motion has its own count, made by the server
 * with every delegation; without one it is counted from who has joined.
 */
export function presence(p: Picture): Presence {
  const open = openMotions(p)[0]
  if (open) return present(open.tally)
  const seats = p.people.flatMap((x) => (x.seat ? [x.seat] : []))
  const joined = new Set(p.summons.filter((s) => s.state === 'JOINED').map((s) => s.person))
  const here = seats.filter((s) => joined.has(s.person))
  const chairs = here.filter((s) => s.chair > 0)
  const leads = here.filter((s) => s.recovery)
  const needed = Math.ceil(seats.length / 2)
  const chair = chairs.length > 0
  // The lead has to be somebody else than the chair: two people decide, not one with two hats.
  const recovery = leads.length > 1 || (leads.length === 1 && chairs.some((c) => c !== leads[0]))
  return {
    present: here.length,
    seats: seats.length,
    needed,
    chair,
    recovery,
    quorum: here.length >= needed && chair && recovery,
  }
}

export const ballotOf = (m: Motion, person: string): Ballot | undefined =>
  m.ballots.find((b) => b.person === person)

export function choiceOf(m: Motion, person: string): Choice | null {
  return ballotOf(m, person)?.choice || null
}

export type Standing = 'seat' | 'roster' | 'stranger'

/** How a person stands to a motion: with a seat, on the roster only, or unknown to it. */
export function standing(p: Picture, m: Motion, person: string): Standing {
  if (m.seats.some((s) => s.person === person)) return 'seat'
  return p.people.some((x) => x.id === person) ? 'roster' : 'stranger'
}

export type Reply = 'ack' | 'join' | 'decline'

/** What a summoned person can answer now. Joining reads the summons too, so it never has to wait. */
export function replies(state: SummonsState): Reply[] {
  switch (state) {
    case 'SENT':
    case 'DELIVERED':
    case 'UNREACHABLE':
      return ['ack', 'join']
    case 'ACKED':
      return ['join', 'decline']
    default:
      return []
  }
}

export const summonsOf = (p: Picture, person: string): Summons | undefined =>
  p.summons.find((s) => s.person === person)

/** The roles of people who do nothing here but decide: their phone shows the committee's page first. */
const deciding: ReadonlySet<string> = new Set(['chair', 'member', 'tower'])

export const onlyDecides = (roles: readonly string[]): boolean =>
  roles.length > 0 && roles.every((r) => deciding.has(r))
