// The counts of open alarms in the top bar.

import { Link as Go } from 'wouter'
import { priorities } from '../live/order'
import { counts } from '../live/tally'
import { Glyph } from './glyph'
import { useConnection, useTally } from './live'
import { useWords } from './text'
import '../style/newest.css'

/** Unacknowledged of open alarms, for each priority. */
export function Counts() {
  const { t } = useWords()
  const all = counts(useTally())
  const connection = useConnection()
  return (
    <ul
      className="counts"
      aria-label={t('alarm.counts')}
      data-known={connection === 'live' || connection === 'late' || undefined}
    >
      {priorities.map((p) => {
        const c = all[p - 1] ?? { open: 0, unacked: 0 }
        const state = c.unacked > 0 ? 'unacknowledged' : c.open > 0 ? 'acknowledged' : 'normal'
        return (
          <li key={p} data-any={c.open > 0 || undefined}>
            <Go
              href={`/a?p=${p}`}
              aria-label={t('alarm.count', {
                priority: t(`priority.${p}`),
                unacked: c.unacked,
                open: c.open,
              })}
              title={t('alarm.count', { priority: t(`priority.${p}`), unacked: c.unacked, open: c.open })}
            >
              <Glyph priority={p} state={state} silent />
              <span className="counts-n">
                {c.unacked}/{c.open}
              </span>
            </Go>
          </li>
        )
      })}
    </ul>
  )
}
