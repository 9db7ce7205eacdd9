// The alarms of one tab: acknowledging many, arranging them by cause, and rows that stand still while a
// person is among them.

import { useEffect, useMemo, useRef, useState } from 'react'
import { groupSize, underCause, type Flood, type Group } from '../../live/flood'
import { belowCritical, isUnacked, rows as arranged } from '../../live/order'
import type { Tally } from '../../live/tally'
import type { Alarm } from '../../live/types'
import { acknowledge } from '../../ui/alarm-acts'
import { Act } from '../../ui/act'
import { useConnection } from '../../ui/live'
import { Empty, Loading } from '../../ui/states'
import { useWords } from '../../ui/text'
import { Groups } from './flood'
import { useFollows } from './follows'
import { AlarmList, type ListHandle } from './list'
import { useListKeys } from './list-keys'

export interface ListingProps {
  tab: string
  listed: Alarm[]
  /** Another filter lets the rows move. */
  filter: string
  opened: string | null
  open: (id: string | null) => void
  flood: Flood | undefined
  /** What the server counted, while only the first alarms are here. */
  early: readonly Tally[] | null
}

export function Listing({ tab, listed, filter, opened, open, flood, early }: ListingProps) {
  const { t } = useWords()
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set())
  const list = useRef<ListHandle>(null)
  const connection = useConnection()
  const causes = useCauses(flood)
  const grouped = causes.on && (tab === 'open' || tab === 'unacked')
  const matching = useMemo(
    () => (grouped ? underCause(listed, causes.groups, causes.chosen) : listed),
    [grouped, listed, causes.groups, causes.chosen],
  )
  const follows = useFollows(matching, flood)
  const held = useHeld(follows.rows, `${filter}|${grouped}|${causes.chosen}|${follows.key}`)
  const current = useListKeys(held.rows, open, list)
  const chosen = held.rows.filter((a) => selected.has(a.id) && isUnacked(a))
  return (
    <>
      <Bar
        held={held}
        chosen={chosen}
        causes={causes}
        early={early}
        acked={() => setSelected(new Set())}
        visible={() => belowCritical(list.current?.visible() ?? [])}
      />
      {grouped && <Groups groups={causes.groups} chosen={causes.chosen} choose={causes.choose} open={open} />}
      {held.rows.length > 0 ? (
        <AlarmList
          ref={list}
          rows={held.rows}
          current={current.id}
          opened={opened}
          selected={selected}
          select={(id) => setSelected((s) => toggled(s, id))}
          open={open}
          point={current.set}
          hold={held.hold}
          flood={flood}
          follows={follows}
          early={early !== null}
        />
      ) : connection === 'connecting' || early ? (
        <Loading rows={8} />
      ) : grouped && listed.length > 0 ? null : (
        <Empty title={t(`alarm.empty.${tab}`)}>{t('alarm.empty-next')}</Empty>
      )}
    </>
  )
}

interface BarProps {
  held: Held
  chosen: Alarm[]
  causes: Causes
  early: readonly Tally[] | null
  acked: () => void
  visible: () => Alarm[]
}

function Bar({ held, chosen, causes, early, acked, visible }: BarProps) {
  const { t } = useWords()
  return (
    <div className="alarms-bar">
      <div className="tabs" role="group" aria-label={t('alarm.grouping')}>
        <button type="button" aria-pressed={!causes.on} onClick={() => causes.set(false)}>
          {t('alarm.flat')}
        </button>
        <button type="button" aria-pressed={causes.on} onClick={() => causes.set(true)}>
          {t('alarm.by-cause')}
        </button>
      </div>
      <Act
        right="alarm"
        off={chosen.length === 0 ? t('alarm.none-selected') : ''}
        onAct={() => acknowledge(chosen).then(acked)}
      >
        {t('alarm.ack-selected', { n: chosen.length })}
      </Act>
      <Act
        right="alarm"
        off={belowCritical(held.rows).length === 0 ? t('alarm.nothing-below') : ''}
        onAct={() => acknowledge(visible())}
      >
        {t('alarm.ack-visible')}
      </Act>
      {held.waiting > 0 && (
        <button type="button" className="chip-button" onClick={held.release}>
          {t('alarm.waiting', { n: held.waiting })}
        </button>
      )}
      {early ? (
        <span className="alarms-rest" role="status">
          {t('alarm.rest', { n: early.reduce((n, x) => n + x.n, 0) })}
        </span>
      ) : (
        <span className="muted alarms-keys">{t('alarm.keys')}</span>
      )}
    </div>
  )
}

interface Causes {
  on: boolean
  set: (on: boolean) => void
  groups: Group[]
  chosen: string
  choose: (key: string) => void
}

const none: Group[] = []

/** Alarms are arranged by cause while a position is flooded, and whenever a person wants it. */
function useCauses(flood: Flood | undefined): Causes {
  const [wanted, set] = useState<boolean | null>(null)
  const [chosen, choose] = useState('')
  const groups = useMemo(
    () => flood?.positions.flatMap((p) => p.groups).sort((a, b) => groupSize(b) - groupSize(a)) ?? none,
    [flood],
  )
  const flooded = flood?.positions.some((p) => p.flooded) ?? false
  return { on: wanted ?? flooded, set, groups, chosen, choose }
}

function toggled(s: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const next = new Set(s)
  if (!next.delete(id)) next.add(id)
  return next
}

interface Held {
  rows: Alarm[]
  waiting: number
  hold(on: boolean): void
  release(): void
}

/** Rows that stand still while held; another filter or a press on the chip lets them move. */
function useHeld(now: Alarm[], filter: string): Held {
  const [holding, setHolding] = useState(false)
  const shown = useRef<{ rows: Alarm[]; filter: string }>({ rows: [], filter })
  const [, moved] = useState(0)
  const held = holding && shown.current.filter === filter
  const { rows, waiting } = arranged(now, shown.current.rows, held)
  useEffect(() => {
    shown.current = { rows, filter }
  })
  return {
    rows,
    waiting,
    hold: setHolding,
    release: () => {
      shown.current = { rows: now, filter }
      moved((n) => n + 1)
    },
  }
}
