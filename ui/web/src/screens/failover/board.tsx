// Services by tier against data centers: role, epoch, how far behind; above, what each site is.

import { byTier, cell, free, type Cell, type Role } from '../../live/failover'
import type { Group, Picture, Service, SiteState, Tri } from '../../live/picture'
import { millis } from '../../live/store'
import { useNames } from '../../ui/continuity'
import { Age } from '../../ui/quantity'
import { useWords } from '../../ui/text'
import { Fact, Facts, Wide } from '../../ui/tile'

const marks: Record<Role, string> = {
  primary: '■',
  replica: '□',
  'read-only': '◫',
  down: '✕',
  unknown: '?',
  none: '',
}

export function Board({ picture }: { picture: Picture }) {
  const { t } = useWords()
  const { sites } = picture
  return (
    <section className="panel" aria-labelledby="board-h">
      <h2 id="board-h">{t('board.title')}</h2>
      <Wide label={t('board.title')}>
        <table className="board">
          <thead>
            <tr>
              <td />
              {sites.map((s) => (
                <SiteHead key={s.id} site={s} />
              ))}
            </tr>
          </thead>
          {byTier(picture.groups).map((g) => (
            <GroupRows key={g.id} group={g} picture={picture} />
          ))}
        </table>
      </Wide>
      <ul className="board-legend" aria-label={t('board.legend')}>
        {(['primary', 'replica', 'read-only', 'down', 'unknown'] as const).map((r) => (
          <li key={r} data-role={r}>
            <span aria-hidden>{marks[r]}</span> {t(`site-role.${r}`)}
          </li>
        ))}
      </ul>
    </section>
  )
}

const ways: Record<Tri, string> = { yes: '✓', no: '✕', unknown: '?' }

function SiteHead({ site: s }: { site: SiteState }) {
  const { t, tx } = useWords()
  const left = free(s)
  const stages = Object.entries(s.stages ?? {}).filter(([, stage]) => stage > 0)
  return (
    <th scope="col" className="site" data-alive={s.alive}>
      <span className="site-name">
        {tx(s.name, s.id)} <span className="muted">{s.id}</span>
        {s.serving && <span className="chip">{t('site.serving')}</span>}
        {s.frozen && <span className="chip">{t('site.frozen')}</span>}
        {s.traffic === 'emergency' && <span className="chip">{t('site.emergency')}</span>}
      </span>
      <Facts>
        <Fact name={t('site.alive')}>
          <Yes tri={s.alive} word="alive" />
          {s.alive !== 'yes' && millis(s.seen) > 0 && <Age since={millis(s.seen)} />}
        </Fact>
        <Fact name={t('site.power')}>
          <Yes tri={s.power} word="power" />
        </Fact>
        <Fact name={t('site.free')}>
          {left === null ? '?' : `${Math.round(left * 100)} %`}
          {s.capacity > 0 && (
            <span className="muted">
              {' '}
              {t('site.load', { load: Math.round(s.load), capacity: Math.round(s.capacity) })}
            </span>
          )}
        </Fact>
        <Fact name={t('site.share')}>{s.share} %</Fact>
        {stages.length > 0 && (
          <Fact name={t('site.fire')}>
            <strong>{stages.map(([room, stage]) => t('site.stage', { room, stage })).join(' · ')}</strong>
          </Fact>
        )}
      </Facts>
    </th>
  )
}

function Yes({ tri, word }: { tri: Tri; word: 'alive' | 'power' }) {
  const { t } = useWords()
  return (
    <span data-tri={tri}>
      {ways[tri]} {t(`site.${word}-${tri}`)}
    </span>
  )
}

function GroupRows({ group, picture }: { group: Group; picture: Picture }) {
  const { t } = useWords()
  const names = useNames()
  return (
    <tbody>
      <tr className="board-group">
        <th scope="rowgroup" colSpan={picture.sites.length + 1}>
          {t('board.group', { id: group.id, tier: group.tier })}{' '}
          <span className="board-state" data-state={group.state}>
            {group.state ? t(`state.failover.${group.state}`) : '?'}
          </span>
          {group.state === 'HOLD' && group.hold && <span> · {t(`state.failover.${group.hold.from}`)}</span>}
        </th>
      </tr>
      {group.services.map((id) => (
        <tr key={id}>
          <th scope="row">
            <ServiceName
              id={id}
              service={picture.services.find((s) => s.id === id)}
              name={names.service(id)}
            />
          </th>
          {picture.sites.map((s) => (
            <RoleCell key={s.id} cell={cell(s, id)} />
          ))}
        </tr>
      ))}
    </tbody>
  )
}

const serviceMarks: Record<string, string> = {
  UP: '✓',
  WARNING: '▲',
  DOWN: '✕',
  MAINTENANCE: '⚒',
  UNKNOWN: '?',
}

function ServiceName({ id, name, service: s }: { id: string; name: string; service: Service | undefined }) {
  const { t } = useWords()
  const state = s?.state ?? 'UNKNOWN'
  return (
    <>
      <span className="service-name">{name}</span>
      {name !== id && <span className="muted"> {id}</span>}
      <span className="service-state" data-state={state} title={s?.reason}>
        {serviceMarks[state] ?? '?'} {t(`state.service.${state}`, { defaultValue: state })}
        {s && s.roots.length > 0 && s.state !== 'UP' && (
          <span className="muted"> {t('board.because', { of: s.roots.join(', ') })}</span>
        )}
      </span>
    </>
  )
}

function RoleCell({ cell: c }: { cell: Cell }) {
  const { t } = useWords()
  if (c.role === 'none') return <td className="cell muted">{t('board.not-here')}</td>
  const silent = c.role === 'down' || c.role === 'unknown'
  return (
    <td className="cell" data-role={c.role}>
      <span className="cell-role">
        <span aria-hidden>{marks[c.role]}</span> {t(`site-role.${c.role}`)}
      </span>
      {silent && c.last !== 'none' && c.last !== 'unknown' && (
        <span className="muted">{t('board.was', { role: t(`site-role.${c.last}`) })}</span>
      )}
      <span className="cell-facts muted">
        {c.epoch === null ? '' : t('epoch', { n: c.epoch })}
        {c.lag === null || silent ? '' : ` · ${t(c.lag === 0 ? 'board.level' : 'board.lag', { n: c.lag })}`}
      </span>
    </td>
  )
}
