// The national crisis wording for the organisation as a whole: watch, caution, alert, serious.

import { openIncidents } from './committee'
import type { Grade } from './ladder'
import type { Picture } from './picture'

const declared: ReadonlySet<string> = new Set(['DECLARED', 'RECOVERY', 'STABILISING'])

const pips: Record<Grade, number> = { unknown: 0, calm: 0, watch: 1, caution: 2, grave: 3, serious: 4 }

/** The highest fire stage that any data center's building tells. */
export function highestStage(p: Picture): number {
  return Math.max(0, ...p.sites.flatMap((s) => Object.values(s.stages ?? {})))
}

function level(p: Picture): Grade {
  const stage = highestStage(p)
  const worst = openIncidents(p)[0]?.grade
  if (declared.has(p.org.state) || stage >= 3) return 'serious'
  if (p.org.state === 'PENDING' || stage >= 1 || worst === 1) return 'grave'
  if (worst === 2) return 'caution'
  if (p.org.state === 'ALERT' || worst !== undefined) return 'watch'
  return 'calm'
}

export function crisis(p: Picture): { grade: Grade; pips: number } {
  const grade = level(p)
  return { grade, pips: pips[grade] }
}
