// What every dialog and list of orders shows: the conditions with their live values, and the way an order has come.

import { post, segment } from '../api/client'
import { ended, left, steps, waits, type Check } from '../live/orders'
import { stopwatch } from '../live/format'
import type { CommandRecord } from '../live/types'
import { useTell } from './act'
import { useNow } from './live'
import { useTimes, useWords } from './text'

export function Checks({ checks }: { checks: readonly Check[] }) {
  const { t, tx } = useWords()
  return (
    <ul className="order-checks">
      {checks.map((c, i) => (
        <li key={i} data-pass={c.pass}>
          <span className="order-mark" aria-hidden>
            {c.pass ? '✓' : '✕'}
          </span>
          <span>
            {tx(c.text)} <span className="sr">{t(c.pass ? 'cmd.holds' : 'cmd.fails')}</span>
          </span>
          <span className="order-value">
            {c.point && (c.value === null ? t(`cmd.quality-${c.quality}`) : `${c.value} ${c.unit ?? ''}`)}
            {c.wants && <span className="muted"> {t('cmd.wants', { what: c.wants })}</span>}
          </span>
        </li>
      ))}
    </ul>
  )
}

/** An act on an alarm is done; only what moves equipment is confirmed by the field. */
export const endOf = (r: CommandRecord, word: string): string =>
  word === 'confirmed' && r.kind?.startsWith('alarm.') ? 'done' : word

/** The progress line: each step with its time, and the end in words. */
export function Progress({ record }: { record: CommandRecord }) {
  const { t } = useWords()
  const { clock } = useTimes()
  const now = useNow()
  return (
    <div className="order-progress">
      <ol>
        {steps(record).map((s) => (
          <li key={s.key} data-done={s.at ? 1 : 0}>
            <span aria-hidden>{s.at ? '●' : '○'}</span> {t(`cmd.step-${endOf(record, s.key)}`)}{' '}
            <span className="muted">{s.at ? clock(s.at) : ''}</span>
          </li>
        ))}
      </ol>
      <p className="order-state" data-state={record.state} role="status">
        {record.drill && <span className="chip drill">{t('drill')}</span>}{' '}
        {t(`cmd.state-${endOf(record, record.state)}`)}
        {waits(record) && ` · ${t('cmd.left', { time: stopwatch(left(record, now)) })}`}
        {record.attempt > 1 && ` · ${t('cmd.attempt', { n: record.attempt })}`}
        {record.fallback && ` · ${t('cmd.fallback-given')}`}
      </p>
      {record.withdrawn && <p className="muted">{t('cmd.withdrawn')}</p>}
      {record.error && <p className="order-error">{record.error}</p>}
    </div>
  )
}

/** Stops what waits or runs; one press, from any station. */
export function Abort({ record }: { record: CommandRecord }) {
  const { t } = useWords()
  const tell = useTell()
  if (ended(record)) return null
  const abort = () => post(`commands/${segment(record.id)}/cancel`, {}).catch(tell)
  return (
    <button type="button" className="button" onClick={() => void abort()}>
      {t('cmd.abort')}
    </button>
  )
}
