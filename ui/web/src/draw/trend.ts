// A trend over uPlot: fresh part solid, stale part dotted, gaps as gaps, limits as lines. It holds
// its own samples; nothing of it ever enters framework state.

import uPlot from 'uplot'
import { align, append, joined, type Pens } from './align'
import { bandArea, type BandEdge } from './band'
import type { Bucket, Quality } from '../live/types'

export interface TrendLimit {
  value: number
  label: string
}

export interface TrendOptions {
  /** Names of the pens. */
  pens: readonly string[]
  limits: readonly TrendLimit[]
  unit: string
  /** Always shown part of the scale; data beyond it widens it. */
  floor?: readonly [number, number]
  /** Time of day of a moment (seconds since 1970) in the site's zone. */
  clock(seconds: number): string
  /** What the time of the crosshair is called. */
  timeLabel: string
  height: number
  /** Charts with one key share their crosshair. */
  sync?: string
  /** The wheel zooms; left out where it must scroll the page. */
  wheel?: boolean
  /** Told when a person zooms (false: no longer following) and when they come back. */
  following?(on: boolean): void
}

export interface Trend {
  load(histories: readonly (readonly Bucket[])[], from: number, to: number): void
  /** Shades what is usual behind the pens; none takes it away. */
  band(edges: readonly BandEdge[]): void
  push(ms: number, values: readonly { value: number | null; quality: Quality }[]): void
  /** Shows the last seconds up to now again. */
  follow(windowSeconds: number): void
  zoom(factor: number): void
  /** The samples as they are drawn, for the table twin. */
  pens(): Pens
  destroy(): void
}

// Four greys and dashes first; hues only when there are more than four pens.
const dashes: number[][] = [[], [8, 4], [2, 3], [10, 3, 2, 3]]
// The same in the legend, in the words of a border.
const lines = ['solid', 'dashed', 'dotted', 'double']

// Three quarters of the page's own size, so that a wall's scale reaches the canvas too.
function font(host: HTMLElement, scale = 1): string {
  const root = parseFloat(getComputedStyle(host.ownerDocument.documentElement).fontSize) || 16
  return `${0.75 * root * scale}px Pretendard, sans-serif`
}

function colour(host: HTMLElement, name: string): string {
  return getComputedStyle(host).getPropertyValue(name).trim() || '#888'
}

function seriesOf(host: HTMLElement, o: TrendOptions): uPlot.Series[] {
  const greys = o.pens.length <= 4
  const stroke = (i: number) => colour(host, greys ? `--pen-${(i % 4) + 1}` : `--hue-${(i % 12) + 1}`)
  const dash = (i: number) => (greys ? dashes[i % 4] : dashes[Math.floor(i / 6) % 4]) ?? []
  const fresh = o.pens.map((label, i): uPlot.Series => ({
    label,
    stroke: stroke(i),
    width: greys && i === 0 ? 2.5 : 1.75,
    dash: dash(i),
    points: { show: false },
    value: (_u, v) => (v === null || v === undefined ? '—' : `${v.toFixed(1)} ${o.unit}`),
  }))
  const stale = o.pens.map((label, i): uPlot.Series => ({
    label,
    stroke: stroke(i),
    width: 1,
    dash: [1, 4],
    points: { show: false },
  }))
  const time: uPlot.Series = { label: o.timeLabel, value: (_u, v) => (v == null ? '—' : o.clock(v)) }
  return [time, ...fresh, ...stale]
}

function limitLines(host: HTMLElement, limits: readonly TrendLimit[]): uPlot.Plugin {
  return {
    hooks: {
      drawClear: (u) => {
        const { ctx, bbox } = u
        ctx.save()
        ctx.strokeStyle = colour(host, '--limit')
        ctx.fillStyle = colour(host, '--muted')
        ctx.font = font(host, devicePixelRatio)
        ctx.textAlign = 'left'
        ctx.textBaseline = 'bottom'
        ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio])
        const gap = 6 * devicePixelRatio
        let last = { y: Infinity, right: bbox.left }
        for (const l of [...limits].sort((a, b) => a.value - b.value)) {
          const y = Math.round(u.valToPos(l.value, 'y', true))
          if (y < bbox.top || y > bbox.top + bbox.height) continue
          ctx.beginPath()
          ctx.moveTo(bbox.left, y)
          ctx.lineTo(bbox.left + bbox.width, y)
          ctx.stroke()
          // Lines closer than a letter's height are named beside one another.
          const size = ctx.measureText(l.label)
          const crowded = last.y - y < size.fontBoundingBoxAscent + size.fontBoundingBoxDescent
          const x = (crowded ? last.right : bbox.left) + gap
          ctx.fillText(l.label, x, y - 2 * devicePixelRatio)
          last = { y, right: x + size.width + gap }
        }
        ctx.restore()
      },
    },
  }
}

