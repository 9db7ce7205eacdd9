// The heat map of a battery room: one cell a rack with its hottest reading. Pale to dark in one hue
// inside the limits; an alarm glyph outside them; hatched when what it shows is not current.

import type { Quality } from '../live/types'

export interface HeatCell {
  id: string
  row: number
  col: number
}

export interface HeatReading {
  value: number | null
  quality: Quality
  /** 1 or 2 puts that priority's glyph on the cell. */
  priority: 1 | 2 | null
  stage: string
  /** Spoken name of the cell with its reading. */
  label: string
  /** What stands under the number, for example how many channels are good. */
  note: string
}

export interface Heat {
  paint(readings: readonly HeatReading[], selected: string): void
  destroy(): void
}

const glyphs = { 1: '■1', 2: '▲2' } as const

/** Seven steps from 15 to 50 degC: above that the glyph speaks, not the colour. */
export function heatShade(degC: number): number {
  return Math.min(6, Math.max(0, Math.floor(((degC - 15) / 35) * 7)))
}

function span(cls: string): HTMLSpanElement {
  const s = document.createElement('span')
  s.className = cls
  return s
}

function cellOf(c: HeatCell, i: number, name: string) {
  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'heat-cell'
  button.style.gridRow = String(c.row)
  button.style.gridColumn = String(c.col)
  button.tabIndex = i === 0 ? 0 : -1
  const parts = {
    id: span('heat-id'),
    stage: span('heat-stage'),
    value: span('heat-value'),
    note: span('heat-note'),
    glyph: span('heat-glyph'),
  }
  parts.id.textContent = name
  button.append(parts.id, parts.stage, parts.value, parts.note, parts.glyph)
  return { button, ...parts }
}

/** More columns than these leave a tile no room for large figures. */
const wide = 5

/** What tells the racks of one room apart: the room's own name before theirs is on the screen already. */
export function short(ids: readonly string[]): string[] {
  const [first = ''] = ids
  let same = 0
  while (ids.length > 1 && first[same] !== undefined && ids.every((id) => id[same] === first[same])) same++
  // Not within a number, and the letter that begins it stays: Z1B1R11 and Z1B1R12 are R11 and R12.
  while (same > 0 && /\d/.test(first[same - 1] ?? '') && ids.some((id) => /\d/.test(id[same] ?? ''))) same--
  while (same > 0 && /[A-Za-z]/.test(first[same - 1] ?? '')) same--
  return ids.map((id) => id.slice(same))
}

function figure(r: HeatReading): string {
  if (r.quality === 'bad') return '— ✕'
  if (r.value === null) return '?'
  return r.value.toFixed(1).replace('-', '−')
}

// Arrow keys walk the plan; the cell with the focus is the only one the tab key stops at.
function neighbour(cells: readonly HeatCell[], from: number, key: string): number {
  const at = cells[from]
  const step: Record<string, [number, number]> = {
    ArrowLeft: [0, -1],
    ArrowRight: [0, 1],
    ArrowUp: [-1, 0],
    ArrowDown: [1, 0],
  }
  const move = step[key]
  if (!at || !move) return -1
  return cells.findIndex((c) => c.row === at.row + move[0] && c.col === at.col + move[1])
}

export function mountHeat(host: HTMLElement, cells: readonly HeatCell[], select: (id: string) => void): Heat {
  const grid = document.createElement('div')
  grid.className = 'heat'
  grid.style.setProperty('--heat-cols', String(Math.max(1, ...cells.map((c) => c.col))))
  if (Math.max(0, ...cells.map((c) => c.col)) > wide) grid.dataset.many = '1'
  const names = short(cells.map((c) => c.id))
  const drawn = cells.map((c, i) => cellOf(c, i, names[i] ?? c.id))
  drawn.forEach((d, i) => {
    d.button.onclick = () => select(cells[i]?.id ?? '')
    d.button.onkeydown = (e) => {
      const to = drawn[neighbour(cells, i, e.key)]
      if (!to) return
      e.preventDefault()
      d.button.tabIndex = -1
      to.button.tabIndex = 0
      to.button.focus()
    }
    grid.append(d.button)
  })
  host.append(grid)
  return {
    paint(readings, selected) {
      drawn.forEach((d, i) => {
        const r = readings[i]
        if (!r) return
        const known = r.value !== null && r.quality !== 'bad' && r.quality !== 'unknown'
        d.button.dataset.quality = r.quality
        d.button.dataset.shade = known ? String(heatShade(r.value ?? 0)) : 'none'
        d.button.setAttribute('aria-pressed', String(cells[i]?.id === selected))
        d.button.setAttribute('aria-label', r.label)
        d.value.textContent = figure(r)
        d.stage.textContent = r.stage
        d.note.textContent = r.note
        d.glyph.textContent = r.priority ? glyphs[r.priority] : ''
        d.glyph.dataset.priority = r.priority ? String(r.priority) : ''
      })
    },
    destroy() {
      for (const d of drawn) d.button.onclick = d.button.onkeydown = null
      grid.remove()
      drawn.length = 0
    },
  }
}
