// The states a screen has beside the full one: loading, empty and failed.

import type { ReactNode } from 'react'
import { problemText } from './act'
import { useWords } from './text'

/** A grey shape with the geometry of what will stand there. */
export function Loading({ rows = 3 }: { rows?: number }) {
  const { t } = useWords()
  return (
    <div className="skeleton" role="status" aria-label={t('loading')}>
      {Array.from({ length: rows }, (_, i) => (
        <div key={i} className="skeleton-row" />
      ))}
    </div>
  )
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <p className="empty-title">{title}</p>
      {children && <p className="muted">{children}</p>}
    </div>
  )
}

export function Failed({ error, retry }: { error: unknown; retry: () => void }) {
  const { t } = useWords()
  return (
    <div className="empty" role="alert">
      <p className="empty-title">{t('failed.title')}</p>
      <p>{problemText(error, t)}</p>
      <p className="muted">{t('failed.call')}</p>
      <button type="button" className="button" onClick={retry}>
        {t('retry')}
      </button>
    </div>
  )
}
