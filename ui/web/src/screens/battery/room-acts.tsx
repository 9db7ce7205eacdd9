// What people may do to the fire response. Each opens a dialog; none acts on one press.

import { lazy, Suspense, useState, type ReactNode } from 'react'
import { Link as Go } from 'wouter'
import { post, segment } from '../../api/client'
import { bare } from '../../live/ladder'
import type { Right } from '../../live/rights'
import type { FireCommand, Rack, Room } from '../../live/types'
import { Act } from '../../ui/act'
import { useConsole } from '../../ui/context'
import type { DangerProps } from '../../ui/danger'
import type { Field } from '../../ui/fields'
import { IsolationPlan } from '../../ui/isolation'
import { Quantity } from '../../ui/quantity'
import { Fact, Facts } from '../../ui/tile'
import { useRoomReading } from '../../ui/room'
import { useWords } from '../../ui/text'

// The dialog's code is large and rarely needed; it comes with the idle load, not with the first.
const Danger = lazy(() => import('../../ui/danger').then((m) => ({ default: m.Danger })))

type Verb = 'reset' | 'release' | 'bypass' | 'takeover' | 'power-cut' | 'inhibit'

type Plan = Pick<DangerProps, 'asset' | 'fields' | 'submit'> & { right: Right }

const asNumber = (v: string | undefined): number => Number.parseInt(v ?? '', 10) || 0

function usePlans(room: Room, rack: Rack | undefined): (verb: Verb, command?: string) => Plan {
  const { t } = useWords()
  const path = roomPath(room)
  const reason: Field = { name: 'reason', label: t('reason'), kind: 'text', required: true }
  return (verb, command = '') => {
    const send =
      (body: (v: Record<string, string>) => Record<string, unknown>): DangerProps['submit'] =>
      (v, proof, key) =>
        post(`${path}/${verb}`, { ...body(v), ...proof }, key)
    const rackId = rack?.id ?? ''
    switch (verb) {
      case 'reset':
        return {
          right: 'reset',
          asset: rackId,
          fields: [{ name: 'inspected', label: t('act.inspected'), kind: 'check', required: true }],
          submit: send(() => ({ rack: rackId, inspected: true })),
        }
      case 'release':
        return {
          right: 'release',
          asset: room.id,
          fields: [reason, { name: 'ic', label: t('act.ic'), kind: 'check' }],
          submit: send((v) => ({ ic_confirm: v.ic === 'yes', reason: v.reason })),
        }
      case 'bypass':
        return {
          right: 'bypass',
          asset: rackId,
          fields: [
            {
              name: 'channel',
              label: t('channel.name'),
              kind: 'choice',
              initial: 'RT',
              options: ['RT', 'BM', 'TC'].map((c) => ({ value: c, label: `${c} ${t(`channel.${c}`)}` })),
            },
            { name: 'minutes', label: t('act.minutes'), kind: 'number', required: true, initial: '60' },
          ],
          submit: send((v) => ({ rack: rackId, channel: v.channel, seconds: asNumber(v.minutes) * 60 })),
        }
      case 'inhibit':
        return { right: 'inhibit', asset: command, submit: send(() => ({ command })) }
      case 'takeover':
        return {
          right: 'takeover',
          asset: room.id,
          fields: [
            { name: 'from', label: t('act.from'), kind: 'text', required: true },
            { name: 'officer', label: t('act.officer'), kind: 'text', required: true },
            { name: 'people', label: t('act.accounted'), kind: 'text', required: true },
          ],
          submit: send((v) => ({ from: v.from, officer: v.officer, people: v.people })),
        }
      default:
        return { right: verb, asset: room.id, submit: send(() => ({})) }
    }
  }
}

export function RoomActs({ room, rack }: { room: Room; rack: Rack | undefined }) {
  const { t } = useWords()
  const { wall } = useConsole()
  const [open, setOpen] = useState<Verb | null>(null)
  const plans = usePlans(room, rack)
  if (wall) return null
  const verbs: Exclude<Verb, 'inhibit'>[] = ['reset', 'bypass', 'release', 'takeover', 'power-cut']
  return (
    <section className="panel area-people" aria-labelledby="people-h">
      <h2 id="people-h">{t('act.title')}</h2>
      <div className="buttons">
        {verbs.map((v) => (
          <Act
            key={v}
            right={v}
            danger={v === 'release' || v === 'power-cut'}
            off={offNow(v, room, t)}
            onAct={() => setOpen(v)}
          >
            {t(`act.${v}`, { rack: rack?.id ?? '' })}
          </Act>
        ))}
        <Go className="button" href={`/b/${segment(room.id)}/handover`}>
          {t('act.sheet')}
        </Go>
      </div>
      {open && <Open verb={open} room={room} plan={plans(open)} close={() => setOpen(null)} />}
    </section>
  )
}

