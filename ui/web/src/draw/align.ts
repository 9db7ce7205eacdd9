// Brings the histories of several points onto one time axis, with gaps kept as gaps.

import { millis } from '../live/store'
import type { Bucket, Quality } from '../live/types'

/** A number, null for a gap in the line, undefined where the pen simply has no sample. */
export type Cell = number | null | undefined

export interface Pens {
  /** Seconds since 1970. */
  x: number[]
  /** One row a pen: what is current. */
  fresh: Cell[][]
  /** One row a pen: what was last known, drawn dotted. */
  stale: Cell[][]
}

const usable = (q: Quality): boolean => q === 'good' || q === 'uncertain'

// A value is called stale after 3 s at the soonest: buckets nearer than that are no gap, however
// fine they were asked for.
const least = 3500

/** The distance between buckets from which the line is broken, ms: well over the usual one. */
export function gapOf(buckets: readonly Bucket[]): number {
  const steps = buckets.slice(1).map((b, i) => millis(b.t) - millis(buckets[i]?.t))
  const usual = steps.sort((x, y) => x - y)[Math.floor((steps.length - 1) / 2)] ?? 0
  return Math.max(2.5 * usual, least)
}

interface Sample {
  t: number
  fresh: number | null
  stale: number | null
}

function samples(buckets: readonly Bucket[]): Sample[] {
  const gap = gapOf(buckets)
  const out: Sample[] = []
  let before = 0
  for (const b of buckets) {
    const t = millis(b.t)
    if (before > 0 && t - before > gap) out.push({ t: before + 1, fresh: null, stale: null })
    const known = b.quality !== 'bad' && b.quality !== 'unknown' && Number.isFinite(b.last)
    const fresh = known && usable(b.quality) ? b.last : null
    out.push({ t, fresh, stale: known && fresh === null ? b.last : null })
    before = t
  }
  return out
}

export function align(histories: readonly (readonly Bucket[])[]): Pens {
  const rows = histories.map(samples)
  const times = [...new Set(rows.flatMap((r) => r.map((s) => s.t)))].sort((a, b) => a - b)
  const at = new Map(times.map((t, i) => [t, i]))
  const blank = (): Cell[] => new Array<Cell>(times.length).fill(undefined)
  const pens: Pens = { x: times.map((t) => t / 1000), fresh: rows.map(blank), stale: rows.map(blank) }
  rows.forEach((r, n) => {
    for (const s of r) {
      const i = at.get(s.t)
      if (i === undefined) continue
      const [fresh, stale] = [pens.fresh[n], pens.stale[n]]
      if (fresh) fresh[i] = s.fresh
      if (stale) stale[i] = s.stale
    }
  })
  return pens
}

/** Adds one second of live values; what left the window at the front goes. */
export function append(
  pens: Pens,
  t: number,
  values: readonly { value: number | null; quality: Quality }[],
  keepFrom: number,
): void {
  const last = pens.x[pens.x.length - 1]
  if (last !== undefined && t <= last) return
  pens.x.push(t)
  values.forEach((v, n) => {
    const known = v.value !== null && v.quality !== 'bad' && v.quality !== 'unknown'
    pens.fresh[n]?.push(known && usable(v.quality) ? v.value : null)
    pens.stale[n]?.push(known && !usable(v.quality) ? v.value : null)
  })
  const gone = pens.x.findIndex((x) => x >= keepFrom)
  if (gone <= 0) return
  for (const row of [pens.x, ...pens.fresh, ...pens.stale]) row.splice(0, gone)
}

/** History with what the stream brought after its end while it was being fetched. */
export function joined(history: Pens, live: Pens): Pens {
  const end = history.x[history.x.length - 1] ?? -Infinity
  const from = live.x.findIndex((x) => x > end)
  if (from < 0) return history
  const rows = (a: Cell[][], b: Cell[][]) => a.map((row, n) => [...row, ...(b[n] ?? []).slice(from)])
  return {
    x: [...history.x, ...live.x.slice(from)],
    fresh: rows(history.fresh, live.fresh),
    stale: rows(history.stale, live.stale),
  }
}
