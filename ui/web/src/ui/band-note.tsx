// What is usual for the point of a trend in words, since when it is learned, and the button that takes what it shows
// now as its new normal: after a change on purpose nobody should wait for an old band to be forgotten.

import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { post, segment } from '../api/client'
import type { BandEdge } from '../draw/band'
import { Act } from './act'
import { notify } from './notices'
import { useTimes, useWords } from './text'

export interface Band {
  state: 'ready' | 'warming' | 'unfamiliar' | 'none'
  texts: { ko: string; en: string }
  edges: BandEdge[] | null
  accepted?: { at: string; by: string; reason: string } | null
}

export function BandNote({ point, band }: { point: string; band: Band }) {
  const { t, tx } = useWords()
  const { full } = useTimes()
  const said = band.accepted
  return (
    <div className="band-note">
      {tx(band.texts) !== '' && <p className="muted">{tx(band.texts)}</p>}
      {said && (
        <p className="muted">
          {t(band.state === 'warming' ? 'band.again' : 'band.since', { time: full(said.at), by: said.by })}{' '}
          {said.reason}
        </p>
      )}
      <Accept point={point} />
    </div>
  )
}

function Accept({ point }: { point: string }) {
  const { t } = useWords()
  const [reason, setReason] = useState('')
  const queries = useQueryClient()
  const accept = async () => {
    await post(`points/${segment(point)}/band/accept`, { reason })
    setReason('')
    notify(t('band.accepted'))
    await queries.invalidateQueries({ queryKey: ['band', point] })
  }
  return (
    <details className="drawer-service">
      <summary>{t('band.accept')}</summary>
      <p className="muted">{t('band.accept-what')}</p>
      <label className="filter-field">
        <span>{t('reason')}</span>
        <input value={reason} maxLength={500} onChange={(e) => setReason(e.target.value)} />
      </label>
      <Act right="normal" off={reason.trim() ? '' : t('off.reason')} onAct={accept}>
        {t('band.accept')}
      </Act>
    </details>
  )
}
