// The rows, drawn only where they can be seen: ten thousand alarms cost no more than thirty.

import { useVirtualizer } from '@tanstack/react-virtual'
import { useImperativeHandle, useMemo, useRef, type Ref } from 'react'
import { firstOuts, type Flood } from '../../live/flood'
import { notesNow } from '../../live/notes'
import { isUnacked } from '../../live/order'
import { number, unit as unitText } from '../../live/format'
import type { Alarm } from '../../live/types'
import { acknowledge } from '../../ui/alarm-acts'
import { Act } from '../../ui/act'
import { useConsole } from '../../ui/context'
import { Glyph } from '../../ui/glyph'
import { useNarrow } from '../../ui/narrow'
import { useAlarmText, useAssetName, useTimes, useWords } from '../../ui/text'
import { useAskedIds } from './asked'
import { Fold, type Follows } from './follows'
import { BehindIt, HiddenBy, useBehind } from './behind'
import { NoteCount } from './notes'

export interface ListHandle {
  /** The alarms whose rows are inside the window now. */
  visible(): Alarm[]
  /** Brings a row into sight and gives it the focus. */
  show(index: number): void
  focused(): boolean
}

export interface ListProps {
  ref: Ref<ListHandle>
  rows: Alarm[]
  current: string
  opened: string | null
  selected: ReadonlySet<string>
  select(id: string): void
  open(id: string): void
  point(id: string): void
  hold(on: boolean): void
  flood: Flood | undefined
  follows: Follows
  /** More rows are on their way. */
  early: boolean
}

/** How much larger a wall's letters are than a desk's. */
const letters = (): number => Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 16 || 1

export function AlarmList(p: ListProps) {
  const { t } = useWords()
  const box = useRef<HTMLDivElement>(null)
  const narrow = useNarrow()
  const { wall } = useConsole()
  const height = narrow ? 72 : wall ? Math.round(36 * letters()) : 36
  const virtual = useVirtualizer({
    count: p.rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => height,
    overscan: 8,
    getItemKey: (i) => p.rows[i]?.id ?? i,
  })
  useImperativeHandle(p.ref, () => ({
    visible: () => {
      const { scrollOffset, scrollRect } = virtual
      const from = scrollOffset ?? 0
      const to = from + (scrollRect?.height ?? 0)
      return p.rows.filter((_, i) => i * height >= from - height / 2 && (i + 1) * height <= to + height / 2)
    },
    show: (i) => {
      virtual.scrollToIndex(i)
      requestAnimationFrame(() => box.current?.querySelector<HTMLElement>(`[data-index="${i}"]`)?.focus())
    },
    focused: () => box.current?.contains(document.activeElement) ?? false,
  }))
  const firsts = useMemo(() => firstOuts(p.flood), [p.flood])
  const behind = useBehind()
  const asked = useAskedIds()
  const stop = p.rows.some((a) => a.id === p.current) ? p.current : p.rows[0]?.id
  return (
    <div
      className="alarm-list"
      role="grid"
      aria-label={t('nav.alarms')}
      aria-rowcount={p.early ? -1 : p.rows.length + 1}
      onPointerEnter={() => p.hold(true)}
      onPointerLeave={() => p.hold(box.current?.contains(document.activeElement) ?? false)}
      onFocus={() => p.hold(true)}
      onBlur={(e) => p.hold(e.currentTarget.matches(':hover') || e.currentTarget.contains(e.relatedTarget))}
    >
      <div className="alarm-row alarm-head" role="row" aria-rowindex={1}>
        {['priority', 'select', 'state', 'since', 'equipment', 'text', 'value', 'do'].map((c) => (
          <span key={c} role="columnheader" data-col={c}>
            {c === 'select' || c === 'do' ? (
              <span className="sr">{t(`alarm.col.${c}`)}</span>
            ) : (
              t(`alarm.col.${c}`)
            )}
          </span>
        ))}
      </div>
      <div ref={box} className="alarm-scroll" role="rowgroup">
        <div role="presentation" style={{ height: virtual.getTotalSize(), position: 'relative' }}>
          {virtual.getVirtualItems().map((v) => {
            const alarm = p.rows[v.index]
            if (!alarm) return null
            return (
              <Row
                key={v.key}
                alarm={alarm}
                index={v.index}
                top={v.start}
                height={height}
                stop={stop === alarm.id}
                list={p}
                first={firsts.has(alarm.id)}
                asked={asked.has(alarm.id)}
                behind={behind.get(alarm.id) ?? 0}
                chatter={p.flood?.chattering[alarm.id] ?? 0}
              />
            )
          })}
        </div>
      </div>
    </div>
  )
}

