// A motion's count and a person's vote on it. The text of a motion and its seats never change; a vote
// counts once the server's count says so.

import { choiceOf, standing } from '../live/committee'
import { left } from '../live/countdown'
import { stopwatch } from '../live/format'
import type { Choice, Motion, Picture } from '../live/picture'
import { millis } from '../live/store'
import { Act } from './act'
import { useAsk } from './ask'
import { useConsole } from './context'
import { useNames } from './continuity'
import { useNow } from './live'
import { useWords } from './text'
import '../style/motion.css'

export const choices: readonly Choice[] = ['yes', 'no', 'abstain']
export const choiceMarks: Record<Choice, string> = { yes: '○', no: '✕', abstain: '–' }

export function TallyLine({ motion: m }: { motion: Motion }) {
  const { t } = useWords()
  const y = m.tally
  const lacks = [
    y.present < y.needed && t('quorum.lacks', { n: y.needed - y.present }),
    !y.chair && t('quorum.no-chair'),
    !y.recovery && t('quorum.no-recovery'),
  ].filter((l): l is string => Boolean(l))
  return (
    <div className="tally">
      <ul className="tally-counts" aria-label={t('tally.label')}>
        {choices.map((c) => (
          <li key={c} data-choice={c}>
            <span aria-hidden>{choiceMarks[c]}</span> {t(`choice.${c}`)} <strong>{y[c]}</strong>
          </li>
        ))}
      </ul>
      <p>
        {t('tally.quorum', { present: y.present, seats: y.seats, needed: y.needed })}{' '}
        <strong>{y.quorum ? `✓ ${t('quorum.reached')}` : `✕ ${t('quorum.open')}`}</strong>
      </p>
      {lacks.length > 0 && <p className="muted">{lacks.join(' · ')}</p>}
      {m.state === 'OPEN' && <p className="tally-result">{result(m, t)}</p>}
    </div>
  )
}

function result(m: Motion, t: (key: string) => string): string {
  const y = m.tally
  if (!y.quorum) return t('tally.no-quorum')
  if (y.result === 'yes') return t('tally.would-pass')
  if (y.result === 'no') return t('tally.would-fail')
  return t('tally.undecided')
}

/** How long a motion still takes votes, as a figure and a bar. */
export function TimeLeft({ motion: m }: { motion: Motion }) {
  const { t } = useWords()
  const now = useNow()
  const ms = left(m.deadline, now)
  if (m.state !== 'OPEN' || ms === null) return null
  const whole = millis(m.deadline) - millis(m.opened)
  const part = whole > 0 ? Math.min(1, Math.max(0, ms / whole)) : 0
  return (
    <div className="time-left">
      <span>{ms > 0 ? t('motion.left') : t('motion.over')}</span>
      <strong className="time-left-figure">{stopwatch(Math.max(0, ms))}</strong>
      {m.extended && <span className="muted">{t('motion.extended')}</span>}
      <span className="time-bar" aria-hidden>
        <span style={{ width: `${part * 100}%` }} />
      </span>
    </div>
  )
}

export interface VoteProps {
  picture: Picture
  motion: Motion
}

/** Yes, no, abstain. Who has no seat may still sit for somebody: the server judges that. */
export function VoteButtons({ picture, motion: m }: VoteProps) {
  const { t } = useWords()
  const { session, wall } = useConsole()
  const names = useNames()
  const ask = useAsk()
  const now = useNow()
  if (wall || m.state !== 'OPEN') return null
  const stands = standing(picture, m, session.user)
  const mine = choiceOf(m, session.user)
  const late = (left(m.deadline, now) ?? 1) <= 0
  const off = late ? t('motion.over') : stands === 'stranger' ? t('vote.stranger') : ''
  const vote = (choice: Choice) =>
    ask(
      `bcp/motions/${encodeURIComponent(m.id)}/votes`,
      { choice },
      t('vote.cast', { choice: t(`choice.${choice}`) }),
    )
  return (
    <div className="vote">
      <div className="vote-buttons" role="group" aria-label={t('vote.label', { id: m.id })}>
        {choices.map((c) => (
          <Act key={c} right="ask" off={off} pressed={mine === c} onAct={() => vote(c)}>
            <span aria-hidden>{choiceMarks[c]}</span> {t(`choice.${c}`)}
          </Act>
        ))}
      </div>
      <p className="muted">
        {mine
          ? t('vote.mine', { choice: t(`choice.${mine}`) })
          : stands === 'seat'
            ? t('vote.none')
            : stands === 'roster'
              ? t('vote.delegate', { name: names.person(session.user) })
              : t('vote.stranger')}
      </p>
    </div>
  )
}
