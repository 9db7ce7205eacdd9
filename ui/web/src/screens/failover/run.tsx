// One group's run: the way as a picture, where it stands on it and for how long, what it waits for,
// what was done, and the proofs it went on.

import { useSaid } from '../../ui/said'
import { recovery, since } from '../../live/countdown'
import { stations, under } from '../../live/failover'
import { stopwatch } from '../../live/format'
import type { ActRecord, Group, Picture, Proof } from '../../live/picture'
import { useNames } from '../../ui/continuity'
import { useNow } from '../../ui/live'
import { useTimes, useWords } from '../../ui/text'
import { Fact, Facts } from '../../ui/tile'
import { Approve } from './approve'
import { Halt } from './halt'
import { OrderPanel } from './order'
import { RunActs } from './run-acts'
import { Bar } from './shares'
import '../../style/run.css'

interface Props {
  picture: Picture
  group: Group
}

export function RunPanel({ picture, group: g }: Props) {
  const { t } = useWords()
  const inWords = useSaid()
  const names = useNames()
  const busy = under(g)
  return (
    <section className="panel run" aria-labelledby={`run-${g.id}`} data-state={g.state}>
      <h2 id={`run-${g.id}`}>
        {t('run.title', { id: g.id })}{' '}
        <span className="run-way">
          {names.site(g.source)} → {names.site(g.target)}
        </span>
      </h2>
      <Where group={g} />
      {(busy || g.state === 'COMPLETE' || g.state === 'ABORTED' || g.state === 'FAILED') && <Way group={g} />}
      {g.state === 'HOLD' && <Halt picture={picture} group={g} />}
      {g.state === 'AWAIT_AUTH' && <Approve picture={picture} group={g} />}
      {g.state !== 'HOLD' && g.guard && (
        <p className="run-guard">
          {t('run.waits')} <strong>{inWords(g.guard)}</strong>
        </p>
      )}
      <Story picture={picture} group={g} />
      <RunActs group={g} />
      {g.state === 'ARMED' && <OrderPanel picture={picture} group={g} />}
    </section>
  )
}

function Where({ group: g }: { group: Group }) {
  const { t, lasts } = useWords()
  const { clock } = useTimes()
  const names = useNames()
  const now = useNow()
  const r = recovery(g, now)
  const age = since(g.since, now)
  return (
    <div className="run-where">
      <p className="run-state" data-state={g.state}>
        <strong>{g.state ? t(`state.failover.${g.state}`) : t('run.never')}</strong>
        {age !== null && <span>{t('run.since', { time: lasts(age) })}</span>}
      </p>
      {r.state !== 'idle' && (
        <p className="run-rto" data-rto={r.state}>
          <span>{t(`clock.rto-${r.state}`, { target: stopwatch(r.target) })}</span>
          <strong className="run-rto-figure" role="timer" aria-live="off">
            {r.state === 'met' ? stopwatch(r.spent) : stopwatch(Math.abs(r.left))}
          </strong>
          <span className="time-bar" aria-hidden data-missed={r.state === 'missed' || undefined}>
            <span style={{ width: `${r.part * 100}%` }} />
          </span>
        </p>
      )}
      <Facts>
        <Fact name={t('run.target')}>{stopwatch(r.target)}</Fact>
        {g.trigger && (
          <Fact name={t('run.trigger')}>
            {t(`trigger.${g.trigger}`, { defaultValue: g.trigger })} {g.triggered && clock(g.triggered)}
          </Fact>
        )}
        {g.by && !['evidence', 'clock', 'rule'].includes(g.by) && (
          <Fact name={t('run.by')}>{names.person(g.by)}</Fact>
        )}
        <Fact name={t('run.epoch')}>{g.epoch ?? '?'}</Fact>
        {g.deadline && <Fact name={t('run.deadline')}>{clock(g.deadline)}</Fact>}
        {g.served && <Fact name={t('run.served')}>{clock(g.served)}</Fact>}
        {g.ended && <Fact name={t('run.ended')}>{clock(g.ended)}</Fact>}
      </Facts>
    </div>
  )
}

const marks = { done: '✓', now: '▶', held: '❚❚', ahead: '', failed: '✕' } as const

