// Actuators: what was asked and what the field shows, side by side and never mixed.

import type { ReactNode } from 'react'
import { action, bare } from '../../live/ladder'
import type { FireCommand, Rack, Room } from '../../live/types'
import { useConsole } from '../../ui/context'
import { useNow } from '../../ui/live'
import { Value } from '../../ui/quantity'
import { useTimes, useWords } from '../../ui/text'
import { Wide } from '../../ui/tile'
import { useInhibit } from './room-acts'

const marks = { idle: '○', commanded: '▸', confirmed: '✓', mismatch: '≠', inhibited: '⊘' } as const

export function Actuators({ room, rack }: { room: Room; rack: Rack | undefined }) {
  const { t } = useWords()
  const inhibit = useInhibit(room)
  const mine = rack?.commands ?? []
  const shared = room.commands ?? []
  return (
    <Wide label={t('actuator.name')}>
      <table className="plain actuators">
        <thead>
          <tr>
            <th scope="col">{t('actuator.name')}</th>
            <th scope="col">{t('actuator.wanted')}</th>
            <th scope="col">{t('actuator.feedback')}</th>
            <th scope="col">{t('actuator.state')}</th>
            <th scope="col">{t('actuator.since')}</th>
            <th scope="col">
              <span className="sr">{t('actuator.act')}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {mine.map((c) => (
            <Row key={`rack-${c.name}`} command={c} owner={rack?.id ?? ''} inhibit={inhibit} />
          ))}
          {shared.map((c) => (
            <Row key={`room-${c.name}`} command={c} owner={room.id} inhibit={inhibit} />
          ))}
        </tbody>
      </table>
      {mine.length + shared.length === 0 && <p className="muted">{t('actuator.none')}</p>}
    </Wide>
  )
}

interface RowProps {
  command: FireCommand
  owner: string
  inhibit: (owner: string, command: FireCommand) => ReactNode
}

function Row({ command, owner, inhibit }: RowProps) {
  const { t } = useWords()
  const { clock } = useTimes()
  const { plant } = useConsole()
  const a = action(command, useNow())
  const proof = command.point ? plant.points.get(command.point) : undefined
  return (
    <tr data-look={a.look}>
      <th scope="row">
        <span className="muted actuator-owner">{owner}</span>{' '}
        {t(`fire.${bare(command.name)}`, { defaultValue: command.name })}
      </th>
      <td>{a.look === 'idle' ? <span className="muted">–</span> : t('actuator.operate')}</td>
      <td>{proof ? <Value id={proof.id} /> : <Feedback word={command.feedback ?? ''} />}</td>
      <td className="actuator-state">
        <span aria-hidden>{marks[a.look]}</span>{' '}
        {a.seconds === null
          ? t(`command.${a.look}`)
          : t('command.waiting', { state: t(`command.${a.look}`), s: a.seconds })}
        {a.attempts > 1 && <span className="muted"> {t('actuator.attempts', { n: a.attempts })}</span>}
      </td>
      <td>{clock(command.confirmed ?? command.sent)}</td>
      <td>{inhibit(owner, command)}</td>
    </tr>
  )
}

function Feedback({ word }: { word: string }) {
  const { t } = useWords()
  if (!word) return <span className="muted">?</span>
  return t(`feedback.${word}`, { defaultValue: word })
}
