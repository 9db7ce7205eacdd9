// The area behind a trend in which its one pen usually is. A time whose edge is missing stays empty: nobody knew
// there what is usual.

import type uPlot from 'uplot'

/** What was usual at a time, in the unit of the pen. */
export interface BandEdge {
  t: string
  low: number | null
  high: number | null
}

interface Corner {
  x: number
  low: number
  high: number
}

/** The edges as pieces to fill, each between two corners that stand one step apart. */
export function pieces(edges: readonly BandEdge[]): [Corner, Corner][] {
  const corners = edges.flatMap((e): Corner[] =>
    e.low === null || e.high === null ? [] : [{ x: Date.parse(e.t) / 1000, low: e.low, high: e.high }],
  )
  const pairs = corners
    .slice(1)
    .map((b, i): [Corner | undefined, Corner] => [corners[i], b])
    .filter((p): p is [Corner, Corner] => p[0] !== undefined)
  const step = Math.min(...pairs.map(([a, b]) => b.x - a.x))
  return pairs.filter(([a, b]) => b.x - a.x <= 1.5 * step)
}

export interface BandArea {
  plugin: uPlot.Plugin
  /** Shades these edges from now on; none takes the area away. */
  show(edges: readonly BandEdge[]): void
}

export function bandArea(fill: () => string): BandArea {
  let all: [Corner, Corner][] = []
  let plot: uPlot | undefined
  const draw = (u: uPlot) => {
    const { ctx, bbox } = u
    const to = (x: number, y: number): [number, number] => [
      u.valToPos(x, 'x', true),
      u.valToPos(y, 'y', true),
    ]
    ctx.save()
    ctx.beginPath()
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
    ctx.clip()
    ctx.fillStyle = fill()
    for (const [a, b] of all) {
      ctx.beginPath()
      ctx.moveTo(...to(a.x, a.low))
      ctx.lineTo(...to(a.x, a.high))
      ctx.lineTo(...to(b.x, b.high))
      ctx.lineTo(...to(b.x, b.low))
      ctx.fill()
    }
    ctx.restore()
  }
  return {
    plugin: { hooks: { init: (u) => void (plot = u), drawClear: draw } },
    show(edges) {
      all = pieces(edges)
      plot?.redraw()
    },
  }
}
