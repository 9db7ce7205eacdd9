// The processes of this node: since when, which build, by which files. And the three clocks people compare.

import { millis } from '../../live/store'
import type { System } from '../../live/system'
import { useHeartbeat, useNow } from '../../ui/live'
import { skew } from '../../ui/second'
import { Fact, Facts, Wide } from '../../ui/tile'
import { useTimes, useWords } from '../../ui/text'
import { Ago, Part, Well } from './parts'

/** The browser's clock may be so far off before it is worth a word. */
const clockOff = 2000

export function Processes({ system }: { system: System }) {
  const { t, lasts } = useWords()
  const { full } = useTimes()
  const hb = useHeartbeat()
  const now = useNow()
  const { field, desk } = system
  const up = (hb?.field ?? field.health)?.connected
  const since = (at: string | null) => (millis(at) ? lasts(now - millis(at)) : t('sys.not-known'))
  const rows = [
    { role: 'field', node: field, ok: up, at: millis(field.at) },
    { role: 'desk', node: desk, ok: true, at: millis(desk.at) },
  ] as const
  const off = skew()
  return (
    <Part id="processes" title={t('sys.processes')}>
      <Wide label={t('sys.processes')}>
        <table className="plain">
          <thead>
            <tr>
              <th scope="col">{t('sys.process')}</th>
              <th scope="col">{t('sys.state')}</th>
              <th scope="col">{t('sys.since')}</th>
              <th scope="col">{t('sys.build')}</th>
              <th scope="col">{t('sys.revision')}</th>
              <th scope="col">{t('sys.known')}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ role, node, ok, at }) => (
              <tr key={role}>
                <th scope="row">
                  {t(`sys.role.${role}`)} <span className="muted">{node.node}</span>
                </th>
                <td>
                  <Well ok={ok ?? null} />
                </td>
                <td title={full(node.started)}>{since(node.started)}</td>
                <td>
                  <code>{node.build || t('sys.not-known')}</code>
                </td>
                <td>
                  <code>{node.revision || t('sys.not-known')}</code>
                </td>
                <td>{at ? <Ago since={at} /> : t('sys.never')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Wide>
      <Facts>
        <Fact name={t('sys.points')}>{field.points ?? t('sys.not-known')}</Fact>
        <Fact name={t('sys.viewers')}>{desk.viewers ?? t('sys.not-known')}</Fact>
        <Fact name={t('sys.lag')}>
          {(desk.lag_ms ?? -1) < 0 ? t('sys.never') : t('sys.ms', { n: desk.lag_ms ?? 0 })}
        </Fact>
        <Fact name={t('sys.clock')}>{full(now)}</Fact>
        <Fact name={t('sys.clock-here')}>
          {Math.abs(off) < clockOff
            ? t('sys.clock-same')
            : t(off > 0 ? 'sys.clock-behind' : 'sys.clock-ahead', { time: lasts(Math.abs(off)) })}
        </Fact>
      </Facts>
    </Part>
  )
}