function range(floor: readonly [number, number] | undefined): uPlot.Range.Function {
  return (_u, min, max) => {
    const low = Math.min(min ?? Infinity, floor?.[0] ?? Infinity)
    const high = Math.max(max ?? -Infinity, floor?.[1] ?? -Infinity)
    if (!Number.isFinite(low) || !Number.isFinite(high)) return [0, 1]
    const pad = Math.max((high - low) * 0.06, 0.5)
    return [floor && low === floor[0] ? low : low - pad, floor && high === floor[1] ? high : high + pad]
  }
}

function optionsOf(host: HTMLElement, o: TrendOptions, behind: uPlot.Plugin): uPlot.Options {
  const axis = {
    stroke: colour(host, '--muted'),
    font: font(host),
    grid: { stroke: colour(host, '--grid'), width: 1 },
    ticks: { stroke: colour(host, '--grid'), width: 1 },
  }
  return {
    width: Math.max(200, host.clientWidth),
    height: o.height,
    legend: { live: true, markers: { width: 3, dash: (_u, i) => lines[(i - 1) % 4] ?? 'solid' } },
    cursor: { sync: o.sync ? { key: o.sync } : undefined, drag: { x: true, y: false } },
    scales: { x: { time: true }, y: { range: range(o.floor) } },
    series: seriesOf(host, o),
    axes: [
      { ...axis, values: (_u, s) => s.map((v) => o.clock(v)), space: 90 },
      { ...axis, size: 52, values: (_u, s) => s.map((v) => String(v)) },
    ],
    plugins: [behind, limitLines(host, o.limits)],
    hooks: { setSelect: [(u) => (u.select.width > 0 ? o.following?.(false) : undefined)] },
  }
}

// The stale part of a pen is one more series; in the legend a pen stands once.
function hideStaleLegend(plot: uPlot, pens: number): void {
  plot.root.querySelectorAll<HTMLElement>('.u-legend .u-series').forEach((row, i) => {
    row.hidden = i > pens
  })
}

const dataOf = (p: Pens): uPlot.AlignedData => [p.x, ...p.fresh, ...p.stale] as uPlot.AlignedData

function fitting(plot: uPlot, host: HTMLElement, height: number): ResizeObserver {
  const resize = new ResizeObserver(() => {
    plot.setSize({ width: Math.max(200, host.clientWidth), height })
  })
  resize.observe(host)
  return resize
}

export function mountTrend(host: HTMLElement, o: TrendOptions): Trend {
  let pens: Pens = align(o.pens.map(() => []))
  let seconds = 900
  let follows = true
  const usual = bandArea(() => colour(host, '--grid'))
  const plot = new uPlot(optionsOf(host, { ...o, following: set }, usual.plugin), dataOf(pens), host)
  hideStaleLegend(plot, o.pens.length)
  const resize = fitting(plot, host, o.height)
  const listening = new AbortController()
  plot.over.addEventListener('dblclick', () => set(true), { signal: listening.signal })
  if (o.wheel) plot.over.addEventListener('wheel', wheel, { passive: false, signal: listening.signal })

  function set(on: boolean): void {
    follows = on
    o.following?.(on)
  }

  function wheel(e: WheelEvent): void {
    e.preventDefault()
    zoom(e.deltaY > 0 ? 1.25 : 0.8, plot.posToVal(e.offsetX, 'x'))
  }

  function zoom(factor: number, at?: number): void {
    const { min, max } = plot.scales.x ?? {}
    if (min == null || max == null) return
    const centre = at ?? (min + max) / 2
    set(false)
    plot.setScale('x', { min: centre - (centre - min) * factor, max: centre + (max - centre) * factor })
  }

  function draw(): void {
    plot.setData(dataOf(pens), false)
    const end = pens.x[pens.x.length - 1] ?? Date.now() / 1000
    if (follows) plot.setScale('x', { min: end - seconds, max: end })
    else plot.redraw()
  }

  return {
    load(histories, from, to) {
      pens = joined(align(histories), pens)
      seconds = (to - from) / 1000
      draw()
    },
    band: usual.show,
    push(ms, values) {
      append(pens, ms / 1000, values, ms / 1000 - Math.max(seconds, 3600))
      draw()
    },
    follow(windowSeconds) {
      seconds = windowSeconds
      set(true)
      draw()
    },
    zoom,
    pens: () => pens,
    destroy() {
      resize.disconnect()
      listening.abort()
      plot.destroy()
      host.replaceChildren()
      pens = align([])
    },
  }
}
