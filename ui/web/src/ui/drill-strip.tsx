// A drill, on every screen: the mark across it, and of each room's drill where, by whom, until when and what stands in
// it. A real alarm breaks in above. It loads when there is a drill.

import { useEffect } from 'react'
import { Link as Go } from 'wouter'
import { foremost } from '../live/order'
import type { Drilled } from '../live/types'
import { useAlarmMap } from './live'
import { useAlarmText, useTimes, useWords } from './text'
import '../style/drill.css'

export default function DrillStrip({ drills }: { drills: readonly Drilled[] }) {
  const { t, tx } = useWords()
  const { clock } = useTimes()
  const mark = t('drill')
  useEffect(() => {
    const plain = document.title
    document.title = `[${mark}] ${plain}`
    return () => {
      document.title = plain
    }
  }, [mark])
  return (
    <>
      <div className="drill-mark" aria-hidden>
        {mark}
      </div>
      <Real />
      {drills.map((d) => (
        <div key={d.room} className="banner drill-strip" data-kind="drill" role="status">
          <strong>{t('drill-strip', { room: d.room, who: d.by, until: clock(d.until) })}</strong>
          <span>{d.stage}</span>
          {d.alarms?.[0] && <span>{tx(d.alarms[0].text, d.alarms[0].key)}</span>}
        </div>
      ))}
    </>
  )
}

/** Nobody may take what is real for a part of the drill. */
function Real() {
  const { t } = useWords()
  const text = useAlarmText()
  const alarm = foremost(useAlarmMap().values())
  if (!alarm || alarm.priority > 2) return null
  return (
    <div className="banner drill-real" role="alert">
      <strong>{t('drill-real')}</strong>
      <Go href={`/a?id=${encodeURIComponent(alarm.id)}`}>{text(alarm)}</Go>
    </div>
  )
}
