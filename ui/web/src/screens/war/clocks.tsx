// The clocks on the wall: they tick here, between two words of the server.

import { left, recovery, since } from '../../live/countdown'
import { stopwatch } from '../../live/format'
import type { Group } from '../../live/picture'
import { byTier } from '../../live/failover'
import { useNow } from '../../ui/live'
import { useTimes, useWords } from '../../ui/text'
import type { InWar } from './war'

export function Clocks({ picture, incident }: InWar) {
  const { t } = useWords()
  const now = useNow()
  const { clock } = useTimes()
  const c = incident?.clocks
  const decided = c?.to_decision_ns
  return (
    <section className="clocks" aria-label={t('clocks.label')}>
      {c && (
        <>
          <Clock name={t('clock.evidence')} ms={since(c.evidence, now)} note={clock(c.evidence)} />
          {decided == null ? (
            <Clock name={t('clock.undecided')} ms={since(c.evidence, now)} note={t('clock.undecided-note')} />
          ) : (
            <Clock name={t('clock.decided')} ms={decided / 1e6} note={clock(picture.org.declared)} still />
          )}
          <Until name={t('clock.overdue')} until={c.overdue} />
          <Until name={t('clock.status')} until={c.status_due} />
          <Until name={t('clock.notice')} until={c.notice_due} />
          <Until name={t('clock.retro')} until={c.retrospective_due} />
          <Until name={t('clock.compensation')} until={c.compensation_due} />
        </>
      )}
      {byTier(picture.groups).map((g) => (
        <RecoveryClock key={g.id} group={g} />
      ))}
    </section>
  )
}

interface ClockProps {
  name: string
  ms: number | null
  note: string
  /** It has stopped. */
  still?: boolean
  past?: boolean
}

function Clock({ name, ms, note, still, past }: ClockProps) {
  return (
    <div className="wall-clock" data-still={still || undefined} data-past={past || undefined}>
      <span className="wall-clock-name">{name}</span>
      <span className="wall-clock-figure" role="timer" aria-live="off">
        {ms === null ? '–' : stopwatch(ms)}
      </span>
      <span className="muted">{note}</span>
    </div>
  )
}

const day = 86_400_000

/** Counts down to a time; past it, counts up with a mark and a word. Far ones are told in days. */
function Until({ name, until }: { name: string; until: string | undefined }) {
  const { t, lasts } = useWords()
  const { full, clock } = useTimes()
  const ms = left(until, useNow())
  if (ms === null) return null
  if (ms > day)
    return (
      <div className="wall-clock" data-far>
        <span className="wall-clock-name">{name}</span>
        <span className="wall-clock-figure">{lasts(ms)}</span>
        <span className="muted">{full(until).slice(0, 10)}</span>
      </div>
    )
  const past = ms < 0
  return (
    <Clock
      name={name}
      ms={Math.abs(ms)}
      past={past}
      note={t(past ? 'clock.past' : 'clock.due', { at: clock(until) })}
    />
  )
}

export function RecoveryClock({ group: g }: { group: Group }) {
  const { t } = useWords()
  const r = recovery(g, useNow())
  const target = stopwatch(r.target)
  const name = t('clock.rto', { group: g.id })
  if (r.state === 'idle')
    return (
      <div className="wall-clock" data-idle>
        <span className="wall-clock-name">{name}</span>
        <span className="wall-clock-figure">{target}</span>
        <span className="muted">{t('clock.rto-idle')}</span>
      </div>
    )
  return (
    <div
      className="wall-clock"
      data-past={r.state === 'missed' || undefined}
      data-still={r.state === 'met' || undefined}
    >
      <span className="wall-clock-name">{name}</span>
      <span className="wall-clock-figure" role="timer" aria-live="off">
        {r.state === 'met' ? stopwatch(r.spent) : stopwatch(Math.abs(r.left))}
      </span>
      <span className="muted">{t(`clock.rto-${r.state}`, { target })}</span>
      <span className="time-bar" aria-hidden data-missed={r.state === 'missed' || undefined}>
        <span style={{ width: `${r.part * 100}%` }} />
      </span>
    </div>
  )
}