function offNow(v: Verb, room: Room, t: (k: string) => string): string {
  if (room.stale) return t('off.stale')
  if (v === 'power-cut' && room.stage !== 'S6') return t('off.s6')
  return ''
}

function Open({ verb, room, plan, close }: { verb: Verb; room: Room; plan: Plan; close: () => void }) {
  const { t } = useWords()
  const people = useRoomReading(room, 'occupied', ['occupancy'])
  const lel = useRoomReading(room, 'lel', ['lfl', 'lel'])
  const means = t(`act.${verb}-means`)
  return (
    <Suspense>
      <Danger
        {...plan}
        title={t(`act.${verb}`, { rack: plan.asset })}
        consequences={[...(room.drill ? [t('act.in-drill')] : []), ...means.split('\n')]}
        confirmWord={t(`act.${verb}`, { rack: plan.asset })}
        facts={
          <>
            <Facts>
              <Fact name={t('room.people')}>
                <Quantity {...people} digits={0} />
              </Fact>
              <Fact name={t('room.lfl')}>
                <Quantity {...lel} unit="%" digits={0} />
              </Fact>
              <Fact name={t('room.stage')}>{t(`stage.${room.stage}`)}</Fact>
            </Facts>
            {cutsPower(verb) && <IsolationPlan asset={room.asset} />}
          </>
        }
        close={close}
      />
    </Suspense>
  )
}

/** Acts that go with the power of the room: what it takes along stands in the dialog. */
const cutsPower = (v: Verb): boolean => v === 'power-cut' || v === 'takeover' || v === 'release'

const protectedOutputs = /^(GAS_RELEASE|GAS_RESERVE|EVAC_ALARM)$/

/** A way to hold one output back, or to end that, for each actuator row. */
export function useInhibit(room: Room): (owner: string, command: FireCommand) => ReactNode {
  const { t } = useWords()
  const { wall } = useConsole()
  const [open, setOpen] = useState('')
  const plans = usePlans(room, undefined)
  return function InhibitOf(owner, command) {
    if (wall) return null
    const word = bare(command.name)
    // The engine may name an output with its owner already.
    const output = command.name.includes('.') ? command.name : `${owner}.${word}`
    const name = `${owner} ${t(`fire.${word}`, { defaultValue: word })}`
    if (command.state === 'inhibited')
      return (
        <Act
          right="end"
          quiet
          label={t('act.end-inhibit-of', { name })}
          onAct={() => endInhibit(room, output)}
        >
          {t('act.end-inhibit')}
        </Act>
      )
    const off = protectedOutputs.test(word) ? t('off.protected') : room.stale ? t('off.stale') : ''
    return (
      <>
        <Act
          right="inhibit"
          quiet
          label={t('act.inhibit-of', { name })}
          off={off}
          onAct={() => setOpen(output)}
        >
          {t('act.inhibit')}
        </Act>
        {open === output && (
          <Open verb="inhibit" room={room} plan={plans('inhibit', output)} close={() => setOpen('')} />
        )}
      </>
    )
  }
}

const roomPath = (room: Room): string => `fire/rooms/${segment(room.id)}`

function endInhibit(room: Room, command: string): Promise<unknown> {
  return post(`${roomPath(room)}/end-inhibit`, { command })
}

/** Puts a bypassed channel back into the vote: the safe direction takes one person and one press. */
export function EndBypass({ room, rack, channel }: { room: Room; rack: Rack; channel: string }) {
  const { t } = useWords()
  const end = () => post(`${roomPath(room)}/end-bypass`, { rack: rack.id, channel })
  return (
    <Act right="end" quiet label={t('act.end-bypass-of', { name: `${rack.id} ${channel}` })} onAct={end}>
      {t('act.end-bypass')}
    </Act>
  )
}
