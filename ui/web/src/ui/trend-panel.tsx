// A trend of some points: history first, then live, with buttons for everything the mouse can do
// and a table of the same samples.

import { useQueries, useQuery } from '@tanstack/react-query'
import { useCallback, useEffect, useMemo, useState } from 'react'
import { useStore } from 'zustand'
import { get, segment } from '../api/client'
import { mountTrend, type TrendLimit } from '../draw/trend'
import { clock, number, unit as unitText } from '../live/format'
import { prefs } from '../live/prefs'
import type { Bucket } from '../live/types'
import { BandNote, type Band } from './band-note'
import { useConsole } from './context'
import { useDrawing } from './draw'
import { now } from './second'
import { useWords } from './text'
import '../style/trend.css'

export interface TrendPanelProps {
  points: readonly string[]
  names: readonly string[]
  limits?: readonly TrendLimit[]
  floor?: readonly [number, number]
  unit: string
  height: number
  sync?: string
  /** Seconds shown; the panel's own buttons choose when it is not given. */
  seconds?: number
}

export const windows = [300, 900, 3600] as const

interface History {
  buckets: Bucket[] | null
}

/** Most samples asked for: more than any screen has pixels. */
const finest = 1200

function useHistory(points: readonly string[], seconds: number) {
  // The end is fixed when the window is chosen: from there on the live stream continues the line.
  const to = useMemo(() => now(), [seconds, points.join('\n')])
  const from = to - seconds * 1000
  const queries = useQueries({
    queries: points.map((id) => ({
      queryKey: ['history', id, from, to],
      queryFn: () => {
        const range = `from=${new Date(from).toISOString()}&to=${new Date(to).toISOString()}&max=${Math.min(finest, seconds)}`
        return get<History>(`points/${segment(id)}/history?${range}`)
      },
      staleTime: Infinity,
      gcTime: 60_000,
      retry: 1,
    })),
  })
  const settled = queries.every((q) => !q.isPending)
  const failed = queries.find((q) => q.error)?.error ?? null
  const buckets = settled ? queries.map((q) => q.data?.buckets ?? []) : null
  return { buckets, from, to, failed, settled }
}

/** What is usual for the one point of a trend; most points have none, and several would hide one another. */
function useBand(points: readonly string[], from: number, to: number) {
  const id = points.length === 1 ? points[0] : undefined
  return useQuery({
    queryKey: ['band', id, from, to],
    enabled: id !== undefined,
    queryFn: () =>
      get<Band>(
        `points/${segment(id ?? '')}/band?from=${new Date(from).toISOString()}&to=${new Date(to).toISOString()}&max=300`,
      ).catch(() => null),
    staleTime: Infinity,
    gcTime: 60_000,
    retry: false,
  }).data
}

export function TrendPanel(p: TrendPanelProps) {
  const { t } = useWords()
  const { store, site } = useConsole()
  const theme = useStore(prefs, (s) => s.theme)
  const [own, setOwn] = useState<number>(900)
  const [following, setFollowing] = useState(true)
  const seconds = p.seconds ?? own
  const key = [p.points.join(), p.names.join(), p.unit, p.height, theme, site.timezone, p.sync ?? ''].join(
    '|',
  )
  const mount = useCallback(
    (host: HTMLDivElement) =>
      mountTrend(host, {
        pens: p.names,
        limits: p.limits ?? [],
        unit: unitText(p.unit),
        floor: p.floor,
        clock: (s) => clock(s * 1000, site.timezone),
        timeLabel: t('journal.time'),
        height: p.height,
        sync: p.sync,
        wheel: p.sync !== undefined,
        following: setFollowing,
      }),
    // the key holds everything that makes it another drawing
    [key],
  )
  const [host, trend] = useDrawing(mount)
  const history = useHistory(p.points, seconds)
  const { settled, from, to } = history
  useEffect(() => {
    if (history.buckets) trend.current?.load(history.buckets, from, to)
    // loaded once per window; the stream continues it
  }, [settled, from, to, mount])
  const band = useBand(p.points, from, to)
  useEffect(() => trend.current?.band(band?.edges ?? []), [band, mount, trend])
  useEffect(() => {
    const ids = key.split('|')[0]?.split(',') ?? []
    return store.on('tick', () =>
      trend.current?.push(
        store.time,
        ids.map((id) => store.reading(id)),
      ),
    )
  }, [store, key, trend])
  return (
    <div className="trend">
      <TrendBar
        seconds={p.seconds === undefined ? own : null}
        choose={setOwn}
        zoom={(factor) => trend.current?.zoom(factor)}
        follow={following ? null : () => trend.current?.follow(seconds)}
        failed={history.failed !== null}
      />
      <div
        ref={host}
        className="trend-host"
        role="img"
        aria-label={t('trend.label', { names: p.names.join(', ') })}
      />
      {band && band.state !== 'none' && <BandNote point={p.points[0] ?? ''} band={band} />}
      <TrendTable read={() => trend.current?.pens()} names={p.names} unit={p.unit} />
    </div>
  )
}

