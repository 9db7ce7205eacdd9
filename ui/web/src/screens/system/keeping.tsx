// What keeps the truth and the past: the field's journal and spool, and the keepers that drain the spool.

import { millis } from '../../live/store'
import { behindBy, type Keeper, type System } from '../../live/system'
import { useHeartbeat } from '../../ui/live'
import { Fact, Facts, Wide } from '../../ui/tile'
import { useTimes, useWords } from '../../ui/text'
import { Part, Size, Well } from './parts'

export function Keeping({ system }: { system: System }) {
  const { t } = useWords()
  const hb = useHeartbeat()
  const { field, desk } = system
  const health = hb?.field ?? field.health
  const heard = health?.connected ?? false
  const keepers = desk.history ?? []
  return (
    <Part id="keeping" title={t('sys.keeping')}>
      <h3>{t('sys.journal')}</h3>
      <Facts>
        <Fact name={t('sys.state')}>
          <Well ok={heard ? health?.journal_ok : null} />
        </Fact>
        <Fact name={t('sys.newest-entry')}>{field.journal_seq ?? t('sys.not-known')}</Fact>
        <Fact name={t('sys.gap')}>
          {health?.journal_gap ? <strong>{health.journal_gap}</strong> : t('none')}
        </Fact>
      </Facts>
      <h3>{t('sys.spool')}</h3>
      <Facts>
        <Fact name={t('sys.state')}>
          <Well ok={heard ? field.spool_ok : null} />
        </Fact>
        <Fact name={t('sys.held')}>
          {field.spool_bytes === undefined ? t('sys.not-known') : <Size bytes={field.spool_bytes} />}
          {field.spool_most ? (
            <>
              {' / '}
              <Size bytes={field.spool_most} />
            </>
          ) : null}
        </Fact>
        <Fact name={t('sys.evicted')}>
          {field.evicted === undefined ? (
            t('sys.not-known')
          ) : field.evicted > 0 ? (
            <strong>{field.evicted}</strong>
          ) : (
            t('none')
          )}
        </Fact>
      </Facts>
      <h3>{t('sys.history')}</h3>
      {keepers.length === 0 ? (
        <p className="muted">{t('sys.no-history')}</p>
      ) : (
        <Wide label={t('sys.history')}>
          <table className="plain">
            <thead>
              <tr>
                <th scope="col">{t('sys.keeper')}</th>
                <th scope="col">{t('sys.state')}</th>
                <th scope="col">{t('sys.reached')}</th>
                <th scope="col">{t('sys.behind')}</th>
                <th scope="col" className="right">
                  {t('sys.refused')}
                </th>
                <th scope="col">{t('sys.remarks')}</th>
              </tr>
            </thead>
            <tbody>
              {keepers.map((k) => (
                <Row key={k.name} keeper={k} at={millis(desk.at)} />
              ))}
            </tbody>
          </table>
        </Wide>
      )}
    </Part>
  )
}

function Row({ keeper: k, at }: { keeper: Keeper; at: number }) {
  const { t, lasts } = useWords()
  const { full } = useTimes()
  const by = behindBy(k, at)
  return (
    <tr data-down={!k.ok || undefined}>
      <th scope="row">{t(`sys.keeper.${k.name}`)}</th>
      <td>
        <Well ok={k.ok} />
      </td>
      <td>{k.reached ? full(k.reached) : t('sys.not-known')}</td>
      <td>{by > 0 ? <strong>{lasts(by)}</strong> : k.reached ? t('none') : t('sys.not-known')}</td>
      <td className="right">{k.refused}</td>
      <td className="remarks">
        {k.why && <span className="why">{k.why}</span>}
        {k.behind && <span>{t('sys.draining')}</span>}
        {(k.amended ?? 0) > 0 && <span>{t('sys.amended', { n: k.amended ?? 0 })}</span>}
        {k.name === 'influx' && <span>{t('sys.delivered', { n: k.points ?? 0 })}</span>}
      </td>
    </tr>
  )
}
