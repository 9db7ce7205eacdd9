// What a drill says aloud. A drill's alarms are none of the real ones: they are spoken once, marked, and never counted.

import type { DrillAlarm } from './care'
import type { Drilled } from './types'

/** What has been heard of the drills already; null before the first look. */
export type Heard = ReadonlySet<string> | null

export interface Said {
  heard: Heard
  /** The most urgent alarm that is new in a drill. */
  alarm?: DrillAlarm
  /** A drill began, or the last one ended. */
  turn?: 'began' | 'ended'
}

const begun = (d: Drilled): string => `${d.room}#${d.by}`
const named = (d: Drilled, a: DrillAlarm): string => `${begun(d)}#${a.key}#${a.since}`

/** What is new since the last look. What stood before the page was opened is read by looking, not said. */
export function hear(drills: readonly Drilled[], heard: Heard): Said {
  const now = new Set(drills.flatMap((d) => [begun(d), ...(d.alarms ?? []).map((a) => named(d, a))]))
  if (!heard) return { heard: now }
  const fresh = drills.flatMap((d) => (d.alarms ?? []).filter((a) => !heard.has(named(d, a))))
  const alarm = fresh.reduce<DrillAlarm | undefined>(
    (m, a) => (m && m.priority <= a.priority ? m : a),
    undefined,
  )
  const began = drills.some((d) => !heard.has(begun(d)))
  const ended = drills.length === 0 && heard.size > 0
  return { heard: now, alarm, turn: began ? 'began' : ended ? 'ended' : undefined }
}
