// What the first of two people has signed, and how the second one agrees to exactly that.

import type { Waiting } from './picture'
import { millis } from './store'

export interface Call {
  path: string
  body: Record<string, unknown>
}

const segment = (id: string): string => encodeURIComponent(id)

/** The call that makes a waiting request happen: the same act with the same words, from somebody else.
 * Null for a kind this console does not know. */
export function secondCall(w: Waiting): Call | null {
  const subject = segment(w.subject ?? '')
  const args = { ...(w.args ?? {}) }
  switch (w.kind) {
    case 'org.start':
      return { path: 'bcp/start', body: args }
    case 'incident.lower':
      return { path: `incidents/${subject}/lower`, body: args }
    case 'play.start':
      return { path: 'runs', body: { ...args, playbook: w.subject } }
    case 'failover.override':
    case 'failover.resume':
    case 'failover.end-block':
      return { path: `failover/${subject}/${w.kind.slice('failover.'.length)}`, body: args }
    default:
      return null
  }
}

/** The first signature stands this long. */
export const secondLife = 10 * 60_000

export const secondLeft = (w: Waiting, now: number): number => millis(w.at) + secondLife - now

export type SecondOff = '' | 'self' | 'station' | 'unknown'

/** Why this person at this station cannot be the second one, '' when nothing speaks against it. */
export function secondOff(w: Waiting, person: string, station: string | undefined): SecondOff {
  if (!secondCall(w)) return 'unknown'
  if (w.by.some((b) => b.person === person)) return 'self'
  if (station && w.by.some((b) => b.station === station)) return 'station'
  return ''
}