function Way({ group: g }: { group: Group }) {
  const { t } = useWords()
  return (
    <ol className="way" aria-label={t('run.way')}>
      {stations(g).map((s) => (
        <li
          key={s.state}
          data-look={s.look}
          aria-current={s.look === 'now' || s.look === 'held' ? 'step' : undefined}
        >
          <span className="way-mark" aria-hidden>
            {marks[s.look]}
          </span>
          <span className="way-name">{t(`state.failover.${s.state}`)}</span>
          <span className="sr">{t(`way.${s.look}`)}</span>
        </li>
      ))}
    </ol>
  )
}

/** What was done and on which proof. Nothing is shown as done before its outcome is written. */
function Story({ picture, group: g }: Props) {
  const { t } = useWords()
  const overrides = Object.entries(g.overrides ?? {})
  const names = useNames()
  const inWords = useSaid()
  const any =
    g.pending.length > 0 || g.fence || g.data || g.granted || (g.share ?? 0) > 0 || overrides.length > 0
  if (!any || g.state === 'ARMED') return null
  return (
    <div className="story">
      {g.pending.length > 0 && (
        <div>
          <h3>{t('run.acts')}</h3>
          <ul className="lines">
            {g.pending.map((a) => (
              <ActLine key={a.key} act={a} />
            ))}
          </ul>
        </div>
      )}
      <div>
        <h3>{t('run.proofs')}</h3>
        <Facts>
          {g.granted && <Fact name={t('run.granted')}>{inWords(g.granted)}</Fact>}
          <ProofFact name={t('run.fence')} proof={g.fence} />
          <ProofFact name={t('run.data')} proof={g.data} />
          {overrides.map(([state, o]) => (
            <Fact key={state} name={t('run.override', { state: t(`state.failover.${state}`) })}>
              {(o.by ?? []).map((b) => names.person(b)).join(' + ')}: {o.why}
            </Fact>
          ))}
        </Facts>
        <Moved picture={picture} group={g} />
      </div>
    </div>
  )
}

/** What was asked for, and what the name servers answer: only that has moved. */
function Moved({ picture, group: g }: Props) {
  const { t } = useWords()
  const names = useNames()
  if (!g.share || !g.source || !g.target) return null
  return (
    <div className="run-share">
      <p>{t('run.share-wanted', { target: names.site(g.target), n: g.share })}</p>
      <ul aria-label={t('run.share')}>
        {[g.source, g.target].map((id) => (
          <Bar key={id} site={id} percent={picture.sites.find((s) => s.id === id)?.share ?? 0} />
        ))}
      </ul>
    </div>
  )
}

function ProofFact({ name, proof }: { name: string; proof: Proof | null | undefined }) {
  const { t } = useWords()
  const { clock } = useTimes()
  const inWords = useSaid()
  return (
    <Fact name={name}>
      {proof ? (
        <>
          ✓ {inWords(proof.how)}{' '}
          <span className="muted">
            {proof.epoch ? `${t('epoch', { n: proof.epoch })} · ` : ''}
            {clock(proof.at)}
          </span>
        </>
      ) : (
        <span className="muted">{t('run.no-proof')}</span>
      )}
    </Fact>
  )
}

const actMarks = { intended: '▷', done: '✓', 'not-done': '✕', unknown: '?' } as const

function ActLine({ act: a }: { act: ActRecord }) {
  const { t, lasts } = useWords()
  const now = useNow()
  const inWords = useSaid()
  const age = since(a.answered ?? a.intended, now)
  return (
    <li data-act={a.state}>
      <span aria-hidden>{actMarks[a.state] ?? '?'}</span>
      <strong>{t(`effect.${a.kind}`, { defaultValue: a.kind })}</strong>
      <span>{a.to}</span>
      <span>{t(`act-state.${a.state}`, { defaultValue: a.state })}</span>
      {age !== null && <span className="muted">{t('run.since', { time: lasts(age) })}</span>}
      {(a.probes ?? 0) > 0 && <span className="muted">{t('run.probes', { n: a.probes })}</span>}
      {a.detail && <span className="muted">{inWords(a.detail)}</span>}
    </li>
  )
}