interface RowProps {
  alarm: Alarm
  index: number
  top: number
  height: number
  stop: boolean
  list: ListProps
  first: boolean
  asked: boolean
  /** Alarms that stand behind this one. */
  behind: number
  chatter: number
}

function Row({ alarm: a, index, top, height, stop, list, first, asked, behind, chatter }: RowProps) {
  const { t } = useWords()
  const { full, clock } = useTimes()
  const text = useAlarmText()
  const asset = useAssetName()
  const folded = list.follows.under.get(a.id)
  return (
    <div
      className="alarm-row"
      role="row"
      aria-rowindex={index + 2}
      aria-selected={list.selected.has(a.id)}
      data-index={index}
      data-open={list.opened === a.id || undefined}
      data-unacked={isUnacked(a) || undefined}
      data-below={list.follows.below.has(a.id) || undefined}
      tabIndex={stop ? 0 : -1}
      style={{ transform: `translateY(${top}px)`, height }}
      onFocus={() => list.point(a.id)}
      onClick={(e) => !(e.target as HTMLElement).closest('button, input, label') && list.open(a.id)}
    >
      <span role="gridcell" data-col="priority">
        <Glyph priority={a.priority} state={a.state} />
      </span>
      <span role="gridcell" data-col="select">
        <label className="tick">
          <input
            type="checkbox"
            tabIndex={stop ? 0 : -1}
            checked={list.selected.has(a.id)}
            onChange={() => list.select(a.id)}
            aria-label={t('alarm.select', { text: text(a) })}
          />
        </label>
      </span>
      <span role="gridcell" data-col="state">
        {t(`alarm.state.${a.state}`)}
      </span>
      <span role="gridcell" data-col="since" title={full(a.raised)}>
        {clock(a.raised)}
      </span>
      <span role="gridcell" data-col="equipment">
        {asset(a.asset)}
      </span>
      <span role="gridcell" data-col="text">
        {list.follows.below.has(a.id) && (
          <span className="below" role="img" aria-label={t('alarm.follows-from')}>
            └
          </span>
        )}
        {first && (
          <span
            className="first-out"
            role="img"
            aria-label={t('alarm.first-out')}
            title={t('alarm.first-out')}
          >
            ①
          </span>
        )}
        {folded && <Fold folded={folded} toggle={() => list.follows.toggle(a.id)} />}
        <NoteCount n={notesNow(a).length} />
        {asked && <span className="chip asked">{t('alarm.asked')}</span>}
        <BehindIt n={behind} />
        {text(a)}
        <HiddenBy alarm={a} />
        {chatter > 0 ? (
          <span className="chip chatter">{t('alarm.chatter', { n: chatter })}</span>
        ) : (
          a.count > 1 && <span className="muted"> ×{a.count}</span>
        )}
      </span>
      <span role="gridcell" data-col="value">
        <AlarmValue alarm={a} />
      </span>
      <span role="gridcell" data-col="do">
        {isUnacked(a) && (
          <Act
            right="alarm"
            quiet
            label={t('alarm.ack-of', { text: text(a) })}
            onAct={() => acknowledge([a])}
          >
            {t('alarm.ack')}
          </Act>
        )}
      </span>
    </div>
  )
}

/** The value that raised it against its limit; alarms of the fire engine have neither. */
export function AlarmValue({ alarm: a }: { alarm: Alarm }) {
  if (a.unit === '-' || (!a.unit && a.limit === 0)) return <span className="muted">–</span>
  return (
    <>
      {number(a.value)} / {number(a.limit)} <span className="q-unit">{unitText(a.unit)}</span>
    </>
  )
}
