// The alarm list: newest unacknowledged first inside a priority; rows stand still while a person is
// among them; one row opens the drawer.

import { useEffect, useMemo, useRef, useState } from 'react'
import { useSearchParams } from 'wouter'
import { belowCritical, canReset, isOpen, isUnacked, rows as arranged } from '../../live/order'
import type { Alarm } from '../../live/types'
import { acknowledge } from '../../ui/alarm-acts'
import { Act } from '../../ui/act'
import { useAlarms, useConnection, useView } from '../../ui/live'
import { Empty, Loading } from '../../ui/states'
import { useAlarmText, useAssetName, useWords } from '../../ui/text'
import { AlarmDrawer } from './drawer'
import { AlarmList, type ListHandle } from './list'
import { useListKeys } from './list-keys'
import '../../style/alarms.css'

const tabs = ['open', 'unacked', 'reset', 'shelved', 'suppressed', 'out-of-service'] as const
type Tab = (typeof tabs)[number]

const inTab: Record<Tab, (a: Alarm) => boolean> = {
  open: isOpen,
  unacked: isUnacked,
  reset: canReset,
  shelved: (a) => a.state === 'shelved',
  suppressed: (a) => a.state === 'suppressed',
  'out-of-service': (a) => a.state === 'out-of-service',
}

export default function Alarms() {
  useView('alarms')
  const { t } = useWords()
  const [query, setQuery] = useSearchParams()
  const [tab, setTab] = useState<Tab>('open')
  const [words, setWords] = useState('')
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set())
  const list = useRef<ListHandle>(null)
  const connection = useConnection()
  const all = useAlarms()
  const priority = Number(query.get('p') ?? 0)
  const opened = query.get('id')
  const matching = useMatching(all, tab, priority, words)
  const held = useHeld(matching, `${tab}|${priority}|${words}`)
  const open = (id: string | null) =>
    setQuery(
      (q) => {
        if (id) q.set('id', id)
        else q.delete('id')
        return q
      },
      { replace: true },
    )
  const current = useListKeys(held.rows, open, list)
  const chosen = held.rows.filter((a) => selected.has(a.id) && isUnacked(a))
  const visible = () => belowCritical(list.current?.visible() ?? [])
  const alarm = all.find((a) => a.id === opened)
  return (
    <div className="alarms" data-drawer={alarm ? true : undefined}>
      <div className="alarms-main">
        <h1 className="screen-title">{t('nav.alarms')}</h1>
        <Filters
          tab={tab}
          setTab={setTab}
          all={all}
          words={words}
          setWords={setWords}
          priority={priority}
          setPriority={(p) => setQuery(p ? { p: String(p) } : {}, { replace: true })}
        />
        <div className="alarms-bar">
          <Act
            right="alarm"
            off={chosen.length === 0 ? t('alarm.none-selected') : ''}
            onAct={() => acknowledge(chosen).then(() => setSelected(new Set()))}
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
          <span className="muted alarms-keys">{t('alarm.keys')}</span>
        </div>
        {held.rows.length === 0 ? (
          connection === 'connecting' ? (
            <Loading rows={8} />
          ) : (
            <Empty title={t(`alarm.empty.${tab}`)}>{t('alarm.empty-next')}</Empty>
          )
        ) : (
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
          />
        )}
      </div>
      {alarm && <AlarmDrawer key={alarm.id} alarm={alarm} close={() => open(null)} />}
    </div>
  )
}

function toggled(s: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const next = new Set(s)
  if (!next.delete(id)) next.add(id)
  return next
}

function useMatching(all: Alarm[], tab: Tab, priority: number, words: string): Alarm[] {
  const text = useAlarmText()
  const asset = useAssetName()
  return useMemo(() => {
    const wanted = words.trim().toLowerCase()
    const hit = (a: Alarm) =>
      !wanted || `${text(a)} ${asset(a.asset)} ${a.asset} ${a.id}`.toLowerCase().includes(wanted)
    return all.filter((a) => inTab[tab](a) && (!priority || a.priority === priority) && hit(a))
    // wordings change with the language, which renders all anew
  }, [all, tab, priority, words])
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

interface FilterProps {
  tab: Tab
  setTab(t: Tab): void
  all: Alarm[]
  words: string
  setWords(w: string): void
  priority: number
  setPriority(p: number): void
}

function Filters(f: FilterProps) {
  const { t } = useWords()
  return (
    <div className="filters">
      <div className="tabs" role="group" aria-label={t('alarm.filter')}>
        {tabs.map((name) => (
          <button key={name} type="button" aria-pressed={f.tab === name} onClick={() => f.setTab(name)}>
            {t(`alarm.tab.${name}`)} <span className="tabs-n">{f.all.filter(inTab[name]).length}</span>
          </button>
        ))}
      </div>
      <label className="filter-field">
        <span className="sr">{t('alarm.priority')}</span>
        <select value={f.priority} onChange={(e) => f.setPriority(Number(e.target.value))}>
          <option value={0}>{t('alarm.any-priority')}</option>
          {[1, 2, 3, 4].map((p) => (
            <option key={p} value={p}>
              {t(`priority.${p}`)}
            </option>
          ))}
        </select>
      </label>
      <label className="filter-field">
        <span className="sr">{t('search')}</span>
        <input
          type="search"
          placeholder={t('search')}
          value={f.words}
          onChange={(e) => f.setWords(e.target.value)}
        />
      </label>
    </div>
  )
}
