// Proof tests of a room and its racks: what is due, what is under way with the signals it must still show, and what
// came of the newest.

import { useQuery } from '@tanstack/react-query'
import { all } from '../../api/client'
import type { ProofDue, ProofRun } from '../../live/care'
import type { Room, Text } from '../../live/types'
import type { Field } from '../../ui/fields'
import { useTimes, useWords } from '../../ui/text'
import { CareAct, Part, type CarePlan } from './care-act'

interface Kind {
  id: string
  names: Text
  per_rack: boolean
  on_rack: boolean
  expect: string[]
}

const shown = 4

export function Proofs({ room }: { room: Room }) {
  const { t, tx } = useWords()
  const { clock, full } = useTimes()
  const day = (at: string) => full(at).slice(0, 10)
  const tests = room.tests ?? []
  const runs = room.testing ?? []
  return (
    <Part title={t('care.proof')}>
      {runs.map((r) => (
        <Run key={`${r.subject}.${r.test}`} room={room} run={r} />
      ))}
      {tests.length === 0 && runs.length === 0 && <p className="muted">{t('care.proof-none')}</p>}
      <ul className="care-list">
        {tests.slice(0, shown).map((p) => (
          <li key={`${p.subject}.${p.test}`} data-bad={p.overdue || p.failed || undefined}>
            {tx(p.name)} · {p.subject} · <State due={p} /> {t('care.proof-due', { date: day(p.due) })}
          </li>
        ))}
        {tests.length > shown && (
          <li className="muted">{t('care.proof-more', { n: tests.length - shown })}</li>
        )}
      </ul>
      {(room.tested ?? []).length > 0 && (
        <details>
          <summary>{t('care.proof-done')}</summary>
          <ul className="care-list">
            {room.tested?.map((r) => (
              <li key={`${r.at} ${r.subject}.${r.test}`} data-bad={!r.passed || undefined}>
                {day(r.at)} {clock(r.at)} · {tx(r.name)} · {r.subject} · {r.by} ·{' '}
                {t(r.passed ? 'care.proof-passed' : 'care.proof-failed')}
                {r.note && <span className="muted"> {r.note}</span>}
              </li>
            ))}
          </ul>
        </details>
      )}
      <Begin room={room} />
    </Part>
  )
}

function State({ due }: { due: ProofDue }) {
  const { t } = useWords()
  if (due.failed) return <strong className="care-late">{t('care.proof-failed')}</strong>
  if (due.overdue) return <strong className="care-late">{t('care.proof-overdue')}</strong>
  return null
}

function Run({ room, run }: { room: Room; run: ProofRun }) {
  const { t, tx } = useWords()
  const { clock } = useTimes()
  const named = { name: tx(run.name), subject: run.subject }
  return (
    <div className="care-run">
      <p>
        <strong>{t('care.proof-running', named)}</strong>{' '}
        <span className="muted">
          {run.by} · {clock(run.since)}
        </span>
      </p>
      <ul className="care-list">
        {run.signals.length === 0 && <li className="muted">{t('care.proof-by-eye')}</li>}
        {run.signals.map((s) => (
          <li key={s.name}>
            <span aria-hidden>{s.seen ? '●' : '○'}</span> {s.name} {s.want}{' '}
            <span className="muted">
              ({s.value ?? '–'}){' '}
              {s.seen ? t('care.proof-seen', { at: clock(s.seen) }) : t('care.proof-unseen')}
            </span>
          </li>
        ))}
      </ul>
      <CareAct
        room={room}
        label={t('care.proof-record-of', named)}
        plan={{
          right: 'proof',
          call: 'proof-record',
          title: t('care.proof-record'),
          means: '',
          fields: [
            {
              name: 'result',
              label: t('care.proof-result'),
              kind: 'choice',
              initial: 'passed',
              options: ['passed', 'failed'].map((v) => ({ value: v, label: t(`care.proof-${v}`) })),
            },
            { name: 'note', label: t('care.proof-note'), kind: 'text', required: true },
          ],
          body: (v) => ({ subject: run.subject, test: run.test, result: v.result, note: v.note }),
        }}
      />
    </div>
  )
}

function Begin({ room }: { room: Room }) {
  const { t, tx } = useWords()
  const { data: kinds = [] } = useQuery({
    queryKey: ['proof-tests'],
    queryFn: () => all<Kind>('fire/proof-tests'),
    staleTime: Infinity,
  })
  if (kinds.length === 0) return null
  const rackTests = kinds.filter((k) => k.per_rack || k.on_rack)
  const racks: Field[] = rackTests.map((k) => ({
    name: `rack-${k.id}`,
    label: t('care.proof-subject'),
    kind: 'choice',
    initial: room.racks[0]?.id ?? '',
    options: room.racks.map((r) => ({ value: r.id, label: r.id })),
    when: { field: 'test', is: k.id },
  }))
  const plan: CarePlan = {
    right: 'proof',
    call: 'proof-begin',
    title: t('care.proof-begin'),
    means: t('care.proof-begin-means'),
    fields: [
      {
        name: 'test',
        label: t('care.proof-test'),
        kind: 'choice',
        initial: kinds[0]?.id ?? '',
        options: kinds.map((k) => ({
          value: k.id,
          label: `${tx(k.names, k.id)} (${k.expect.join(', ') || t('care.proof-by-eye')})`,
        })),
      },
      ...racks,
    ],
    body: (v) => {
      const kind = kinds.find((k) => k.id === v.test)
      const rack = v[`rack-${v.test}`] || undefined
      return {
        subject: kind?.per_rack ? rack : room.id,
        test: v.test,
        rack: kind?.on_rack ? rack : undefined,
      }
    },
  }
  return <CareAct room={room} plan={plan} />
}
