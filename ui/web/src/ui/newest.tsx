// The bottom row: the alarm a person should look at next, its acknowledgement, and the silence.

import { BellOff } from 'lucide-react'
import { Link as Go } from 'wouter'
import { foremost } from '../live/order'
import { acknowledge } from './alarm-acts'
import { Act } from './act'
import { useConsole } from './context'
import { Glyph } from './glyph'
import { useAlarmMap } from './live'
import { silence } from './silence'
import { SoundBlocked } from './announcer'
import { useAlarmText, useAssetName, useTimes, useWords } from './text'
import '../style/newest.css'

export function NewestAlarm() {
  const { t } = useWords()
  const { wall } = useConsole()
  const alarm = foremost(useAlarmMap().values())
  const text = useAlarmText()
  const asset = useAssetName()
  const { clock } = useTimes()
  return (
    <footer className="newest" aria-label={t('newest.label')}>
      {alarm ? (
        <div className="newest-alarm">
          <Glyph priority={alarm.priority} state={alarm.state} />
          <Go href={`/a?id=${encodeURIComponent(alarm.id)}`} className="newest-text">
            <span className="newest-time">{clock(alarm.raised)}</span> <strong>{asset(alarm.asset)}</strong>{' '}
            {text(alarm)}
          </Go>
          {!wall && (
            <Act right="alarm" onAct={() => acknowledge([alarm])}>
              {t('alarm.ack')}
            </Act>
          )}
        </div>
      ) : (
        <span className="muted newest-none">{t('newest.none')}</span>
      )}
      <SoundBlocked />
      <button
        type="button"
        className="button quiet"
        onClick={silence}
        aria-label={t('silence')}
        title="Shift+Space"
      >
        <BellOff aria-hidden />
        <span className="newest-silence">{t('silence')}</span>
      </button>
    </footer>
  )
}
