// Inlet temperatures of the IT racks, which the server sums up hall by hall: the hottest one, and all of
// them as a plan. A screen does not read thousands of racks to show one figure.

import { useQuery } from '@tanstack/react-query'
import { useCallback, useEffect, useMemo } from 'react'
import { get } from '../../api/client'
import { mountFloor, type FloorReading } from '../../draw/floor'
import { mountHalls } from '../../draw/halls'
import { millis } from '../../live/store'
import type { Hall, HallPlan, Quality } from '../../live/types'
import { useConsole } from '../../ui/context'
import { useDrawing } from '../../ui/draw'
import { useConnection } from '../../ui/live'
import { Quantity } from '../../ui/quantity'
import { Tile } from '../../ui/tile'
import { useWords } from '../../ui/text'

/** From here an operator must act (recommended inlet maximum 27 degC, allowed 32 degC). */
export const inletLimit = 32

/** Up to here each rack has room for its figure. */
const figuresUpTo = 200

/** Inlets are read every ten seconds and change slowly. */
const every = 5000

const letters: Record<string, Quality> = { g: 'good', n: 'uncertain', b: 'bad', s: 'stale', u: 'unknown' }

/** The readings of a hall in the order of its plan; stale when the server is lost. */
export function readingsOf(hall: Hall, lost: boolean): FloorReading[] {
  return hall.values.map((value, i) => {
    const quality = letters[hall.quality[i] ?? 'u'] ?? 'unknown'
    const aged = lost && (quality === 'good' || quality === 'uncertain')
    return { value, quality: aged ? 'stale' : quality, hot: (value ?? 0) >= inletLimit }
  })
}

interface Floor {
  halls: Hall[]
  lost: boolean
}

function useFloor(): Floor {
  const connection = useConnection()
  const q = useQuery({
    queryKey: ['floor'],
    queryFn: () => get<{ halls: Hall[] | null }>('floor'),
    refetchInterval: every,
    staleTime: every,
    structuralSharing: false,
  })
  return { halls: q.data?.halls ?? [], lost: connection === 'lost' || q.isError }
}

function usePlans(): HallPlan[] {
  const { site } = useConsole()
  const q = useQuery({
    queryKey: ['floor-plan', site.revision],
    queryFn: () => get<{ halls: HallPlan[] | null }>('floor/plan'),
    staleTime: Infinity,
    structuralSharing: false,
  })
  return useMemo(() => q.data?.halls ?? [], [q.data])
}

/** The hottest inlet of some halls that can be known. */
export function hottestOf(halls: readonly Hall[]): Hall['hottest'] {
  return halls.reduce<Hall['hottest']>(
    (m, h) => (h.hottest && (!m || h.hottest.value > m.value) ? h.hottest : m),
    null,
  )
}

function Inlet({ of, lost }: { of: Hall['hottest']; lost: boolean }) {
  const quality = of?.quality ?? 'unknown'
  return (
    <Quantity
      value={of?.value ?? null}
      quality={lost && quality !== 'unknown' ? 'stale' : quality}
      time={millis(of?.time)}
      unit="degC"
    />
  )
}

export function InletTile() {
  const { t, tx } = useWords()
  const { halls, lost } = useFloor()
  if (halls.length === 0) return null
  const hottest = hottestOf(halls)
  const silent = halls.reduce((n, h) => n + h.silent, 0)
  const of = halls.reduce((n, h) => n + h.of, 0)
  return (
    <Tile title={t('overview.inlet')} attention={(hottest?.value ?? 0) >= inletLimit}>
      <p className="tile-big">
        <Inlet of={hottest} lost={lost} />
        <span className="tile-caption">{hottest ? tx(hottest.name, hottest.rack) : ''}</span>
      </p>
      <p className="muted">{t('overview.inlet-limit', { limit: inletLimit })}</p>
      {silent > 0 && <p>{t('overview.silent', { n: silent, of })}</p>}
    </Tile>
  )
}

export function FloorTile() {
  const { t } = useWords()
  const { wall } = useConsole()
  const floor = useFloor()
  const plans = usePlans()
  const racks = plans.reduce((n, p) => n + p.racks.length, 0)
  // A plan and a summary of two different sites do not fit each other.
  const fits =
    plans.length === floor.halls.length && plans.every((p, i) => p.racks.length === floor.halls[i]?.of)
  if (racks === 0 || !fits) return null
  const small = racks <= figuresUpTo
  return (
    <Tile title={t('overview.floor', { n: racks })} full={!(wall && small)} wide>
      {small ? <RackPlan plans={plans} floor={floor} /> : <HallPlans plans={plans} floor={floor} />}
    </Tile>
  )
}

function RackPlan({ plans, floor }: { plans: HallPlan[]; floor: Floor }) {
  const { t } = useWords()
  const cells = useMemo(() => place(plans), [plans])
  const readings = floor.halls.flatMap((h) => readingsOf(h, floor.lost))
  const mount = useCallback((host: HTMLDivElement) => mountFloor(host, cells), [cells])
  const [host, drawing] = useDrawing(mount)
  useEffect(() => drawing.current?.paint(readings))
  return (
    <>
      <div ref={host} className="floor-host" />
      <details className="twin">
        <summary>{t('table-view')}</summary>
        <div className="twin-list">
          {cells.map((c, i) => (
            <span key={c.id} className="twin-item">
              {c.name}{' '}
              <Quantity
                value={readings[i]?.value ?? null}
                quality={readings[i]?.quality ?? 'unknown'}
                unit="degC"
              />
            </span>
          ))}
        </div>
      </details>
    </>
  )
}

/** Each hall as a heat map of its racks, with its figures in words. */
function HallPlans({ plans, floor }: { plans: HallPlan[]; floor: Floor }) {
  const { t, tx } = useWords()
  return (
    <ul className="halls" aria-label={t('overview.halls')}>
      {plans.map((p, i) => {
        const hall = floor.halls[i]
        if (!hall) return null
        const over = hall.values.filter((v) => (v ?? 0) >= inletLimit).length
        return (
          <li key={p.id}>
            <strong>{tx(p.name, p.id)}</strong>
            <span>
              <Inlet of={hall.hottest} lost={floor.lost} />{' '}
              <span className="muted">{tx(hall.hottest?.name)}</span>
            </span>
            <HallMap plan={p} readings={readingsOf(hall, floor.lost)} />
            <span data-over={over > 0 || undefined}>
              {t('overview.over', { limit: inletLimit, n: over })}
            </span>
            <span className="muted">{t('overview.not-known', { n: hall.silent })}</span>
          </li>
        )
      })}
    </ul>
  )
}

function HallMap({ plan, readings }: { plan: HallPlan; readings: FloorReading[] }) {
  const cells = useMemo(() => place([plan]), [plan])
  const mount = useCallback((host: HTMLDivElement) => mountHalls(host, cells), [cells])
  const [host, drawing] = useDrawing(mount)
  useEffect(() => drawing.current?.paint(readings))
  return <div ref={host} className="hall-map" />
}

interface Cell {
  id: string
  name: string
  row: number
  col: number
}

/** A place for each rack: its own row and column, halls one below the other. */
export function place(plans: readonly HallPlan[]): Cell[] {
  let below = 0
  return plans.flatMap((hall) => {
    const from = below
    below += Math.max(1, ...hall.rows)
    return hall.racks.map((rack, i) => ({
      id: `${hall.id}/${rack}`,
      name: rack.toUpperCase(),
      row: from + (hall.rows[i] || 1),
      col: hall.cols[i] || i + 1,
    }))
  })
}
