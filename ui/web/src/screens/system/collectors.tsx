// The processes that serve links beside the field's own: whether they are there, what they have, and how long a sample takes
// through them. A site without any has no such part.

import { millis } from '../../live/store'
import type { Collector, System } from '../../live/system'
import { useNow } from '../../ui/live'
import { Wide } from '../../ui/tile'
import { useTimes, useWords } from '../../ui/text'
import { Part, Well } from './parts'

/** Clocks that are further apart are worth a word. */
const clockOff = 500

export function Collectors({ system }: { system: System }) {
  const { t } = useWords()
  const all = system.field.collectors ?? []
  if (all.length === 0) return null
  const rows = [...all].sort((a, b) => Number(a.connected) - Number(b.connected))
  return (
    <Part id="collectors" title={t('sys.collectors')} note={t('sys.collectors-note')}>
      <Wide label={t('sys.collectors')}>
        <table className="plain">
          <thead>
            <tr>
              <th scope="col">{t('sys.collector')}</th>
              <th scope="col">{t('sys.state')}</th>
              <th scope="col">{t('sys.collector-since')}</th>
              <th scope="col">{t('sys.collector-links')}</th>
              <th scope="col" className="right">
                {t('sys.collector-lag')}
              </th>
              <th scope="col">{t('sys.build')}</th>
              <th scope="col">{t('sys.remarks')}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((c) => (
              <Row key={c.name} collector={c} />
            ))}
          </tbody>
        </table>
      </Wide>
    </Part>
  )
}

function Row({ collector: c }: { collector: Collector }) {
  const { t, lasts } = useWords()
  const { full } = useTimes()
  const now = useNow()
  const counts = (['late', 'refused', 'evicted'] as const).filter((what) => c[what] > 0)
  return (
    <tr data-down={!c.connected || undefined}>
      <th scope="row">
        <strong>{c.name}</strong>
        {c.from && c.from !== '@' && <span className="link-where">{c.from}</span>}
      </th>
      <td>
        <Well ok={c.connected} word={t(c.connected ? 'sys.collector-up' : 'sys.collector-away')} />
      </td>
      <td title={full(c.since)}>{millis(c.since) ? lasts(now - millis(c.since)) : t('sys.never')}</td>
      <td title={c.links.join(', ')}>{t('sys.collector-of', { n: c.links.length, own: c.own })}</td>
      <td className="right">{c.connected ? t('sys.ms', { n: c.lag_ms }) : '–'}</td>
      <td>
        <code>{c.build || t('sys.not-known')}</code>
      </td>
      <td className="remarks">
        {c.why && <span className="why">{c.why}</span>}
        {Math.abs(c.clock_ms) >= clockOff && (
          <span>{t('sys.collector-clock', { time: lasts(Math.abs(c.clock_ms)) })}</span>
        )}
        {counts.map((what) => (
          <span key={what}>{t(`sys.collector-${what}`, { n: c[what] })}</span>
        ))}
      </td>
    </tr>
  )
}
