// The drills that run, on every screen: in which room, by whom, until when. It loads when there is one.

import { useEffect } from 'react'
import type { Heartbeat } from '../live/types'
import { useTimes, useWords } from './text'
import '../style/drill.css'

export default function DrillStrip({ drills }: { drills: NonNullable<Heartbeat['drills']> }) {
  const { t } = useWords()
  const { clock } = useTimes()
  const mark = t('drill')
  useEffect(() => {
    const plain = document.title
    document.title = `[${mark}] ${plain}`
    return () => {
      document.title = plain
    }
  }, [mark])
  return drills.map((d) => (
    <div key={d.room} className="banner drill-strip" data-kind="drill" role="status">
      <strong>{t('drill-strip', { room: d.room, who: d.by, until: clock(d.until) })}</strong>
      <span>{d.stage}</span>
    </div>
  ))
}
