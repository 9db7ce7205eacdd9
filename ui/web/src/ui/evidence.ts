// What was seen, in a line. What a person reported stands in that person's words.

import type { Evidence } from '../live/picture'
import { useWords } from './text'

export function useSeen(): (e: Evidence | undefined) => string {
  const { t } = useWords()
  return (e) => {
    if (!e) return t('evidence-kind.report')
    if (e.person && e.what) return e.what
    const room = e.subject ?? ''
    if (e.kind === 'fire-stage') return t('seen.fire', { room, stage: e.stage ?? '?' })
    if (e.kind === 'facility-warning' && e.id.startsWith('fire/')) return t('seen.pre-alarm', { room })
    const kind = t(`evidence-kind.${e.kind}`, { defaultValue: e.kind })
    return e.subject ? t('seen.of', { kind, subject: e.subject }) : kind
  }
}
