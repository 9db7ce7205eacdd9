// Motions: the text that was fixed when each opened, the seats, the votes as they come, the count.

import { ballotOf, choiceOf } from '../../live/committee'
import type { Motion, Picture } from '../../live/picture'
import { useSaid } from '../../ui/said'
import { AskButton } from '../../ui/ask-button'
import { useConsole } from '../../ui/context'
import { useNames } from '../../ui/continuity'
import { useTimes, useWords } from '../../ui/text'
import { choiceMarks, choices, TallyLine, TimeLeft, VoteButtons } from '../../ui/vote'

/** Closed ones stay in the journal; here only the newest few are kept at hand. */
const keptClosed = 4

/** Put by the rules themselves. */
const byRule = (m: Motion): boolean => ['', 'clock', 'evidence', 'rule'].includes(m.proposer)

export function Motions({ picture }: { picture: Picture }) {
  const { t } = useWords()
  const open = picture.motions.filter((m) => m.state === 'OPEN' || m.state === 'DRAFT')
  const closed = picture.motions.filter((m) => !open.includes(m)).slice(0, keptClosed)
  return (
    <section className="panel" aria-labelledby="motions-h" data-open={open.length > 0 || undefined}>
      <h2 id="motions-h">{t('motions.title')}</h2>
      {open.length === 0 && <p className="muted">{t('motions.none')}</p>}
      {open.map((m) => (
        <OpenMotion key={m.id} picture={picture} motion={m} />
      ))}
      {closed.length > 0 && (
        <ul className="lines motions-closed">
          {closed.map((m) => (
            <ClosedMotion key={m.id} motion={m} />
          ))}
        </ul>
      )}
    </section>
  )
}

function OpenMotion({ picture, motion: m }: { picture: Picture; motion: Motion }) {
  const { t } = useWords()
  const inWords = useSaid()
  const names = useNames()
  return (
    <article className="motion" aria-labelledby={`motion-${m.id}`}>
      <p className="motion-kind">
        <span className="chip">{t(`motion-kind.${m.kind}`, { defaultValue: m.kind })}</span>{' '}
        <span className="muted">
          {t('motion.by', { id: m.id, who: byRule(m) ? t('motion.by-rule') : names.person(m.proposer) })}
        </span>
      </p>
      <h3 id={`motion-${m.id}`} className="motion-text">
        {inWords(m.text)}
      </h3>
      {inWords(m.text) !== m.text && (
        <p className="muted" lang="en">
          {m.text}
        </p>
      )}
      <TimeLeft motion={m} />
      <TallyLine motion={m} />
      <Seats motion={m} />
      <VoteButtons picture={picture} motion={m} />
      <MotionActs motion={m} picture={picture} />
      <PaperVote motion={m} />
      <VotesSoFar motion={m} />
    </article>
  )
}

/** Every seat with what its holder has said; whoever is absent stands there too. */
function Seats({ motion: m }: { motion: Motion }) {
  const { t } = useWords()
  const names = useNames()
  return (
    <ul className="seats" aria-label={t('motion.seats')}>
      {m.seats.map((s) => {
        const ballot = ballotOf(m, s.person)
        const choice = choiceOf(m, s.person)
        const word = choice ? t(`choice.${choice}`) : t(ballot ? 'seat.here' : 'seat.away')
        return (
          <li key={s.person} data-choice={choice ?? (ballot ? 'here' : 'away')}>
            <span aria-hidden>{choice ? choiceMarks[choice] : ballot ? '◐' : '·'}</span>{' '}
            {names.person(s.person)} <span className="muted">{word}</span>
          </li>
        )
      })}
      {m.ballots
        .filter((b) => !m.seats.some((s) => s.person === b.person))
        .map((b) => (
          <li key={b.person} data-choice={b.choice || 'here'}>
            <span aria-hidden>{b.choice ? choiceMarks[b.choice] : '◐'}</span> {names.person(b.person)}{' '}
            <span className="muted">
              {t('seat.for', { who: (b.for ?? []).map((f) => names.person(f)).join(', ') || '–' })}
            </span>
          </li>
        ))}
    </ul>
  )
}

function MotionActs({ motion: m, picture }: { motion: Motion; picture: Picture }) {
  const { t } = useWords()
  const { session, wall } = useConsole()
  if (wall) return null
  const chair = picture.people.find((x) => x.id === session.user)?.seat?.chair ?? 0
  const path = `bcp/motions/${encodeURIComponent(m.id)}`
  const extendOff = m.extended ? t('motion.extended-once') : chair > 0 ? '' : t('motion.extend-who')
  return (
    <div className="buttons">
      <AskButton
        quiet
        off={extendOff}
        plan={{ title: t('motion.extend'), path: `${path}/extend`, direct: true }}
      />
      <AskButton
        quiet
        off={m.proposer === session.user ? '' : t('motion.withdraw-who')}
        plan={{
          title: t('motion.withdraw'),
          path: `${path}/withdraw`,
          plain: true,
          means: t('motion.withdraw-means'),
          body: () => ({}),
        }}
      />
    </div>
  )
}

/** A vote by a code that was handed out on paper: it counts for its owner, whoever types it. */
function PaperVote({ motion: m }: { motion: Motion }) {
  const { t } = useWords()
  const { wall } = useConsole()
  if (wall || m.state !== 'OPEN') return null
  return (
    <AskButton
      quiet
      plan={{
        title: t('vote.paper'),
        path: `bcp/motions/${encodeURIComponent(m.id)}/votes`,
        plain: true,
        means: t('vote.paper-means'),
        fields: [
          { name: 'code', label: t('vote.code'), kind: 'text', required: true },
          {
            name: 'choice',
            label: t('vote.choice'),
            kind: 'choice',
            initial: 'yes',
            options: choices.map((c) => ({ value: c, label: t(`choice.${c}`) })),
          },
        ],
      }}
    />
  )
}

function VotesSoFar({ motion: m }: { motion: Motion }) {
  const { t } = useWords()
  const names = useNames()
  const { clock } = useTimes()
  if (m.votes.length === 0) return null
  return (
    <details className="twin">
      <summary>{t('motion.votes', { n: m.votes.length })}</summary>
      <ol className="lines">
        {m.votes.map((v, i) => (
          <li key={i}>
            <time>{clock(v.at)}</time>
            <strong>{names.person(v.person)}</strong>
            <span>{v.choice ? t(`choice.${v.choice}`) : ''}</span>
            <span className="muted">{t(`vote-channel.${v.channel}`, { defaultValue: v.channel })}</span>
            <span className="muted">
              {t('tally.short', { yes: v.tally.yes, no: v.tally.no, abstain: v.tally.abstain })}
            </span>
          </li>
        ))}
      </ol>
    </details>
  )
}

function ClosedMotion({ motion: m }: { motion: Motion }) {
  const { t } = useWords()
  const inWords = useSaid()
  const { clock } = useTimes()
  return (
    <li data-state={m.state}>
      <strong>{t(`state.motion.${m.state}`)}</strong>
      <span>{t(`motion-kind.${m.kind}`, { defaultValue: m.kind })}</span>
      <span className="motion-closed-text">{inWords(m.text)}</span>
      <span className="muted">
        {clock(m.closed)} · {t('tally.short', { yes: m.tally.yes, no: m.tally.no, abstain: m.tally.abstain })}
      </span>
    </li>
  )
}
