// What the parts of this screen share: a headed section, a mark that says well or not in shape and word, a size, an age.

import type { ReactNode } from 'react'
import { size } from '../../live/system'
import { useNow } from '../../ui/live'
import { useWords } from '../../ui/text'

export function Part({
  id,
  title,
  note,
  children,
}: {
  id: string
  title: string
  note?: string
  children: ReactNode
}) {
  return (
    <section className="panel" aria-labelledby={`sys-${id}`}>
      <h2 id={`sys-${id}`} tabIndex={-1}>
        {title}
      </h2>
      {note && <p className="muted">{note}</p>}
      {children}
    </section>
  )
}

/** Well or not; null is not known. */
export function Well({ ok, word }: { ok: boolean | null | undefined; word?: string }) {
  const { t } = useWords()
  const known = ok === true ? 'ok' : ok === false ? 'no' : 'unknown'
  return (
    <span className="well" data-well={known}>
      <span aria-hidden>{known === 'ok' ? '●' : known === 'no' ? '✕' : '?'}</span>{' '}
      {word ?? t(`sys.is.${known}`)}
    </span>
  )
}

export function Size({ bytes }: { bytes: number }) {
  const s = size(bytes)
  return (
    <span className="q">
      <span className="q-fig">{s.n}</span>
      <span className="q-unit">{s.unit}</span>
    </span>
  )
}

/** How long ago, growing by the second. */
export function Ago({ since }: { since: number }) {
  const { t, lasts } = useWords()
  return <>{t('sys.ago', { time: lasts(Math.max(0, useNow() - since)) })}</>
}
