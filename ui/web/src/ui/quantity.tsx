// A number with its unit, quality and age: the one way a value is shown on any screen.

import { Wrench } from 'lucide-react'
import type { ReactNode } from 'react'
import { look, number, unit as unitText, valueText, type Look } from '../live/format'
import type { Point, Quality } from '../live/types'
import { useConsole } from './context'
import { useNow, useReading } from './live'
import { useWords } from './text'
import '../style/values.css'

export interface QuantityProps {
  value: number | null
  quality: Quality
  unit?: string
  digits?: number
  /** When the value was last current, server ms; shown once it is not good any more. */
  time?: number
  reason?: string
  flags?: readonly string[]
  point?: Partial<Point>
}

export function Quantity(p: QuantityProps) {
  const { t, lang } = useWords()
  const seen = look(p.quality, p.flags ?? p.point?.flags ?? [])
  const plain = unitText(p.unit ?? p.point?.unit ?? '')
  const unit = t(`unit.${plain}`, { defaultValue: plain })
  const why = p.reason ? t(`reason.${p.reason}`, { defaultValue: p.reason }) : ''
  const named = seen === 'good' ? '' : t(`look.${seen}`)
  return (
    <span className="q" data-look={seen} title={[named, why].filter(Boolean).join(' · ') || undefined}>
      {p.quality === 'uncertain' && <span className="q-mark">≈</span>}
      <Figure look={seen} value={p.value} text={figure(p, lang, t)} unit={unit} />
      {seen === 'stale' && p.time !== undefined && p.time > 0 && <Age since={p.time} />}
      <Mark look={seen} />
      {named && <span className="sr">{[named, why].filter(Boolean).join(', ')}</span>}
    </span>
  )
}

function figure(p: QuantityProps, lang: 'ko' | 'en', t: (key: string) => string): string {
  if (p.value === null) return ''
  if (p.point?.kind === 'binary' && !p.point.enum) return t(p.value > 0 ? 'binary.1' : 'binary.0')
  return p.point
    ? valueText(p.value, p.digits === undefined ? p.point : { ...p.point, digits: p.digits }, lang)
    : number(p.value, p.digits)
}

function Figure({
  look,
  value,
  text,
  unit,
}: {
  look: Look
  value: number | null
  text: string
  unit: string
}) {
  if (look === 'unknown') return <span className="q-fig">?</span>
  if (look === 'bad' || value === null) return <span className="q-fig">—</span>
  return (
    <>
      <span className="q-fig">{text}</span>
      {unit && <span className="q-unit">{unit}</span>}
    </>
  )
}

function Mark({ look }: { look: Look }) {
  switch (look) {
    case 'bad':
      return <span className="q-mark">✕</span>
    case 'substituted':
      return <span className="q-mark">M</span>
    case 'simulated':
      return <span className="q-mark q-sim">SIM</span>
    case 'out-of-service':
      return <Wrench className="q-icon" aria-hidden />
    default:
      return null
  }
}

/** A word made of live values, with the look and age of the worst of them. */
export function StateWord({
  quality,
  time,
  children,
}: {
  quality: Quality
  time: number
  children: ReactNode
}) {
  const { t } = useWords()
  const seen = look(quality)
  return (
    <span className="q" data-look={seen} title={seen === 'good' ? undefined : t(`look.${seen}`)}>
      {children}
      {seen === 'stale' && time > 0 && <Age since={time} />}
      <Mark look={seen} />
      {seen !== 'good' && <span className="sr">{t(`look.${seen}`)}</span>}
    </span>
  )
}

/** How long ago, growing by the second. */
export function Age({ since }: { since: number }) {
  const { t, lasts } = useWords()
  return <span className="q-age">{t('ago', { time: lasts(useNow() - since) })}</span>
}

/** A live point's value. Only this leaf renders when the point changes. */
export function Value({ id, digits }: { id: string; digits?: number }) {
  const r = useReading(id)
  const point = useConsole().plant.points.get(id)
  return <Quantity {...r} point={point} unit={point?.unit} digits={digits} />
}
