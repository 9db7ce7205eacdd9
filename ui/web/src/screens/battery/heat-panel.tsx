// The rack heat map, with its words.

import { useCallback, useEffect, useMemo } from 'react'
import { mountHeat, type HeatReading } from '../../draw/heat'
import { number, worst } from '../../live/format'
import { rank } from '../../live/ladder'
import type { Quality, Rack, Room } from '../../live/types'
import { useConsole } from '../../ui/context'
import { useDrawing } from '../../ui/draw'
import { useSilent } from '../../ui/room'
import { useWords } from '../../ui/text'
import '../../style/heat.css'

const names = ['RT', 'BM', 'TC']

/** How far a rack's hottest reading can be trusted: as its best channel, or not at all when blind. */
export function rackQuality(rack: Rack, fieldSilent: boolean): Quality {
  const qs = names.flatMap((n) => rack.channels[n]?.quality ?? [])
  if (qs.length === 0) return 'unknown'
  if (fieldSilent) return 'stale'
  if (rack.hottest !== null) return 'good'
  return worst(qs)
}

/** Channels that can still vote, of those the rack has. */
export function voters(rack: Rack): { good: number; of: number } {
  const all = names.flatMap((n) => rack.channels[n] ?? [])
  return { good: all.filter((c) => c.state === 'good' || c.state === 'held').length, of: all.length }
}

export function HeatPanel({
  room,
  selected,
  select,
}: {
  room: Room
  selected: string
  select: (id: string) => void
}) {
  const { t } = useWords()
  const { plant } = useConsole()
  const shape = room.racks.map((r) => r.id).join('\n')
  const cells = useMemo(
    () =>
      room.racks.map((r, i) => {
        const a = plant.assets.get(r.asset)
        return { id: r.id, row: a?.row ?? 1 + Math.floor(i / 4), col: a?.col ?? 1 + (i % 4) }
      }),
    // which racks there are decides the drawing, not what they read
    [shape, plant],
  )
  const mount = useCallback((host: HTMLDivElement) => mountHeat(host, cells, select), [cells, select])
  const [host, heat] = useDrawing(mount)
  const silent = useSilent()(room)
  useEffect(() => {
    const reading = (r: Rack): HeatReading => {
      const quality = rackQuality(r, silent)
      const v = voters(r)
      const stage = r.stage === 'S0' ? '' : r.stage === 'unknown' ? '?' : r.stage
      const value = r.hottest === null ? t(`look.${quality}`) : `${number(r.hottest)} ℃`
      return {
        value: r.hottest,
        quality,
        priority: rank(r.stage) >= rank('S1') ? 1 : rank(r.stage) >= rank('SP') ? 2 : null,
        stage,
        label: t('room.cell', { rack: r.id, value, stage: t(`stage.${r.stage}`), good: v.good, of: v.of }),
        note: v.good < v.of ? t('room.voters', v) : '',
      }
    }
    heat.current?.paint(room.racks.map(reading), selected)
  }, [room, selected, silent, heat, cells, t])
  return (
    <>
      <div ref={host} role="group" aria-label={t('room.heat')} />
      <p className="muted heat-legend">
        <span className="heat-ramp" aria-hidden />
        {t('room.heat-legend')}
      </p>
    </>
  )
}
