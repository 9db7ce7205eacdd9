// What all sites share: whether the common journal takes writes, who leads it, its servers, and how far this field's
// entries are carried there. Nothing of it stands on a site of its own.

import { Link as Go } from 'wouter'
import { millis } from '../../live/store'
import type { System } from '../../live/system'
import { useContinuity } from '../../ui/continuity'
import { Fact, Facts, Wide } from '../../ui/tile'
import { useTimes, useWords } from '../../ui/text'
import { Archived } from './archive'
import { Ago, Part, Size, Well } from './parts'

export function Common({ system }: { system: System }) {
  const { t } = useWords()
  const { full } = useTimes()
  const { picture, absent } = useContinuity()
  const members = system.desk.members ?? []
  const relay = system.desk.relay
  if (absent && members.length === 0) return null
  const c = picture?.control
  const waits =
    relay && system.field.journal_seq ? Math.max(0, system.field.journal_seq - relay.seq) : undefined
  return (
    <Part id="common" title={t('sys.common')}>
      <p>
        <Go href="/sites">{t('nav.sites')}</Go>
      </p>
      <Facts>
        <Fact name={t('sys.quorum')}>
          <Well ok={c?.quorum ?? null} word={c ? t(c.quorum ? 'sys.writes' : 'sys.read-only') : undefined} />
        </Fact>
        <Fact name={t('sys.leader')}>
          {c?.leader || t('sys.not-known')}
          {c?.leads && ` (${t('sys.here')})`}
        </Fact>
        <Fact name={t('sys.epoch')}>{c?.epoch ?? t('sys.not-known')}</Fact>
        <Fact name={t('sys.leads-since')}>{c?.since ? full(c.since) : '–'}</Fact>
        <Fact name={t('sys.relay')}>
          {!relay ? (
            t('sys.not-known')
          ) : relay.why ? (
            <strong>{t('sys.relay-stands')}</strong>
          ) : (
            t('sys.relay-runs')
          )}
          {waits !== undefined && waits > 0 && ` · ${t('sys.relay-waits', { n: waits })}`}
        </Fact>
      </Facts>
      {c?.why && <p className="why">{c.why}</p>}
      {relay?.why && <p className="why">{relay.why}</p>}
      {system.desk.archive && <Archived archive={system.desk.archive} />}
      {members.length > 0 && (
        <Wide label={t('sys.members')}>
          <table className="plain">
            <thead>
              <tr>
                <th scope="col">{t('sys.member')}</th>
                <th scope="col">{t('sys.state')}</th>
                <th scope="col">{t('sys.last-answer')}</th>
                <th scope="col" className="right">
                  {t('sys.index')}
                </th>
                <th scope="col" className="right">
                  {t('sys.stored')}
                </th>
                <th scope="col">{t('sys.remarks')}</th>
              </tr>
            </thead>
            <tbody>
              {members.map((m) => (
                <tr key={m.name} data-down={!m.ok || undefined}>
                  <th scope="row">
                    <strong>{m.name}</strong>
                    <span className="link-where">{m.address}</span>
                  </th>
                  <td>
                    <Well ok={m.ok} />
                  </td>
                  <td>{m.at ? <Ago since={millis(m.at)} /> : t('sys.never')}</td>
                  <td className="right">{m.index ?? '–'}</td>
                  <td className="right">{m.bytes ? <Size bytes={m.bytes} /> : '–'}</td>
                  <td className="remarks">
                    {m.leader && <span>{t('sys.leads-servers')}</span>}
                    {m.why && <span className="why">{m.why}</span>}
                    {m.ends && <span>{t('sys.certificate-until', { time: full(m.ends) })}</span>}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Wide>
      )}
    </Part>
  )
}
