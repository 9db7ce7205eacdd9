// One alarm in full: what, limit, what follows, what to do, and the acts that need a reason.

import { useEffect, useRef, useState } from 'react'
import { X } from 'lucide-react'
import { groupOf, type Flood } from '../../live/flood'
import { canReset, isUnacked, takesTwo } from '../../live/order'
import type { Alarm } from '../../live/types'
import { acknowledge, reset, shelve, unshelve } from '../../ui/alarm-acts'
import { Act } from '../../ui/act'
import { useConsole } from '../../ui/context'
import { useAlarmHistory } from '../../ui/flood'
import { Glyph } from '../../ui/glyph'
import { useAlarmMap } from '../../ui/live'
import { Value } from '../../ui/quantity'
import { Fact, Facts } from '../../ui/tile'
import { TrendPanel } from '../../ui/trend-panel'
import { useAlarmText, useAssetName, usePointName, useTimes, useWords } from '../../ui/text'
import { Asked, useAsked } from './asked'
import { Parent } from './behind'
import { AlarmValue } from './list'
import { Notes } from './notes'
import { Service } from './service'

export interface DrawerProps {
  alarm: Alarm
  flood: Flood | undefined
  open: (id: string) => void
  close: () => void
}

export function AlarmDrawer({ alarm: a, flood, open, close }: DrawerProps) {
  const { t, tx } = useWords()
  const text = useAlarmText()
  const asset = useAssetName()
  const head = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    const opener = document.activeElement as HTMLElement | null
    head.current?.focus()
    return () => opener?.focus()
  }, [])
  return (
    <aside className="drawer panel" aria-labelledby="drawer-h">
      <div className="drawer-head">
        <Glyph priority={a.priority} state={a.state} />
        <h2 id="drawer-h" ref={head} tabIndex={-1}>
          {text(a)}
        </h2>
        <button type="button" className="button quiet icon" aria-label={t('close')} onClick={close}>
          <X aria-hidden />
        </button>
      </div>
      <p className="muted">{asset(a.asset)}</p>
      <Asked alarm={a} />
      <AlarmFacts alarm={a} open={open} />
      <h3>{t('alarm.consequence')}</h3>
      <p>{tx(a.consequence) || t('alarm.not-given')}</p>
      <h3>{t('alarm.action')}</h3>
      <p>{tx(a.action) || t('alarm.not-given')}</p>
      <Acts alarm={a} />
      <Notes alarm={a} />
      <Service alarm={a} />
      <PointTrend alarm={a} />
      <Related alarm={a} flood={flood} open={open} />
      <History alarm={a} />
    </aside>
  )
}

function AlarmFacts({ alarm: a, open }: { alarm: Alarm; open: (id: string) => void }) {
  const { t, tx, span } = useWords()
  const { full } = useTimes()
  const { plant } = useConsole()
  const name = usePointName()
  const point = plant.points.get(a.point)
  return (
    <Facts>
      <Fact name={t('alarm.col.state')}>{t(`alarm.state.${a.state}`)}</Fact>
      <Fact name={t('alarm.priority')}>{t(`priority.${a.priority}`)}</Fact>
      <Fact name={t('alarm.class')}>{t(`class.${a.class}`, { defaultValue: a.class || '–' })}</Fact>
      <Fact name={t('alarm.raised')}>{full(a.raised)}</Fact>
      {a.called && <Fact name={t('alarm.called')}>{full(a.called)}</Fact>}
      {a.respond_s && <Fact name={t('alarm.respond')}>{span(a.respond_s)}</Fact>}
      {a.source && <Fact name={t('alarm.source')}>{full(a.source)}</Fact>}
      {a.returned && <Fact name={t('alarm.returned')}>{full(a.returned)}</Fact>}
      {a.acked && <Fact name={t('alarm.acked')}>{`${full(a.acked)} ${a.acked_by ?? ''}`}</Fact>}
      <Fact name={t('alarm.col.value')}>
        <AlarmValue alarm={a} />
      </Fact>
      {point && (
        <Fact name={t('alarm.now', { point: name(point) })}>
          <Value id={point.id} />
        </Fact>
      )}
      {a.shelved_to && <Fact name={t('alarm.shelved-to')}>{full(a.shelved_to)}</Fact>}
      {a.work_order && <Fact name={t('alarm.work-order')}>{a.work_order}</Fact>}
      {a.reason && <Fact name={t('reason')}>{a.reason}</Fact>}
      {a.design && <Fact name={t('alarm.by-design')}>{tx(a.design)}</Fact>}
      {a.parent && (
        <Fact name={t('alarm.parent')}>
          <Parent id={a.parent} open={open} />
        </Fact>
      )}
    </Facts>
  )
}

const times = [900, 3600, 4 * 3600, 12 * 3600] as const
const longestUrgent = 3600

