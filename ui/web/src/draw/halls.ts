// The plan of a hall with hundreds of racks: one small cell a rack on a canvas, shaded by inlet temperature
// in one hue. A cell that needs eyes has a mark as well as a colour; the figures stand in words beside it.

import { shade, type FloorCell, type FloorReading } from './floor'

export interface Halls {
  paint(readings: readonly FloorReading[]): void
  destroy(): void
}

const size = 10
const gap = 1

export function mountHalls(host: HTMLElement, cells: readonly FloorCell[]): Halls {
  const cols = Math.max(1, ...cells.map((c) => c.col))
  const rows = Math.max(1, ...cells.map((c) => c.row))
  const canvas = document.createElement('canvas')
  const sharp = Math.max(1, Math.round(window.devicePixelRatio || 1))
  canvas.width = cols * (size + gap) * sharp
  canvas.height = rows * (size + gap) * sharp
  canvas.className = 'hall-canvas'
  canvas.setAttribute('aria-hidden', 'true')
  host.append(canvas)
  let last: readonly FloorReading[] = []
  const at = (x: number, y: number): number => {
    const col = Math.floor((x / canvas.clientWidth) * cols) + 1
    const row = Math.floor((y / canvas.clientHeight) * rows) + 1
    return cells.findIndex((c) => c.col === col && c.row === row)
  }
  canvas.onpointermove = (e) => {
    const i = at(e.offsetX, e.offsetY)
    const r = last[i]
    const figure = r?.value == null ? '?' : `${r.value.toFixed(1)} ℃`
    canvas.title = i < 0 ? '' : `${cells[i]?.name ?? ''} ${figure}`
  }
  const draw = (): void => {
    const pen = canvas.getContext('2d')
    if (!pen) return
    const style = getComputedStyle(host)
    const token = (name: string): string => style.getPropertyValue(name).trim()
    const shades = [0, 1, 2, 3, 4].map((n) => token(`--heat-${n}`))
    const colours = { ink: token('--ink'), line: token('--line'), hot: token('--p1') }
    pen.setTransform(sharp, 0, 0, sharp, 0, 0)
    pen.clearRect(0, 0, canvas.width, canvas.height)
    cells.forEach((c, i) => {
      const x = (c.col - 1) * (size + gap)
      const y = (c.row - 1) * (size + gap)
      cell(pen, { x, y }, last[i], { shades, ...colours })
    })
  }
  // The theme changes the tokens, not the readings.
  const theme = new MutationObserver(draw)
  theme.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] })
  return {
    paint(readings) {
      last = readings
      draw()
    },
    destroy() {
      theme.disconnect()
      canvas.onpointermove = null
      canvas.remove()
      last = []
    },
  }
}

interface Colours {
  shades: string[]
  ink: string
  line: string
  hot: string
}

function cell(
  pen: CanvasRenderingContext2D,
  { x, y }: { x: number; y: number },
  r: FloorReading | undefined,
  colours: Colours,
): void {
  const known = r?.value != null && r.quality !== 'bad' && r.quality !== 'unknown'
  pen.strokeStyle = colours.line
  pen.lineWidth = 1
  if (known) {
    pen.fillStyle = colours.shades[shade(r.value ?? 0)] ?? colours.line
    pen.fillRect(x, y, size, size)
  }
  if (!known) pen.strokeRect(x + 0.5, y + 0.5, size - 1, size - 1)
  if (!known || r.quality === 'stale') {
    // Hatched when old, crossed when nothing is known.
    pen.strokeStyle = colours.ink
    pen.beginPath()
    pen.moveTo(x + 2, y + size - 2)
    pen.lineTo(x + size - 2, y + 2)
    if (!known) {
      pen.moveTo(x + 2, y + 2)
      pen.lineTo(x + size - 2, y + size - 2)
    }
    pen.stroke()
  }
  if (known && r.hot) {
    pen.fillStyle = colours.hot
    pen.fillRect(x + 2, y + 2, size - 4, size - 4)
  }
}
