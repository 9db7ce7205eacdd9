// The alarms of a tab as a table for spreadsheets.

import { Download } from 'lucide-react'
import { useWords } from '../../ui/text'

/** Tabs that are one displayed state; the others are parts of what is open. */
const states = ['shelved', 'suppressed', 'out-of-service']

export function Export({ tab }: { tab: string }) {
  const { t, lang } = useWords()
  const state = states.includes(tab) ? tab : 'open'
  return (
    <a
      className="button quiet"
      href={`/api/v1/alarms/export?state=${state}&lang=${lang}`}
      download
      title={t('alarm.export-long')}
    >
      <Download aria-hidden />
      {t('alarm.export')}
    </a>
  )
}
