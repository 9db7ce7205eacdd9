// Which sound is due. Silence stops this station's sound only and acknowledges nothing.

import { isUnacked } from './order'
import { millis } from './store'
import type { Alarm } from './types'

/** A critical alarm nobody has acknowledged sounds again this long after it was silenced. */
export const criticalAgain = 3 * 60_000

/**
 * The priority to sound, or null for quiet. An alarm is quiet when it called before the last
 * silence, unless it is critical and still unacknowledged after three minutes. Both times are the
 * server's, so a desk with a wrong clock is not deaf.
 */
export function due(alarms: Iterable<Alarm>, silencedAt: number, now: number): number | null {
  let first: number | null = null
  for (const a of alarms) {
    if (first !== null && a.priority >= first) continue // another one of them sounds already
    if (!isUnacked(a) || a.state === 'returned-unacknowledged') continue
    const fresh = millis(a.called ?? a.raised) > silencedAt
    const again = a.priority === 1 && now - silencedAt > criticalAgain
    if (fresh || again) first = a.priority
  }
  return first
}

export interface Sound {
  /** Tones in hertz, one after the other. */
  tones: number[]
  /** Length of a tone, seconds. */
  each: number
  /** Seconds until it is repeated. */
  every: number
}

/** Distinct by pitch, count and pace, so they can be told apart without looking. */
export const sounds: Record<number, Sound> = {
  1: { tones: [988, 740, 988, 740], each: 0.14, every: 2 },
  2: { tones: [784, 784], each: 0.16, every: 4 },
  3: { tones: [587], each: 0.2, every: 8 },
  4: { tones: [440], each: 0.12, every: 20 },
}

/** Of a drill: three rising tones, once. No real alarm rises, and none of them is heard only once. */
export const drillSound: Omit<Sound, 'every'> = { tones: [330, 415, 494], each: 0.3 }
