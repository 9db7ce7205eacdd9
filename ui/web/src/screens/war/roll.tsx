// The roll call: who has a seat, how far the summons of each has come, and who stands in.

import { presence, roll, type RollRow } from '../../live/committee'
import { since } from '../../live/countdown'
import type { Picture, Seat, Summons } from '../../live/picture'
import { useNames } from '../../ui/continuity'
import { useNow } from '../../ui/live'
import { useConsole } from '../../ui/context'
import { PlaceFacts, SummonsReplies } from '../../ui/summons'
import { useTimes, useWords, type Words } from '../../ui/text'

export function Roll({ picture }: { picture: Picture }) {
  const { t } = useWords()
  const p = presence(picture)
  const rows = roll(picture)
  return (
    <section className="panel" aria-labelledby="roll-h">
      <h2 id="roll-h">{t('roll.title', { present: p.present, seats: p.seats })}</h2>
      <p className="roll-quorum">
        {t('roll.needed', { needed: p.needed })}{' '}
        <strong>{p.quorum ? `✓ ${t('quorum.reached')}` : `✕ ${t('quorum.open')}`}</strong>
        <span className="roll-parts">
          <span>
            {p.chair ? '✓' : '✕'} {t('quorum.chair')}
          </span>
          <span>
            {p.recovery ? '✓' : '✕'} {t('quorum.recovery')}
          </span>
        </span>
      </p>
      <ul className="roll">
        {rows.map((r) => (
          <Row key={r.person.id} row={r} />
        ))}
      </ul>
      <PlaceFacts place={picture.place} />
    </section>
  )
}

const marks: Record<string, string> = {
  PENDING: '○',
  SENT: '▷',
  DELIVERED: '▶',
  ACKED: '◐',
  JOINED: '●',
  UNREACHABLE: '✕',
  DECLINED: '✕',
  COVERED: '◒',
}

function Row({ row }: { row: RollRow }) {
  const { t, tx } = useWords()
  const { session, wall } = useConsole()
  const { person, seat, summons } = row
  const role = seat ? seatWord(seat, t) : t('seat.none')
  const mine = person.id === session.user
  return (
    <li className="roll-row" data-state={summons?.state} data-me={mine || undefined}>
      <span className="roll-mark" aria-hidden>
        {summons ? marks[summons.state] : '·'}
      </span>
      <span className="roll-name">
        <strong>{tx(person.name, person.id)}</strong> <span className="muted">{role}</span>
        {mine && <span className="chip">{t('me')}</span>}
      </span>
      <SummonsWord summons={summons} />
      {row.deputies.map((d) => (
        <Deputy key={d.id} summons={d} />
      ))}
      {summons?.alone && <strong className="roll-alone">{t('roll.alone')}</strong>}
      {mine && summons && !wall && <SummonsReplies summons={summons} />}
    </li>
  )
}

export function seatWord(seat: Seat, t: Words['t']): string {
  if (seat.chair === 1) return t('seat.chair')
  if (seat.chair > 1) return t('seat.deputy-chair', { n: seat.chair - 1 })
  return t(seat.recovery ? 'seat.recovery' : 'seat.support')
}

function SummonsWord({ summons: s }: { summons: Summons | undefined }) {
  const { t, lasts } = useWords()
  const now = useNow()
  if (!s) return <span className="roll-state muted">{t('roll.not-called')}</span>
  const age = since(s.since, now)
  const channel = s.last ? t(`channel-kind.${s.last}`, { defaultValue: s.last }) : ''
  return (
    <span className="roll-state">
      <span>{t(`state.summon.${s.state}`)}</span>
      <span className="muted">{[channel, age === null ? '' : lasts(age)].filter(Boolean).join(' · ')}</span>
      <span className="muted">{t(`next.${s.state}`)}</span>
    </span>
  )
}

function Deputy({ summons: s }: { summons: Summons }) {
  const { t } = useWords()
  const names = useNames()
  const { clock } = useTimes()
  return (
    <span className="roll-deputy">
      {marks[s.state]}{' '}
      {t('roll.deputy', {
        name: names.person(s.person),
        state: t(`state.summon.${s.state}`),
        at: clock(s.since),
      })}
    </span>
  )
}
