// Trends of any points, up to twelve. The address holds pens and range, so a view can be sent.

import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useEffect, useMemo, useState } from 'react'
import { X } from 'lucide-react'
import { useSearchParams } from 'wouter'
import { get, type Page } from '../../api/client'
import { unit as unitText } from '../../live/format'
import type { Point } from '../../live/types'
import { useConsole } from '../../ui/context'
import { useView } from '../../ui/live'
import { Value } from '../../ui/quantity'
import { Empty, Loading } from '../../ui/states'
import { TrendPanel } from '../../ui/trend-panel'
import { useAssetName, usePointName, useWords } from '../../ui/text'
import '../../style/trends.css'

export const mostPens = 12
const ranges = [300, 900, 3600, 6 * 3600, 24 * 3600] as const
const shownHits = 50
/** A search waits until the typing pauses. */
const pause = 250

export default function Trends() {
  const { t, span } = useWords()
  const { plant } = useConsole()
  const [query, setQuery] = useSearchParams()
  const pens = query.getAll('pen').slice(0, mostPens)
  useView(pens.length > 0 ? `points&ids=${pens.map(encodeURIComponent).join(',')}` : 'points')
  const seconds = Number(query.get('range') ?? 900) || 900
  const set = (next: string[], range: number) =>
    setQuery(
      () => {
        const q = new URLSearchParams(next.map((id) => ['pen', id]))
        q.set('range', String(range))
        return q
      },
      { replace: true },
    )
  const groups = useMemo(() => {
    const byUnit = new Map<string, Point[]>()
    for (const id of pens) {
      const p = plant.points.get(id)
      if (p) byUnit.set(p.unit, [...(byUnit.get(p.unit) ?? []), p])
    }
    return [...byUnit]
    // the joined ids say all of the pens
  }, [pens.join('\n'), plant])
  return (
    <div className="trends">
      <h1 className="screen-title">{t('nav.trends')}</h1>
      <div className="tabs" role="group" aria-label={t('trend.range')}>
        {ranges.map((r) => (
          <button key={r} type="button" aria-pressed={seconds === r} onClick={() => set(pens, r)}>
            {span(r)}
          </button>
        ))}
      </div>
      <PenSearch pens={pens} add={(id) => set([...pens, id], seconds)} />
      <PenList
        pens={pens}
        remove={(id) =>
          set(
            pens.filter((p) => p !== id),
            seconds,
          )
        }
      />
      {pens.length > 0 && groups.length === 0 && <Loading rows={4} />}
      {pens.length === 0 && <Empty title={t('trend.empty')}>{t('trend.empty-next')}</Empty>}
      {groups.map(([unit, points]) => (
        <UnitChart key={unit} unit={unit} points={points} seconds={seconds} />
      ))}
    </div>
  )
}

function UnitChart({ unit, points, seconds }: { unit: string; points: Point[]; seconds: number }) {
  const { t } = useWords()
  const name = usePointName()
  const asset = useAssetName()
  return (
    <section className="panel" aria-label={t('trend.unit', { unit: unitText(unit) || '–' })}>
      <TrendPanel
        points={points.map((p) => p.id)}
        names={points.map((p) => `${asset(p.asset)} ${name(p)}`)}
        unit={unit}
        height={260}
        seconds={seconds}
        sync="trends"
      />
    </section>
  )
}

function PenSearch({ pens, add }: { pens: string[]; add: (id: string) => void }) {
  const { t } = useWords()
  const name = usePointName()
  const asset = useAssetName()
  const [words, setWords] = useState('')
  const full = pens.length >= mostPens
  const found = useHits(words)
  const hits = found.data?.items ?? []
  return (
    <div className="pen-search">
      <label className="filter-field">
        <span>{t('trend.search')}</span>
        <input
          type="search"
          value={words}
          onChange={(e) => setWords(e.target.value)}
          placeholder={t('trend.search-hint')}
        />
      </label>
      {full && <p className="muted">{t('trend.full', { n: mostPens })}</p>}
      {found.error !== null && <p role="status">{t('trend.no-search')}</p>}
      {words && found.isSuccess && hits.length === 0 && <p className="muted">{t('trend.no-hits')}</p>}
      {hits.length > 0 && (
        <ul className="hits">
          {hits.map((p) => (
            <li key={p.id}>
              <button
                type="button"
                className="button quiet"
                disabled={full || pens.includes(p.id)}
                onClick={() => add(p.id)}
              >
                {asset(p.asset)} · {name(p)}
              </button>
              <span className="muted">{p.id}</span>
            </li>
          ))}
        </ul>
      )}
      {found.data?.next && <p className="muted">{t('trend.more-hits', { n: shownHits })}</p>}
    </div>
  )
}

/** Points whose id, name or asset holds every word, in the order of the site, as the server finds them. */
function useHits(words: string) {
  const [asked, setAsked] = useState('')
  useEffect(() => {
    const timer = setTimeout(() => setAsked(words.trim()), pause)
    return () => clearTimeout(timer)
  }, [words])
  return useQuery({
    queryKey: ['points', asked],
    enabled: asked !== '',
    queryFn: () => get<Page<Point>>(`points?words=${encodeURIComponent(asked)}&limit=${shownHits}`),
    placeholderData: keepPreviousData,
  })
}

function PenList({ pens, remove }: { pens: string[]; remove: (id: string) => void }) {
  const { t } = useWords()
  const { plant } = useConsole()
  const name = usePointName()
  const asset = useAssetName()
  if (pens.length === 0) return null
  return (
    <ul className="pens">
      {pens.map((id) => {
        const p = plant.points.get(id)
        const label = p ? `${asset(p.asset)} ${name(p)}` : id
        return (
          <li key={id}>
            <span>{label}</span> <Value id={id} />
            <button
              type="button"
              className="button quiet icon"
              aria-label={t('trend.remove', { name: label })}
              onClick={() => remove(id)}
            >
              <X aria-hidden />
            </button>
          </li>
        )
      })}
    </ul>
  )
}
