// What the mock answers where the server searches or sums up: a part of the plant, and the halls' inlets.

import type { Asset, Hall, HallPlan, Point } from '../src/live/types'
import { assets, points } from './mock-plant'
import type { World } from './mock-world'

const listed = (query: URLSearchParams, name: string): string[] | null =>
  query.has(name) ? (query.get(name) ?? '').split(',') : null

export function somePoints(query: URLSearchParams): { items: Point[]; next?: string } {
  const ids = listed(query, 'ids')
  const of = listed(query, 'assets')
  const words = (query.get('words') ?? '').toLowerCase().split(/\s+/).filter(Boolean)
  const limit = Number(query.get('limit') ?? 10_000)
  const found = points.filter((p) => {
    const asset = assets.find((a) => a.id === p.asset)
    const text =
      `${p.id} ${p.names?.ko ?? ''} ${p.names?.en ?? ''} ${asset?.name.ko ?? ''} ${asset?.name.en ?? ''}`.toLowerCase()
    return (
      (!ids || ids.includes(p.id)) && (!of || of.includes(p.asset)) && words.every((w) => text.includes(w))
    )
  })
  const items = found.slice(0, limit)
  return found.length > limit ? { items, next: items.at(-1)?.id } : { items }
}

export function someAssets(query: URLSearchParams): { items: Asset[] } {
  const ids = listed(query, 'ids')
  const kinds = listed(query, 'kinds')
  return { items: assets.filter((a) => (!ids || ids.includes(a.id)) && (!kinds || kinds.includes(a.kind))) }
}

const racks = assets.filter((a) => a.kind === 'it-rack')
const hall = 'demo/h1'

export function floorPlan(): { halls: HallPlan[] } {
  const name = assets.find((a) => a.id === hall)?.name ?? { ko: hall, en: hall }
  return {
    halls: [
      {
        id: hall,
        name,
        racks: racks.map((r) => r.id.slice(hall.length + 1)),
        rows: racks.map((r) => r.row ?? 1),
        cols: racks.map((r) => r.col ?? 1),
      },
    ],
  }
}

export function floor(world: World): { halls: Hall[] } {
  const read = racks.map((r) => world.read(`${r.id}/env/inlet-top`))
  const values = read.map((r) => (r.v === null ? null : Math.round(r.v * 10) / 10))
  const at = values.reduce<number>((m, v, i) => ((v ?? -1) > (values[m] ?? -1) ? i : m), 0)
  const rack = racks[at]
  const hottest = rack && {
    rack: rack.id,
    name: rack.name,
    value: values[at] ?? 0,
    quality: 'good' as const,
    time: new Date().toISOString(),
  }
  return {
    halls: [
      {
        id: hall,
        of: racks.length,
        silent: read.filter((r) => r.q !== 'good').length,
        hottest: hottest ?? null,
        values,
        quality: read.map((r) => r.q.charAt(0)).join(''),
      },
    ],
  }
}
