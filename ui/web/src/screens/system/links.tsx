// Every link to the field: what it last brought, when it is tried again, and why it fails. Links that are down stand first.

import { millis } from '../../live/store'
import { oddities } from '../../live/system'
import type { Link } from '../../live/types'
import { useNow } from '../../ui/live'
import { Empty } from '../../ui/states'
import { Wide } from '../../ui/tile'
import { useWords } from '../../ui/text'
import { Ago, Part, Well } from './parts'

export function LinkTable({
  links,
  known,
  shared,
}: {
  links: readonly Link[]
  known: number
  shared: boolean
}) {
  const { t } = useWords()
  const rows = [...links].sort((a, b) => Number(a.connected) - Number(b.connected))
  if (rows.length === 0)
    return (
      <Part id="links" title={t('sys.links')}>
        <Empty title={t('sys.no-links')}>{known ? undefined : t('sys.no-field')}</Empty>
      </Part>
    )
  return (
    <Part id="links" title={t('sys.links')}>
      <Wide label={t('sys.links')}>
        <table className="plain">
          <thead>
            <tr>
              <th scope="col">{t('sys.link')}</th>
              <th scope="col">{t('sys.state')}</th>
              <th scope="col">{t('sys.last-good')}</th>
              <th scope="col">{t('sys.next-try')}</th>
              <th scope="col" className="right">
                {t('sys.requests')}
              </th>
              <th scope="col" className="right">
                {t('sys.failures')}
              </th>
              <th scope="col" className="right">
                {t('sys.overruns')}
              </th>
              <th scope="col">{t('sys.remarks')}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((l) => (
              <Row key={l.id} link={l} shared={shared} />
            ))}
          </tbody>
        </table>
      </Wide>
    </Part>
  )
}

function Row({ link: l, shared }: { link: Link; shared: boolean }) {
  const { t, lasts } = useWords()
  const now = useNow()
  const wait = millis(l.next_try) - now
  const odd = oddities(l)
  return (
    <tr data-down={!l.connected || undefined}>
      <th scope="row">
        <strong>{l.id}</strong>
        <span className="link-where">
          {t(`sys.protocol.${l.protocol}`, { defaultValue: l.protocol })} · {l.address}
        </span>
        {shared && (
          <span className="link-where">
            {l.owner
              ? t(l.owner === 'field' ? 'sys.owner.field' : 'sys.owner', { name: l.owner })
              : t('sys.no-owner')}
          </span>
        )}
      </th>
      <td>
        <Well ok={l.connected} word={t(l.connected ? 'sys.link-up' : 'sys.link-down')} />
      </td>
      <td>{l.last_good ? <Ago since={millis(l.last_good)} /> : t('sys.never')}</td>
      <td>
        {!l.connected && l.next_try ? (wait > 0 ? t('sys.in', { time: lasts(wait) }) : t('sys.trying')) : '–'}
      </td>
      <td className="right">{l.requests}</td>
      <td className="right">{l.failures}</td>
      <td className="right">{l.overruns}</td>
      <td className="remarks">
        {l.error && <span className="why">{l.error}</span>}
        {odd.map((o) => (
          <span key={o.key}>{t(`sys.odd.${o.key}`, { n: o.n })}</span>
        ))}
      </td>
    </tr>
  )
}
