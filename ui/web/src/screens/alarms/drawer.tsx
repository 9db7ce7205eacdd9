// One alarm in full: what, limit, what follows, what to do, and the acts that need a reason.

import { useEffect, useRef, useState } from 'react'
import { X } from 'lucide-react'
import { canReset, isUnacked } from '../../live/order'
import type { Alarm } from '../../live/types'
import { acknowledge, reset, shelve, unshelve } from '../../ui/alarm-acts'
import { Act } from '../../ui/act'
import { useConsole } from '../../ui/context'
import { Glyph } from '../../ui/glyph'
import { Value } from '../../ui/quantity'
import { Fact, Facts } from '../../ui/tile'
import { TrendPanel } from '../../ui/trend-panel'
import { useAlarmText, useAssetName, usePointName, useTimes, useWords } from '../../ui/text'
import { AlarmValue } from './list'

export function AlarmDrawer({ alarm: a, close }: { alarm: Alarm; close: () => void }) {
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
      <AlarmFacts alarm={a} />
      <h3>{t('alarm.consequence')}</h3>
      <p>{tx(a.consequence) || t('alarm.not-given')}</p>
      <h3>{t('alarm.action')}</h3>
      <p>{tx(a.action) || t('alarm.not-given')}</p>
      <Acts alarm={a} />
      <PointTrend alarm={a} />
    </aside>
  )
}

function AlarmFacts({ alarm: a }: { alarm: Alarm }) {
  const { t } = useWords()
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
      {a.reason && <Fact name={t('reason')}>{a.reason}</Fact>}
      {a.parent && <Fact name={t('alarm.parent')}>{a.parent}</Fact>}
    </Facts>
  )
}

const times = [900, 3600, 4 * 3600, 12 * 3600] as const

function Acts({ alarm: a }: { alarm: Alarm }) {
  const { t, span } = useWords()
  const [reason, setReason] = useState('')
  const [seconds, setSeconds] = useState<number>(times[0])
  const noReason = reason.trim() ? '' : t('off.reason')
  const fixed = a.class === 'fire' || a.class === 'safety' ? t('off.class') : ''
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
              {times.map((s) => (
                <option key={s} value={s}>
                  {span(s)}
                </option>
              ))}
            </select>
          </label>
          <Act right="alarm" off={fixed || noReason} onAct={() => shelve(a, seconds, reason).then(done)}>
            {t('alarm.shelve')}
          </Act>
        </div>
      )}
    </div>
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
