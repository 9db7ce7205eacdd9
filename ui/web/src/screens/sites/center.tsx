// One data center: who of it was heard when, its battery rooms, its power, its worst alarm, what the messenger says of it,
// and, where it burns or is silent, the last that came from it.

import { heardAgo, needsLook, type Center } from '../../live/sites'
import { EntryLine } from '../../ui/entry-line'
import { useSaid } from '../../ui/said'
import { useAssetName, useWords } from '../../ui/text'
import { Fact, Facts, Wide } from '../../ui/tile'

export function CenterCard({ center: c, alone, age }: { center: Center; alone: boolean; age: number }) {
  const { t, tx } = useWords()
  const said = useSaid()
  const id = `center-${c.id}`
  const unheard = c.nodes === null || c.nodes.length === 0
  return (
    <section className="panel center" aria-labelledby={id} data-attention={needsLook(c) || undefined}>
      <h2 id={id}>
        {tx(c.names, c.id)} <span className="muted">{c.id}</span>
      </h2>
      {c.says && (
        <p role="status">
          <strong>{said(c.says)}</strong>
        </p>
      )}
      {unheard && <p className="muted">{t(c.state === 'unheard' ? 'sites.no-node' : 'sites.no-word')}</p>}
      {!unheard && <State center={c} />}
      <Messenger center={c} />
      {!unheard && !alone && <Nodes center={c} age={age} />}
    </section>
  )
}

/** The last that came from a center that burns or is silent, newest first. */
export function LastWords({ center: c }: { center: Center }) {
  const { t, tx } = useWords()
  const entries = c.entries ?? []
  if (entries.length === 0) return null
  return (
    <details className="panel last-words" open={needsLook(c)}>
      <summary>{t('sites.entries', { site: tx(c.names, c.id), n: entries.length })}</summary>
      <ul>
        {entries.map((e) => (
          <EntryLine key={e.seq} entry={e} group="other" />
        ))}
      </ul>
    </details>
  )
}

function State({ center: c }: { center: Center }) {
  const { t, tx } = useWords()
  const asset = useAssetName()
  const rooms = c.rooms ?? []
  const signs = c.signs ?? []
  const worst = tx(c.worst)
  return (
    <Facts>
      <Fact name={t('sites.rooms')}>
        {rooms.length === 0 ? t('none') : rooms.map((r) => <RoomWord key={r.room} room={r} />)}
      </Fact>
      <Fact name={t('sites.power')}>
        {signs.length === 0
          ? t('sites.power-nothing')
          : signs.map((s) => (
              <strong key={s.kind + (s.subject ?? '')} className="line">
                {t(`evidence-kind.${s.kind}`, { defaultValue: s.kind })}
                {s.subject && ` · ${asset(s.subject)}`}
              </strong>
            ))}
      </Fact>
      <Fact name={t('sites.alarms')}>
        {t('sites.alarm-count', { one: c.alarms[0], two: c.alarms[1] })}
        {worst && <span className="line">{worst}</span>}
      </Fact>
    </Facts>
  )
}

function RoomWord({ room: r }: { room: { room: string; stage: string; votes: number } }) {
  const { t } = useWords()
  const asset = useAssetName()
  return (
    <span className="line">
      {asset(r.room)}: {r.stage !== 'unknown' && `${r.stage} `}
      {t(`stage.${r.stage}`, { defaultValue: r.stage })}
      {r.votes > 0 && ` · ${t('sites.votes', { n: r.votes })}`}
    </span>
  )
}

/** What the messenger itself tells of its part there. */
function Messenger({ center: c }: { center: Center }) {
  const { t } = useWords()
  const m = c.messenger
  const groups = c.groups ?? []
  if (!m && groups.length === 0) return null
  return (
    <Facts>
      <Fact name={t('sites.serves')}>
        {groups
          .filter((g) => g.part !== 'none')
          .map((g) => (
            <span className="line" key={g.group}>
              {t(`sites.part.${g.part}`, { group: g.group })} ·{' '}
              {t(`state.failover.${g.state}`, { defaultValue: g.state })}
            </span>
          ))}
        {groups.every((g) => g.part === 'none') && t('sites.part.none')}
      </Fact>
      {m && (
        <Fact name={t('sites.messenger')}>
          {t(`sites.messenger-${m.alive}`)}
          {m.alive === 'yes' && ` · ${t('sites.share', { n: m.share })}`}
        </Fact>
      )}
    </Facts>
  )
}

function Nodes({ center: c, age }: { center: Center; age: number }) {
  const { t, lasts } = useWords()
  return (
    <Wide label={t('sites.nodes')}>
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">{t('sites.node')}</th>
            <th scope="col">{t('sites.last-heard')}</th>
            <th scope="col">{t('sites.telemetry')}</th>
            <th scope="col">{t('sites.believes')}</th>
          </tr>
        </thead>
        <tbody>
          {(c.nodes ?? []).map((n) => (
            <tr key={n.node}>
              <th scope="row">
                {n.node}
                {n.leads && ` · ${t('sites.leads')}`}
              </th>
              <td>{t('sites.ago', { time: lasts(heardAgo(n, age) ?? 0) })}</td>
              <td>{n.telemetry_ms < 0 ? t('sites.no-telemetry') : lasts(n.telemetry_ms)}</td>
              <td>{n.leader || t('sites.nobody')}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Wide>
  )
}
