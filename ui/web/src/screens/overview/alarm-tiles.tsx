// Open alarms by priority, and the newest of them.

import { Link as Go } from 'wouter'
import { isOpen, priorities } from '../../live/order'
import { counts } from '../../live/tally'
import { millis } from '../../live/store'
import { useConsole } from '../../ui/context'
import { Glyph } from '../../ui/glyph'
import { useAlarmMap, useTally } from '../../ui/live'
import { Tile } from '../../ui/tile'
import { useAlarmText, useAssetName, useTimes, useWords } from '../../ui/text'

const shown = 5

export function AlarmTile() {
  const { t } = useWords()
  const all = counts(useTally())
  return (
    <Tile title={t('overview.alarms')} to="/a">
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">{t('alarm.priority')}</th>
            <th scope="col" className="right">
              {t('alarm.unacked')}
            </th>
            <th scope="col" className="right">
              {t('alarm.open')}
            </th>
          </tr>
        </thead>
        <tbody>
          {priorities.map((p) => {
            const c = all[p - 1] ?? { open: 0, unacked: 0 }
            return (
              <tr key={p}>
                <th scope="row">
                  <Glyph priority={p} state={c.open > 0 ? 'acknowledged' : 'normal'} silent />{' '}
                  {t(`priority.${p}`)}
                </th>
                <td className="right">{c.unacked}</td>
                <td className="right">{c.open}</td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </Tile>
  )
}

export function NewestTile() {
  const { t } = useWords()
  const alarms = useAlarmMap()
  const text = useAlarmText()
  const asset = useAssetName()
  const { clock } = useTimes()
  const { wall } = useConsole()
  const newest = [...alarms.values()]
    .filter(isOpen)
    .sort((a, b) => millis(b.raised) - millis(a.raised))
    .slice(0, shown)
  return (
    <Tile title={t('overview.newest')} to="/a" wide={!wall} half={wall}>
      {newest.length === 0 ? (
        <p className="muted">{t('overview.no-alarms')}</p>
      ) : (
        <ul className="lines">
          {newest.map((a) => (
            <li key={a.id}>
              <Glyph priority={a.priority} state={a.state} />
              <time>{clock(a.raised)}</time>
              <Go href={`/a?id=${encodeURIComponent(a.id)}`}>
                <strong>{asset(a.asset)}</strong> {text(a)}
              </Go>
            </li>
          ))}
        </ul>
      )}
    </Tile>
  )
}
