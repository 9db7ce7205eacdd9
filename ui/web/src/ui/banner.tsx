// What stands across the top when something about the console itself is not as usual: the stream is
// late or lost, a new release waits, the journal has a gap, the sound is blocked.

import { useEffect, useState } from 'react'
import { useStore } from 'zustand'
import { createStore } from 'zustand/vanilla'
import { useConsole } from './context'
import { useConnection, useHeartbeat } from './live'
import { now, skew } from './second'
import { useTimes, useWords } from './text'

const gap = createStore<{ missing: number; at: number }>(() => ({ missing: 0, at: 0 }))
const shownFor = 10_000

/** Remembers for a while how much was missed, once the stream is back. */
export function recovered(missing: number): void {
  const at = Date.now()
  gap.setState({ missing, at })
  setTimeout(() => {
    if (gap.getState().at === at) gap.setState({ missing: 0, at: 0 })
  }, shownFor)
}

export function ConnectionBanner() {
  const connection = useConnection()
  const { t, lasts } = useWords()
  const { missing } = useStore(gap)
  if (connection === 'lost') return <Lost />
  if (connection === 'late') return <Late />
  if (missing > 0)
    return (
      <div className="banner" data-kind="recovered" role="status">
        {t('stream.recovered', { time: lasts(missing) })}
      </div>
    )
  return null
}

function useTenth(): void {
  const [, set] = useState(0)
  useEffect(() => {
    const timer = setInterval(() => set((n) => n + 1), 500)
    return () => clearInterval(timer)
  }, [])
}

function Late() {
  const { t, lasts } = useWords()
  const { stream } = useConsole()
  useTenth()
  return (
    <div className="banner" data-kind="late" role="status">
      {t('stream.late', { time: lasts(stream.watchdog.silence()) })}
    </div>
  )
}

function Lost() {
  const { t, lasts } = useWords()
  const { stream } = useConsole()
  const { clock } = useTimes()
  useTenth()
  const silence = stream.watchdog.silence()
  return (
    <div className="banner" data-kind="lost" role="alert">
      <strong>{t('stream.lost')}</strong>
      <span aria-live="off">
        {t('stream.last', { clock: clock(now() - silence), time: lasts(silence) })}
        {' · '}
        {t('stream.retry', { s: Math.ceil(stream.watchdog.untilRetry() / 1000) })}
      </span>
    </div>
  )
}

/** Faults of the field process itself: what is not recorded or not collected must be seen by all. */
export function FieldBanner() {
  const hb = useHeartbeat()
  const { t, lasts } = useWords()
  const field = hb?.field
  if (!field) return null
  const lines = [
    !field.connected && t('field.gone', { time: lasts(field.age_ms) }),
    field.connected && !field.collecting && t('field.not-collecting'),
    field.connected && !field.journal_ok && t('field.journal', { gap: field.journal_gap }),
    Math.abs(skew()) > 2000 && t('field.skew', { s: Math.round(skew() / 1000) }),
  ].filter((l): l is string => Boolean(l))
  return lines.map((line) => (
    <div key={line} className="banner" data-kind="field" role="status">
      {line}
    </div>
  ))
}
