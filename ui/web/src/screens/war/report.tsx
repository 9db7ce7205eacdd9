// What a person reports: an observation, or one of the notices that come by word of mouth alone. A
// notice starts failover by itself, so it says that before it is sent.

import type { ReactNode } from 'react'
import { left, timeOfDay } from '../../live/countdown'
import { stopwatch } from '../../live/format'
import type { Picture } from '../../live/picture'
import { AskButton, trimmed, type Plan } from '../../ui/ask-button'
import { useConsole } from '../../ui/context'
import type { Field } from '../../ui/fields'
import { useNow } from '../../ui/live'
import { now } from '../../ui/second'
import { useTimes, useWords } from '../../ui/text'
import { useSites } from './decide'

const kinds = ['report', 'power-cut', 'ups-lost', 'site-control'] as const

function useFields(picture: Picture): Field[] {
  const { t } = useWords()
  const sites = useSites(picture)
  return [
    {
      name: 'kind',
      label: t('report.kind'),
      kind: 'choice',
      initial: 'report',
      options: kinds.map((k) => ({ value: k, label: t(`evidence-kind.${k}`) })),
    },
    { name: 'site', label: t('site'), kind: 'choice', options: sites, initial: sites[0]?.value ?? '' },
    {
      name: 'deadline',
      label: t('report.deadline'),
      kind: 'clock',
      required: true,
      when: { field: 'kind', is: 'power-cut' },
    },
    { name: 'what', label: t('report.what'), kind: 'area', required: true },
    { name: 'subject', label: t('report.subject'), kind: 'text' },
    {
      name: 'grade',
      label: t('report.grade'),
      kind: 'choice',
      initial: '',
      when: { field: 'kind', is: 'report' },
      options: [
        { value: '', label: t('report.grade-none') },
        ...['1', '2', '3'].map((g) => ({ value: g, label: `${g} · ${t(`grade-means.${g}`)}` })),
      ],
    },
  ]
}

export function ReportButton({ picture, children }: { picture: Picture; children?: ReactNode }) {
  const { t } = useWords()
  const { site } = useConsole()
  const fields = useFields(picture)
  const plan: Plan = {
    title: t('report.open'),
    path: 'incidents',
    plain: true,
    means: t('report.means'),
    fields,
    comment: (v) => <Comment values={v} />,
    body: (v) => {
      const asked = fields.filter((f) => !f.when || v[f.when.field] === f.when.is).map((f) => f.name)
      const body = trimmed(Object.fromEntries(asked.map((name) => [name, v[name] ?? ''])))
      const at = body.deadline ? timeOfDay(body.deadline, now(), site.timezone) : null
      return at ? { ...body, deadline: at } : body
    },
  }
  return <AskButton plan={plan}>{children}</AskButton>
}

/** What the report will set off, and how long a time given leaves. */
function Comment({ values }: { values: Record<string, string> }) {
  const { t } = useWords()
  const { site } = useConsole()
  const { full } = useTimes()
  const at = useNow()
  const kind = values.kind ?? 'report'
  const cut =
    kind === 'power-cut' && values.deadline ? timeOfDay(values.deadline, at, site.timezone) : undefined
  const ms = left(cut ?? undefined, at)
  return (
    <div className="report-comment" role="status">
      {kind !== 'report' && <p>{t('report.starts-failover')}</p>}
      {cut === null && <p>{t('report.no-time')}</p>}
      {cut && ms !== null && (
        <p>
          {full(cut)} ·{' '}
          <strong>{t(ms >= 0 ? 'report.in' : 'report.past', { time: stopwatch(Math.abs(ms)) })}</strong>
        </p>
      )}
    </div>
  )
}
