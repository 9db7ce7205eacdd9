// The floor strip: one cell a rack, shaded by inlet temperature in one hue. SVG, because a strip of
// some hundred cells needs no canvas, and it prints sharp.

import type { Quality } from '../live/types'

export interface FloorCell {
  id: string
  name: string
  row: number
  col: number
}

export interface FloorReading {
  value: number | null
  quality: Quality
  /** Over the limit where people must act. */
  hot: boolean
}

export interface Floor {
  paint(readings: readonly FloorReading[]): void
  destroy(): void
}

const ns = 'http://www.w3.org/2000/svg'
const size = 28
const gap = 2
let serial = 0

function el<K extends keyof SVGElementTagNameMap>(
  name: K,
  attrs: Record<string, string | number>,
): SVGElementTagNameMap[K] {
  const e = document.createElementNS(ns, name)
  for (const [k, v] of Object.entries(attrs)) e.setAttribute(k, String(v))
  return e
}

/** Five steps of the ramp: 18 to 32 degC is what inlets are allowed to be. */
export function shade(value: number, low = 18, high = 32): number {
  return Math.min(4, Math.max(0, Math.floor(((value - low) / (high - low)) * 5)))
}

export function mountFloor(host: HTMLElement, cells: readonly FloorCell[]): Floor {
  const cols = Math.max(1, ...cells.map((c) => c.col))
  const rows = Math.max(1, ...cells.map((c) => c.row))
  const hatch = `floor-hatch-${++serial}`
  const svg = el('svg', {
    viewBox: `0 0 ${cols * (size + gap) - gap} ${rows * (size + gap) - gap}`,
    class: 'floor',
    'aria-hidden': 'true',
  })
  const pattern = el('pattern', { id: hatch, width: 6, height: 6, patternUnits: 'userSpaceOnUse' })
  pattern.append(el('path', { d: 'M-1 1 1-1M0 6 6 0M5 7 7 5', class: 'hatch-line' }))
  const defs = el('defs', {})
  defs.append(pattern)
  svg.append(defs)
  const drawn = cells.map((c) => {
    const x = (c.col - 1) * (size + gap)
    const y = (c.row - 1) * (size + gap)
    const g = el('g', { transform: `translate(${x} ${y})` })
    const title = el('title', {})
    const box = el('rect', { width: size, height: size, rx: 2, class: 'floor-cell' })
    const over = el('rect', { width: size, height: size, rx: 2, fill: `url(#${hatch})`, class: 'floor-over' })
    const word = el('text', { x: size / 2, y: size / 2 + 4, 'text-anchor': 'middle', class: 'floor-text' })
    g.append(title, box, over, word)
    svg.append(g)
    return { g, title, box, word, name: c.name }
  })
  host.append(svg)
  return {
    paint(readings) {
      drawn.forEach((d, i) => {
        const r = readings[i] ?? { value: null, quality: 'unknown', hot: false }
        const known = r.value !== null && r.quality !== 'bad' && r.quality !== 'unknown'
        d.g.dataset.quality = r.quality
        d.g.dataset.hot = r.hot ? '1' : '0'
        d.box.dataset.shade = known ? String(shade(r.value ?? 0)) : 'none'
        d.word.textContent = known ? (r.value ?? 0).toFixed(0) : r.quality === 'unknown' ? '?' : '✕'
        d.title.textContent = `${d.name} ${known ? (r.value ?? 0).toFixed(1) + ' ℃' : ''}`
      })
    },
    destroy() {
      svg.remove()
      drawn.length = 0
    },
  }
}