function Acts({ alarm: a }: { alarm: Alarm }) {
  const { t, span } = useWords()
  const [reason, setReason] = useState('')
  const [seconds, setSeconds] = useState<number>(times[0])
  const noReason = reason.trim() ? '' : t('off.reason')
  const { session } = useConsole()
  const asked = useAsked(a, 'shelve')
  const urgent = a.priority === 1
  const fixed =
    a.class === 'fire' || a.class === 'safety'
      ? t('off.class')
      : urgent && !session.roles.includes('lead')
        ? t('off.lead')
        : asked
          ? t('off.asked')
          : ''
  const offered = times.filter((s) => !urgent || s <= longestUrgent)
  const done = () => setReason('')
  return (
    <div className="drawer-acts">
      {isUnacked(a) && (
        <Act right="alarm" onAct={() => acknowledge([a], reason)}>
          {t('alarm.ack')}
        </Act>
      )}
      <label className="filter-field">
        <span>{t('reason')}</span>
        <input value={reason} maxLength={500} onChange={(e) => setReason(e.target.value)} />
      </label>
      {a.state.startsWith('latched') && (
        <Act
          right="alarm"
          off={canReset(a) ? noReason : t('off.still-active')}
          onAct={() => reset(a, reason).then(done)}
        >
          {t('alarm.reset')}
        </Act>
      )}
      {a.state === 'shelved' ? (
        <Act right="alarm" off={noReason} onAct={() => unshelve(a, reason).then(done)}>
          {t('alarm.unshelve')}
        </Act>
      ) : (
        <div className="drawer-shelve">
          <label className="filter-field">
            <span>{t('alarm.shelve-for')}</span>
            <select value={seconds} onChange={(e) => setSeconds(Number(e.target.value))}>
              {offered.map((s) => (
                <option key={s} value={s}>
                  {span(s)}
                </option>
              ))}
            </select>
          </label>
          <Act right="alarm" off={fixed || noReason} onAct={() => shelve(a, seconds, reason).then(done)}>
            {t('alarm.shelve')}
          </Act>
          {!fixed && takesTwo(a, 'shelve') && <p className="muted">{t('alarm.two')}</p>}
        </div>
      )}
    </div>
  )
}

const relatedShown = 8

/** What the same cause brought about, the first-out before all others. */
function Related({ alarm: a, flood, open }: Omit<DrawerProps, 'close'>) {
  const { t } = useWords()
  const { clock } = useTimes()
  const text = useAlarmText()
  const asset = useAssetName()
  const all = useAlarmMap()
  const group = groupOf(flood, a.id)
  const ids = [...(group?.urgent ?? []), ...(group?.alarms ?? [])].filter((id) => id !== a.id)
  if (!group || ids.length === 0) return null
  ids.sort((x, y) => Number(y === group.first_out) - Number(x === group.first_out))
  return (
    <>
      <h3>{t('alarm.related')}</h3>
      {group.first_out === a.id && <p>① {t('alarm.first-out')}</p>}
      <ul className="related">
        {ids.slice(0, relatedShown).map((id) => {
          const other = all.get(id)
          return (
            <li key={id}>
              <button type="button" className="link-button" onClick={() => open(id)}>
                {id === group.first_out && '① '}
                {other ? `${text(other)} · ${asset(other.asset)}` : id}
              </button>
              <span className="muted"> {clock(other?.source ?? other?.raised)}</span>
            </li>
          )
        })}
      </ul>
      {ids.length > relatedShown && (
        <p className="muted">{t('alarm.related-more', { n: ids.length - relatedShown })}</p>
      )}
    </>
  )
}

function History({ alarm: a }: { alarm: Alarm }) {
  const { t } = useWords()
  const { full } = useTimes()
  const lines = useAlarmHistory(a.id, a.revision)
  return (
    <>
      <h3>{t('alarm.history')}</h3>
      {lines?.length === 0 && <p className="muted">{t('alarm.history-none')}</p>}
      <ul className="related">
        {lines?.map((l) => (
          <li key={l.seq}>
            {t(`alarm.state.${l.state}`)} <span className="muted">{full(l.time)}</span> {l.actor}
            {l.note ? (
              <span className="muted">
                {' '}
                {t('alarm.note-of')}: {l.note}
              </span>
            ) : (
              l.reason && <span className="muted"> {l.reason}</span>
            )}
          </li>
        ))}
      </ul>
    </>
  )
}

function PointTrend({ alarm: a }: { alarm: Alarm }) {
  const { t } = useWords()
  const { plant } = useConsole()
  const name = usePointName()
  const point = plant.points.get(a.point)
  if (!point || point.kind !== 'analog') return null
  const limits = a.unit && a.unit !== '-' ? [{ value: a.limit, label: t('alarm.limit') }] : []
  return (
    <>
      <h3>{t('alarm.trend')}</h3>
      <TrendPanel
        points={[point.id]}
        names={[name(point)]}
        unit={point.unit}
        limits={limits}
        height={160}
        seconds={1200}
      />
    </>
  )
}
