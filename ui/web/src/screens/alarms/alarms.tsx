// The alarm list: newest unacknowledged first inside a priority; rows stand still while a person is
// among them; one row opens the drawer.

import { useMemo, useState } from 'react'
import { useSearchParams } from 'wouter'
import { standing } from '../../live/flood'
import { canReset, isOpen, isUnacked } from '../../live/order'
import type { Tally } from '../../live/tally'
import type { Alarm } from '../../live/types'
import { useFlood } from '../../ui/flood'
import { useAlarms, useEarlyTally, useMinute, useView } from '../../ui/live'
import { now } from '../../ui/second'
import { useAlarmText, useAssetName, useWords } from '../../ui/text'
import { AlarmDrawer } from './drawer'
import { DrillAlarms } from './drilled'
import { Export } from './export'
import { FloodBanner } from './flood'
import { Listing } from './listing'
import { AlarmReport } from './report'
import '../../style/alarms.css'

const tabs = ['open', 'unacked', 'reset', 'standing', 'shelved', 'suppressed', 'out-of-service'] as const
type Listed = (typeof tabs)[number]
type Tab = Listed | 'report'

type SetQuery = ReturnType<typeof useSearchParams>[1]

const inTab: Record<Listed, (a: Alarm) => boolean> = {
  open: isOpen,
  unacked: isUnacked,
  reset: canReset,
  standing: (a) => standing(a, now()),
  shelved: (a) => a.state === 'shelved',
  suppressed: (a) => a.state === 'suppressed',
  'out-of-service': (a) => a.state === 'out-of-service',
}

export default function Alarms() {
  useView('alarms&alarms=pieces')
  const { t } = useWords()
  const [query, setQuery] = useSearchParams()
  const [tab, setTab] = useTab(query, setQuery)
  const [words, setWords] = useState('')
  const all = useAlarms()
  const early = useEarlyTally()
  const priority = Number(query.get('p') ?? 0)
  const opened = query.get('id')
  const flood = useFlood()
  const listed = useMatching(all, tab === 'report' ? 'open' : tab, priority, words)
  const open = (id: string | null) =>
    setQuery(
      (q) => {
        if (id) q.set('id', id)
        else q.delete('id')
        return q
      },
      { replace: true },
    )
  const alarm = all.find((a) => a.id === opened)
  return (
    <div className="alarms" data-drawer={alarm ? true : undefined}>
      <div className="alarms-main">
        <h1 className="screen-title">{t('nav.alarms')}</h1>
        <FloodBanner flood={flood} open={open} />
        <DrillAlarms />
        <Filters
          tab={tab}
          setTab={setTab}
          counts={useTabCounts(all, early)}
          words={words}
          setWords={setWords}
          priority={priority}
          setPriority={(p) =>
            setQuery(
              (q) => {
                if (p) q.set('p', String(p))
                else q.delete('p')
                return q
              },
              { replace: true },
            )
          }
        />
        {tab === 'report' ? (
          <AlarmReport />
        ) : (
          <Listing
            tab={tab}
            listed={listed}
            filter={`${tab}|${priority}|${words}|${early === null}`}
            early={early}
            opened={opened}
            open={open}
            flood={flood}
          />
        )}
      </div>
      {alarm && (
        <AlarmDrawer key={alarm.id} alarm={alarm} flood={flood} open={open} close={() => open(null)} />
      )}
    </div>
  )
}

/** The tab stands in the address, so that the counts of the header lead to theirs. */
function useTab(query: URLSearchParams, setQuery: SetQuery): [Tab, (t: Tab) => void] {
  const asked = query.get('tab')
  const tab: Tab = asked === 'report' ? 'report' : (tabs.find((name) => name === asked) ?? 'open')
  const set = (to: Tab) =>
    setQuery(
      (q) => {
        if (to === 'open') q.delete('tab')
        else q.set('tab', to)
        return q
      },
      { replace: true },
    )
  return [tab, set]
}

type Counts = Record<Listed, number | null>

/** How many alarms each tab has; null for what nobody knows before every alarm is here. */
function useTabCounts(all: Alarm[], early: readonly Tally[] | null): Counts {
  const at = useMinute()
  return useMemo(() => {
    const of = (hit: (a: Tally) => boolean) => early?.reduce((n, x) => (hit(x) ? n + x.n : n), 0) ?? null
    if (early)
      return {
        open: of(isOpen),
        unacked: of(isUnacked),
        reset: null,
        standing: null,
        shelved: of((x) => x.state === 'shelved'),
        suppressed: of((x) => x.state === 'suppressed'),
        'out-of-service': of((x) => x.state === 'out-of-service'),
      }
    const n = Object.fromEntries(tabs.map((name) => [name, 0])) as Record<Listed, number>
    for (const a of all) for (const name of tabs) if (inTab[name](a)) n[name]++
    return n
  }, [all, early, at])
}

function useMatching(all: Alarm[], tab: Listed, priority: number, words: string): Alarm[] {
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

interface FilterProps {
  tab: Tab
  setTab(t: Tab): void
  counts: Counts
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
            {t(`alarm.tab.${name}`)} <span className="tabs-n">{f.counts[name] ?? '…'}</span>
          </button>
        ))}
        <button type="button" aria-pressed={f.tab === 'report'} onClick={() => f.setTab('report')}>
          {t('alarm.tab.report')}
        </button>
      </div>
      <Export tab={f.tab} />
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
