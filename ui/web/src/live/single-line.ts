// The power path as the API tells it, and where each of its boxes stands on the drawing.

import type { Quality, Text } from './types'

export type LineState =
  'live' | 'generator' | 'battery' | 'dead' | 'partly' | 'unknown' | 'disagree' | 'isolated'

export interface LineBox {
  id: string
  kind: string
  asset?: string
  name: Text
  row: number
  state: LineState
  count: number
  dead: number
  /** Battery racks whose own switches are open, and those of which nothing proves it. */
  isolated: number
  unproven: number
  kw: number | null
  load: number | null
  minutes: number | null
  quality: Quality
  members?: { asset: string; name: Text; state: LineState }[]
}

/** What is to be said of how many places a box stands for: the words, and their first number. */
export function countedAs(b: LineBox): { key: string; n: number } | undefined {
  if (b.isolated > 0)
    return { key: b.unproven > 0 ? 'line.isolated-unproven-of' : 'line.isolated-of', n: b.isolated }
  if (b.unproven > 0) return { key: 'line.unproven-of', n: b.unproven }
  if (b.count <= 1) return undefined
  return b.dead > 0 ? { key: 'line.dead-of', n: b.dead } : { key: 'line.count', n: b.count }
}

export type JoinState = 'closed' | 'open' | 'standby' | 'unknown' | 'mixed'

export interface LineJoin {
  from: string
  to: string
  kind: string
  name: Text
  state: JoinState
  count: number
  open: number
  shown: boolean
  live: boolean
  quality: Quality
  both_ways: boolean
}

export interface SingleLine {
  time: string
  boxes: LineBox[]
  joins: LineJoin[]
  transfers: { asset: string; name: Text; position: Text; mode: Text; quality: Quality }[]
  alarms: { box: string; worst: number; count: number; unacked: number }[]
}

/** Where a box stands: its left upper corner and its size. A bar is a bus, drawn as a line. */
export interface Place {
  x: number
  y: number
  w: number
  h: number
  bar: boolean
}

const slot = 168
const box = { w: 152, h: 86 }
const edge = 12
/** The room that the words of the intake need beside the lines of the sources. */
const barName = 480
/** The left upper edge of each row: sources, intake, UPS, their outputs, panels and machines, racks. */
const rows = [26, 158, 214, 356, 410, 548] as const

export interface Layout {
  places: Map<string, Place>
  width: number
  height: number
}

/** Places every box: a column for each UPS and for each supply from beyond, its panels below it, the racks between those
 * that feed them. */
export function layout(line: Pick<SingleLine, 'boxes' | 'joins'>): Layout {
  const places = new Map<string, Place>()
  const by = new Map(line.boxes.map((b) => [b.id, b]))
  const fed = (id: string) => line.joins.filter((j) => j.from === id).map((j) => j.to)
  const above = (id: string) => line.joins.filter((j) => j.to === id).map((j) => j.from)
  const put = (id: string, x: number, row: number) =>
    places.set(id, { x, y: rows[row] ?? 0, w: box.w, h: box.h, bar: false })
  const intake = line.boxes.find((b) => b.kind === 'site')
  const outputs = line.boxes.filter((b) => b.kind === 'bus' || b.kind === 'beyond')
  let x = edge
  for (const out of outputs) {
    const heads =
      out.kind === 'beyond' ? [out.id] : above(out.id).flatMap((ups) => [ups, ...batteriesOf(ups)])
    const kids = fed(out.id).filter((id) => by.get(id)?.kind !== 'racks' && !places.has(id))
    const wide = Math.max(heads.length, kids.length, 1) * slot
    heads.forEach((id, i) => put(id, x + i * slot, 2))
    kids.forEach((id, i) => put(id, x + i * slot, 4))
    if (out.kind === 'bus') places.set(out.id, { x, y: rows[3], w: wide - (slot - box.w), h: 0, bar: true })
    x += wide
  }
  function batteriesOf(ups: string): string[] {
    return above(ups).filter((id) => by.get(id)?.kind === 'battery')
  }
  for (const id of intake ? fed(intake.id) : [])
    if (!places.has(id)) {
      put(id, x, 2)
      x += slot
    }
  const racks = line.boxes.filter((b) => b.kind === 'racks')
  const middle = (id: string) => {
    const from = above(id).flatMap((f) => places.get(f) ?? [])
    return from.length ? from.reduce((sum, p) => sum + p.x + p.w / 2, 0) / from.length : x
  }
  let next = edge
  for (const r of [...racks].sort((a, b) => middle(a.id) - middle(b.id))) {
    const at = Math.max(next, middle(r.id) - box.w / 2)
    put(r.id, at, 5)
    next = at + slot
  }
  const sources = line.boxes.filter((b) => b.row === 0 && b.kind !== 'beyond')
  const width = Math.max(x, next, barName + sources.length * slot + edge)
  const start = Math.max(barName, (width - sources.length * slot) / 2)
  sources.forEach((s, i) => put(s.id, start + i * slot, 0))
  if (intake) places.set(intake.id, { x: edge, y: rows[1], w: width - 2 * edge, h: 0, bar: true })
  let spare = width
  for (const b of line.boxes)
    if (!places.has(b.id)) {
      put(b.id, spare, 4)
      spare += slot
    }
  return { places, width: spare + edge, height: (racks.length ? rows[5] : rows[4]) + box.h + edge }
}

/** The way of a line between two places; the lane keeps lines side by side apart. */
export function way(from: Place, to: Place, lane: number): { d: string; x: number; y: number } {
  if (!from.bar && !to.bar && Math.abs(from.y - to.y) < 1) {
    // side by side, as the batteries and their UPS
    const [l, r] = from.x < to.x ? [from, to] : [to, from]
    const y = l.y + l.h / 2
    return { d: `M${l.x + l.w} ${y} H${r.x}`, x: (l.x + l.w + r.x) / 2, y }
  }
  const at = (p: Place, other: Place) =>
    p.bar ? Math.min(Math.max(other.x + other.w / 2, p.x), p.x + p.w) : p.x + p.w / 2
  const x1 = at(from, to)
  const x2 = at(to, from)
  const y1 = from.y + from.h
  const y2 = to.y
  const turn = y1 + 10 + (lane % 8) * 5
  const d = Math.abs(x1 - x2) < 1 ? `M${x1} ${y1} V${y2}` : `M${x1} ${y1} V${turn} H${x2} V${y2}`
  return { d, x: x2, y: y2 - 12 }
}

/** A name on at most two lines of about so many Latin letters; a Korean syllable is nearly two wide. */
export function lines(name: string, wide = 20): string[] {
  const size = (s: string) => [...s].reduce((n, c) => n + (c.charCodeAt(0) > 0x1100 ? 1.8 : 1), 0)
  const cut = (s: string) => {
    let out = s
    while (size(out) > wide) out = out.slice(0, -1)
    return out === s ? s : `${out.slice(0, -1)}…`
  }
  const first: string[] = []
  const words = name.split(' ')
  while (words.length && size([...first, words[0]].join(' ')) <= wide) first.push(words.shift() ?? '')
  if (first.length === 0) return [cut(name)]
  return words.length ? [first.join(' '), cut(words.join(' '))] : [first.join(' ')]
}
