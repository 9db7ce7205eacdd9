// The quality of the alarm system over a time, for each operating position.

import { useState } from 'react'
import type { Figure, Report } from '../../live/flood'
import { number } from '../../live/format'
import { useAlarmReport } from '../../ui/flood'
import { useAlarmMap } from '../../ui/live'
import { Empty, Loading } from '../../ui/states'
import { useAlarmText, useTimes, useWords } from '../../ui/text'
import { Wide } from '../../ui/tile'

const periods = [1, 7, 30] as const

export function AlarmReport() {
  const { t } = useWords()
  const { full } = useTimes()
  const [days, setDays] = useState<number>(30)
  const report = useAlarmReport(days)
  return (
    <section className="report" aria-labelledby="report-h">
      <h2 id="report-h">{t('alarm.report')}</h2>
      <div className="tabs" role="group" aria-label={t('alarm.report-days')}>
        {periods.map((n) => (
          <button key={n} type="button" aria-pressed={n === days} onClick={() => setDays(n)}>
            {t('alarm.report-day', { n })}
          </button>
        ))}
      </div>
      {report.error ? (
        <Empty title={t('alarm.report-failed')}>{report.error.message}</Empty>
      ) : !report.data ? (
        <Loading rows={6} />
      ) : (
        <>
          {report.data.begins && (
            <p className="muted">{t('alarm.report-begins', { at: full(report.data.begins) })}</p>
          )}
          {report.data.positions.map((p) => (
            <OfPosition key={p.position.id} of={p} />
          ))}
        </>
      )}
    </section>
  )
}

function OfPosition({ of: p }: { of: Report['positions'][number] }) {
  const { t, tx } = useWords()
  const title = t('alarm.report-of', {
    position: tx(p.position.name, p.position.id),
    n: p.alarms,
    floods: p.floods,
  })
  return (
    <div className="panel report-position">
      <h3>{title}</h3>
      <Wide label={title}>
        <table>
          <thead>
            <tr>
              {['figure', 'value', 'limit', 'met'].map((c) => (
                <th key={c} scope="col">
                  {t(`alarm.report-${c}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {p.rows.map((r) => (
              <Line key={r.name} figure={r} />
            ))}
          </tbody>
        </table>
      </Wide>
      <Often title={t('alarm.report-top')} of={p.top} />
      <Often title={t('alarm.report-chatter')} of={p.chatter} />
      <Often title={t('alarm.report-hidden')} of={p.hidden.map((id) => ({ id, count: 0 }))} />
    </div>
  )
}

function Line({ figure: f }: { figure: Figure }) {
  const { t } = useWords()
  const unit = f.unit === '%' ? ' %' : ''
  const round = (v: number) => (f.unit === '1' ? String(Math.round(v)) : number(v))
  const sign = f.name === 'share-p3-p4' ? '≥' : f.name === 'standing-a-day' || f.unit === '%' ? '<' : '≤'
  return (
    <tr data-missed={!f.met || undefined}>
      <th scope="row">{t(`alarm.figure.${f.name}`)}</th>
      <td>
        {round(f.value)}
        {unit}
      </td>
      <td className="muted">
        {sign} {round(f.limit)}
        {unit}
      </td>
      <td>{f.met ? `✓ ${t('alarm.report-yes')}` : `▲ ${t('alarm.report-no')}`}</td>
    </tr>
  )
}

function Often({ title, of }: { title: string; of: { id: string; count: number }[] }) {
  const alarms = useAlarmMap()
  const text = useAlarmText()
  if (of.length === 0) return null
  return (
    <>
      <h4>{title}</h4>
      <ol className="report-often">
        {of.map((a) => {
          const alarm = alarms.get(a.id)
          return (
            <li key={a.id}>
              {alarm ? text(alarm) : a.id}
              <span className="muted">
                {' '}
                {a.id} {a.count > 0 && `×${a.count}`}
              </span>
            </li>
          )
        })}
      </ol>
    </>
  )
}
