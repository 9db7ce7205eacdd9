// What stands in a drill, apart from the real alarms and marked in every row: a drill must be seen, and never counted.

import type { Drilled } from '../../live/types'
import { useHeartbeat } from '../../ui/live'
import { useTimes, useWords } from '../../ui/text'

export function DrillAlarms() {
  return useHeartbeat()?.drills?.map((d) => <OfRoom key={d.room} drill={d} />)
}

function OfRoom({ drill: d }: { drill: Drilled }) {
  const { t, tx } = useWords()
  const { clock } = useTimes()
  return (
    <section className="panel alarms-drill" aria-labelledby={`drill-${d.room}`}>
      <h2 id={`drill-${d.room}`}>
        {t('alarm.drill')} · {d.room} {d.stage}
      </h2>
      <p className="muted">{t(d.alarms?.length ? 'alarm.drill-means' : 'alarm.drill-none')}</p>
      <ul>
        {d.alarms?.map((a) => (
          <li key={a.key}>
            <span className="chip drill">{t('drill')}</span>
            <span className="muted">{t('alarm.drill-priority', { n: a.priority })}</span>
            <span>{clock(a.since)}</span>
            <span>{tx(a.text, a.key)}</span>
          </li>
        ))}
      </ul>
    </section>
  )
}
