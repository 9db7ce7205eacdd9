// Nothing declared: who would be called, by which ways, and what was signed in advance. What is wrong
// here is found before the night it matters.

import { PlusCircle } from 'lucide-react'
import type { Picture, StandingOrder } from '../../live/picture'
import { roll, type RollRow } from '../../live/committee'
import { useConsole } from '../../ui/context'
import { useNames } from '../../ui/continuity'
import { CrisisBand } from '../../ui/crisis'
import { useNarrow } from '../../ui/narrow'
import { PlaceFacts } from '../../ui/summons'
import { useTimes, useWords } from '../../ui/text'
import { Wide } from '../../ui/tile'
import { GlassButton } from './decide'
import { ReportButton } from './report'
import { seatWord } from './roll'

export function Calm({ picture }: { picture: Picture }) {
  const { t } = useWords()
  const { wall } = useConsole()
  return (
    <div className="war calm">
      <header className="war-head panel">
        <div className="war-name">
          <CrisisBand picture={picture} />
          <h1>{t('calm.title')}</h1>
        </div>
        <p>{t('calm.text')}</p>
        <PlaceFacts place={picture.place} />
        {!wall && (
          <div className="buttons war-acts">
            <ReportButton picture={picture}>
              <PlusCircle aria-hidden /> {t('report.open')}
            </ReportButton>
            <GlassButton picture={picture} />
          </div>
        )}
      </header>
      <div className="calm-grid">
        <Called picture={picture} />
        <div className="calm-side">
          <Orders orders={picture.orders} />
          <Books picture={picture} />
          <Teams picture={picture} />
        </div>
      </div>
    </div>
  )
}

function Called({ picture }: { picture: Picture }) {
  const { t } = useWords()
  const narrow = useNarrow()
  const rows = roll(picture)
  return (
    <section className="panel" aria-labelledby="called-h">
      <h2 id="called-h">{t('calm.called', { n: rows.length })}</h2>
      {narrow ? (
        <ul className="lines">
          {rows.map((r) => (
            <CalledLine key={r.person.id} row={r} />
          ))}
        </ul>
      ) : (
        <CalledTable rows={rows} />
      )}
    </section>
  )
}

function CalledTable({ rows }: { rows: RollRow[] }) {
  const { t } = useWords()
  return (
    <Wide label={t('calm.called', { n: rows.length })}>
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">{t('calm.person')}</th>
            <th scope="col">{t('calm.seat')}</th>
            <th scope="col">{t('calm.channels')}</th>
            <th scope="col">{t('calm.deputies')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((r) => (
            <CalledRow key={r.person.id} row={r} />
          ))}
        </tbody>
      </table>
    </Wide>
  )
}

function CalledRow({ row }: { row: RollRow }) {
  const { t, tx } = useWords()
  return (
    <tr>
      <th scope="row">
        <strong>{tx(row.person.name, row.person.id)}</strong>
      </th>
      <td>{row.seat ? seatWord(row.seat, t) : t('seat.none')}</td>
      <td>
        <Ways row={row} />
      </td>
      <td>
        <Deputies row={row} />
      </td>
    </tr>
  )
}

/** The same on a phone, where four columns would hide the last two. */
function CalledLine({ row }: { row: RollRow }) {
  const { t, tx } = useWords()
  return (
    <li>
      <strong>{tx(row.person.name, row.person.id)}</strong>
      <span className="muted">{row.seat ? seatWord(row.seat, t) : t('seat.none')}</span>
      <Ways row={row} />
      {row.person.deputies.length > 0 && (
        <span className="muted">
          {t('calm.deputy')} <Deputies row={row} />
        </span>
      )}
    </li>
  )
}

function Ways({ row }: { row: RollRow }) {
  const { t } = useWords()
  const channels = row.person.channels.map((c) => t(`channel-kind.${c}`, { defaultValue: c }))
  return channels.length > 0 ? <span>{channels.join(' → ')}</span> : <strong>✕ {t('calm.no-channel')}</strong>
}

function Deputies({ row }: { row: RollRow }) {
  const { t } = useWords()
  const names = useNames()
  const { deputies } = row.person
  if (deputies.length === 0) return <span className="muted">{t('calm.no-deputy')}</span>
  return <span>{deputies.map((d) => names.person(d)).join(' → ')}</span>
}

function Orders({ orders }: { orders: StandingOrder[] }) {
  const { t } = useWords()
  return (
    <section className="panel" aria-labelledby="orders-h">
      <h2 id="orders-h">{t('orders.title')}</h2>
      {orders.length === 0 && <p className="muted">{t('orders.none')}</p>}
      <ul className="orders">
        {orders.map((o) => (
          <Order key={o.id} order={o} />
        ))}
      </ul>
    </section>
  )
}

function Order({ order: o }: { order: StandingOrder }) {
  const { t } = useWords()
  const { full } = useTimes()
  const names = useNames()
  const state = o.valid ? 'valid' : o.revoked ? 'revoked' : 'invalid'
  return (
    <li data-state={state}>
      <p>
        <strong>
          {o.valid ? '✓' : '✕'} {t(`orders.${state}`)}
        </strong>{' '}
        {o.id} · {o.sites.map((s) => names.site(s)).join(', ')}
      </p>
      <p>{o.text}</p>
      <p className="muted">
        {o.signed
          .map((s) => t('orders.signed', { who: names.person(s.person), on: full(s.at).slice(0, 10) }))
          .join(' · ')}
      </p>
    </li>
  )
}

function Books({ picture }: { picture: Picture }) {
  const { t, tx } = useWords()
  return (
    <section className="panel" aria-labelledby="books-h">
      <h2 id="books-h">{t('books.title')}</h2>
      {picture.playbooks.length === 0 && <p className="muted">{t('books.none')}</p>}
      <ul className="lines">
        {picture.playbooks.map((b) => (
          <li key={b.id}>
            <strong>{tx(b.title, b.id)}</strong>
            <span>{t('books.steps', { n: b.steps.length })}</span>
            <span className="muted">
              {b.begins
                ? t('books.begins', { kind: t(`evidence-kind.${b.begins}`, { defaultValue: b.begins }) })
                : t('books.by-people')}
            </span>
            <span className="muted">{tx(b.text)}</span>
          </li>
        ))}
      </ul>
    </section>
  )
}

function Teams({ picture }: { picture: Picture }) {
  const { t, tx } = useWords()
  const names = useNames()
  if (picture.teams.length === 0) return null
  return (
    <section className="panel" aria-labelledby="teams-h">
      <h2 id="teams-h">{t('teams.title')}</h2>
      <ul className="lines">
        {picture.teams.map((x) => (
          <li key={x.id}>
            <strong>{tx(x.name, x.id)}</strong>
            <span>{t('teams.lead', { who: names.person(x.lead) })}</span>
            {x.deputy && <span className="muted">{t('step.deputy', { name: names.person(x.deputy) })}</span>}
            {(x.duties ?? []).length > 0 && <span className="muted">{(x.duties ?? []).join(', ')}</span>}
          </li>
        ))}
      </ul>
    </section>
  )
}
