// Orders to equipment: what can be ordered, found by its name or place, and what was, with how far it came.

import { useQuery } from '@tanstack/react-query'
import { useDeferredValue, useMemo, useState } from 'react'
import { useLocation, useParams } from 'wouter'
import { all } from '../../api/client'
import { verbOf, type Order } from '../../live/orders'
import { useConsole } from '../../ui/context'
import { useCommands, useView } from '../../ui/live'
import { OrderDialog } from '../../ui/order-dialog'
import { Abort, Progress } from '../../ui/order-parts'
import { SignDialog } from '../../ui/sign-dialog'
import { Failed, Loading } from '../../ui/states'
import { useAssetName, useTimes, useWords } from '../../ui/text'
import type { CommandRecord } from '../../live/types'
import '../../style/orders.css'

const most = 60

export default function Orders() {
  useView('battery') // the second person of an act in a room sees that room's readings
  const { t } = useWords()
  const { record: wanted } = useParams<{ record?: string }>()
  const [, go] = useLocation()
  const [open, setOpen] = useState('')
  const records = useCommands()
  const signing = records.find((r) => r.id === wanted)
  return (
    <>
      <h1 className="screen-title">{t('nav.orders')}</h1>
      <div className="orders">
        <section className="panel" aria-labelledby="orders-h">
          <h2 id="orders-h">{t('cmd.list')}</h2>
          <Catalogue open={setOpen} />
        </section>
        <section className="panel" aria-labelledby="given-h">
          <h2 id="given-h">{t('cmd.given')}</h2>
          <Records records={records} open={(id) => go(`/c/${id}`)} />
        </section>
        {open && <OrderDialog id={open} close={() => setOpen('')} />}
        {signing && <SignDialog key={signing.id} record={signing} close={() => go('/c')} />}
      </div>
    </>
  )
}

function Catalogue({ open }: { open: (id: string) => void }) {
  const { t, tx } = useWords()
  const { site, wall } = useConsole()
  const asset = useAssetName()
  const [text, setText] = useState('')
  const wanted = useDeferredValue(text.trim().toLowerCase())
  const { data, error, refetch } = useQuery({
    queryKey: ['orders', site.revision],
    queryFn: () => all<Order>('orders'),
    staleTime: Infinity,
  })
  const found = useMemo(
    () =>
      (data ?? []).filter((o) =>
        `${o.id} ${o.names.ko} ${o.names.en} ${o.level}`.toLowerCase().includes(wanted),
      ),
    [data, wanted],
  )
  if (error) return <Failed error={error} retry={() => void refetch()} />
  if (!data) return <Loading rows={6} />
  return (
    <>
      <label className="orders-find">
        <span>{t('cmd.find')}</span>
        <input type="search" value={text} onChange={(e) => setText(e.target.value)} />
      </label>
      <p className="muted" role="status">
        {t('cmd.found', { n: found.length, shown: Math.min(found.length, most) })}
      </p>
      <ul className="orders-list">
        {found.slice(0, most).map((o) => (
          <li key={o.id}>
            <span className="chip">{o.level}</span>
            <span className="orders-name">
              {tx(o.names, o.id)} <span className="muted">{asset(o.asset)}</span>
            </span>
            <span className="order-tag">{o.id}</span>
            {!wall && (
              <button
                type="button"
                className="button"
                aria-label={t('cmd.open-of', { what: `${tx(o.names, o.id)} ${o.id}` })}
                onClick={() => open(o.id)}
              >
                {t('cmd.open')}
              </button>
            )}
          </li>
        ))}
      </ul>
    </>
  )
}

function Records({ records, open }: { records: readonly CommandRecord[]; open: (id: string) => void }) {
  const { t } = useWords()
  const { clock } = useTimes()
  const newest = records
    .filter((r) => r.by !== 'fire')
    .slice(-20)
    .reverse()
  if (newest.length === 0) return <p className="muted">{t('cmd.none')}</p>
  return (
    <ul className="orders-records">
      {newest.map((r) => (
        <li key={r.id}>
          <p>
            <button type="button" className="button quiet order-tag" onClick={() => open(r.id)}>
              {r.kind ? `${t(`cmd.kind-${verbOf(r.kind)}`)} ${r.name.slice(r.kind.length + 1)}` : r.command}
            </button>{' '}
            <span className="muted">
              {t('cmd.first-at', { who: r.second ? `${r.by}, ${r.second}` : r.by, at: clock(r.requested) })}
            </span>
          </p>
          <Progress record={r} />
          <Abort record={r} />
        </li>
      ))}
    </ul>
  )
}