interface TrendBarProps {
  /** The window shown, null where the screen chooses it. */
  seconds: number | null
  choose(seconds: number): void
  zoom(factor: number): void
  /** Goes back to now; null while the trend follows anyway. */
  follow: (() => void) | null
  failed: boolean
}

function TrendBar({ seconds, choose, zoom, follow, failed }: TrendBarProps) {
  const { t, span } = useWords()
  const step = (label: string, sign: string, factor: number) => (
    <button
      type="button"
      className="button quiet icon"
      aria-label={label}
      title={label}
      onClick={() => zoom(factor)}
    >
      {sign}
    </button>
  )
  return (
    <div className="trend-bar" role="group" aria-label={t('trend.controls')}>
      {seconds !== null &&
        windows.map((w) => (
          <button
            key={w}
            type="button"
            className="button quiet"
            aria-pressed={seconds === w}
            onClick={() => choose(w)}
          >
            {span(w)}
          </button>
        ))}
      {step(t('trend.in'), '＋', 0.5)}
      {step(t('trend.out'), '−', 2)}
      {follow && (
        <button type="button" className="button" onClick={follow}>
          {t('trend.follow')}
        </button>
      )}
      {failed && <span className="muted">{t('trend.no-history')}</span>}
    </div>
  )
}

interface TrendTableProps {
  read: () =>
    | { x: number[]; fresh: (number | null | undefined)[][]; stale: (number | null | undefined)[][] }
    | undefined
  names: readonly string[]
  unit: string
}

const tableRows = 30

/** The same samples as a table, read when it is opened. */
function TrendTable({ read, names, unit }: TrendTableProps) {
  const { t } = useWords()
  const { site } = useConsole()
  const [rows, setRows] = useState<{ at: number; cells: string[] }[] | null>(null)
  const open = (e: React.ToggleEvent<HTMLDetailsElement>) => {
    const pens = e.newState === 'open' ? read() : undefined
    if (!pens) return setRows(null)
    const step = Math.max(1, Math.ceil(pens.x.length / tableRows))
    const cell = (n: number, i: number) => {
      const fresh = pens.fresh[n]?.[i]
      const old = pens.stale[n]?.[i]
      if (fresh != null) return number(fresh)
      return old != null ? `(${number(old)})` : '—'
    }
    const picked = pens.x.map((at, i) => ({ at, i })).filter(({ i }) => (pens.x.length - 1 - i) % step === 0)
    setRows(picked.reverse().map(({ at, i }) => ({ at, cells: names.map((_, n) => cell(n, i)) })))
  }
  return (
    <details className="twin" onToggle={open}>
      <summary>{t('table-view')}</summary>
      {rows && (
        <div className="twin-table" tabIndex={0} role="region" aria-label={t('table-view')}>
          <table className="plain">
            <thead>
              <tr>
                <th scope="col">{t('journal.time')}</th>
                {names.map((n) => (
                  <th key={n} scope="col" className="right">
                    {n} ({unitText(unit)})
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((r) => (
                <tr key={r.at}>
                  <th scope="row">{clock(r.at * 1000, site.timezone)}</th>
                  {r.cells.map((c, i) => (
                    <td key={i} className="right">
                      {c}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  )
}
