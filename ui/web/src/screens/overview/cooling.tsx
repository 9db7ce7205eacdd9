// Inlet temperatures of the IT racks: the hottest one, and all of them as a strip.

import { useCallback, useEffect, useMemo } from 'react'
import { mountFloor } from '../../draw/floor'
import { worst } from '../../live/format'
import type { Reading } from '../../live/store'
import type { Asset, Quality } from '../../live/types'
import { useConsole } from '../../ui/context'
import { useDrawing } from '../../ui/draw'
import { useReadings } from '../../ui/live'
import { Quantity } from '../../ui/quantity'
import { Tile } from '../../ui/tile'
import { useWords } from '../../ui/text'

/** From here an operator must act (recommended inlet maximum 27 degC, allowed 32 degC). */
export const inletLimit = 32

interface RackInlet {
  rack: Asset
  value: number | null
  quality: Quality
  time: number
}

/** The hottest inlet of each rack that can be known, with the worst quality of its sensors. */
export function hottestInlet(rack: Asset, readings: readonly Reading[]): RackInlet {
  const known = readings.filter((r) => r.value !== null && r.quality !== 'bad' && r.quality !== 'unknown')
  const top = known.reduce<Reading | null>((m, r) => (m && (m.value ?? 0) >= (r.value ?? 0) ? m : r), null)
  if (!top) return { rack, value: null, quality: worst(readings.map((r) => r.quality)), time: 0 }
  return { rack, value: top.value, quality: top.quality, time: top.time }
}

function useInlets(): RackInlet[] {
  const { plant } = useConsole()
  const racks = useMemo(
    () => plant.ofKind('it-rack').map((rack) => ({ rack, ids: plant.inlets(rack.id).map((p) => p.id) })),
    [plant],
  )
  const ids = useMemo(() => racks.flatMap((r) => r.ids), [racks])
  const readings = useReadings(ids)
  return useMemo(() => {
    let from = 0
    return racks.map((r) => hottestInlet(r.rack, readings.slice(from, (from += r.ids.length))))
  }, [racks, readings])
}

export function InletTile() {
  const { t, tx } = useWords()
  const inlets = useInlets()
  if (inlets.length === 0) return null
  const known = inlets.filter((i) => i.value !== null)
  const hottest = known.reduce<RackInlet | null>(
    (m, i) => (m && (m.value ?? 0) >= (i.value ?? 0) ? m : i),
    null,
  )
  const silent = inlets.length - known.filter((i) => i.quality === 'good').length
  return (
    <Tile title={t('overview.inlet')} attention={(hottest?.value ?? 0) >= inletLimit}>
      <p className="tile-big">
        <Quantity
          value={hottest?.value ?? null}
          quality={hottest?.quality ?? 'unknown'}
          time={hottest?.time}
          unit="degC"
        />
        <span className="tile-caption">{hottest ? tx(hottest.rack.name, hottest.rack.id) : ''}</span>
      </p>
      <p className="muted">{t('overview.inlet-limit', { limit: inletLimit })}</p>
      {silent > 0 && <p>{t('overview.silent', { n: silent, of: inlets.length })}</p>}
    </Tile>
  )
}

export function FloorTile() {
  const { t, tx } = useWords()
  const inlets = useInlets()
  const key = inlets.map((i) => i.rack.id).join('\n')
  const cells = useMemo(
    () => place(inlets.map((i) => i.rack)).map((c) => ({ ...c, name: tx(c.rack.name, c.rack.id) })),
    // the racks themselves, not their readings, decide the drawing
    [key, tx],
  )
  const mount = useCallback((host: HTMLDivElement) => mountFloor(host, cells), [cells])
  const [host, floor] = useDrawing(mount)
  useEffect(() => {
    floor.current?.paint(inlets.map((i) => ({ ...i, hot: (i.value ?? 0) >= inletLimit })))
  }, [inlets, floor, cells])
  if (inlets.length === 0) return null
  return (
    <Tile title={t('overview.floor', { n: inlets.length })} wide>
      <div ref={host} className="floor-host" />
      <details className="twin">
        <summary>{t('table-view')}</summary>
        <div className="twin-list">
          {inlets.map((i) => (
            <span key={i.rack.id} className="twin-item">
              {tx(i.rack.name, i.rack.id)}{' '}
              <Quantity value={i.value} quality={i.quality} time={i.time} unit="degC" />
            </span>
          ))}
        </div>
      </details>
    </Tile>
  )
}

/** A place for each rack: its own row and column, halls one below the other. */
export function place(racks: readonly Asset[]): { rack: Asset; id: string; row: number; col: number }[] {
  const halls = new Map<string, number>()
  let below = 0
  for (const hall of new Set(racks.map((r) => r.parent ?? ''))) {
    halls.set(hall, below)
    below += Math.max(1, ...racks.filter((r) => (r.parent ?? '') === hall).map((r) => r.row ?? 1))
  }
  return racks.map((rack, i) => ({
    rack,
    id: rack.id,
    row: (halls.get(rack.parent ?? '') ?? 0) + (rack.row ?? 1),
    col: rack.col ?? i + 1,
  }))
}
