// The dialog of one order: actual state, what must hold, what happens then and who is told, and as much proof as the
// order's level takes. Afterwards it shows how far the order has come.

import { useQuery } from '@tanstack/react-query'
import { useEffect, useState, type ReactNode } from 'react'
import { Dialog, Heading, Modal, ModalOverlay } from 'react-aria-components'
import { get, newKey, post, segment } from '../api/client'
import { levelNumber, type OrderNow, type Told } from '../live/orders'
import type { CommandRecord } from '../live/types'
import { problemText, useOff } from './act'
import { useConsole } from './context'
import { Hold } from './hold'
import { IsolationPlan } from './isolation'
import { useCommands } from './live'
import { Abort, Checks, Progress } from './order-parts'
import { useAssetName, useWords } from './text'
import '../style/dialog.css'
import '../style/orders.css'

export function Sheet({ title, close, children }: { title: string; close: () => void; children: ReactNode }) {
  return (
    <ModalOverlay className="overlay" isOpen onOpenChange={(open) => !open && close()} isDismissable={false}>
      <Modal className="modal">
        <Dialog className="dialog">
          <Heading slot="title">{title}</Heading>
          {children}
        </Dialog>
      </Modal>
    </ModalOverlay>
  )
}

/** An order as it stands, asked for again every second while somebody looks at it. */
export function useOrder(id: string) {
  return useQuery({
    queryKey: ['order', id],
    queryFn: () => get<OrderNow>(`orders/${segment(id)}`),
    refetchInterval: 1000,
    staleTime: 0,
    gcTime: 0,
  })
}

export function OrderDialog({ id, close }: { id: string; close: () => void }) {
  const { t, tx } = useWords()
  const { data: order, isError } = useOrder(id)
  const [given, setGiven] = useState<CommandRecord | null>(null)
  return (
    <Sheet title={order ? tx(order.names, id) : id} close={close}>
      {order && <Facts order={order} stale={isError} />}
      {!order && <p role="status">{t(isError ? 'cmd.unknown' : 'cmd.loading')}</p>}
      {given ? (
        <Given record={given} close={close} />
      ) : (
        order && <Form {...{ order, stale: isError, close, setGiven }} />
      )}
    </Sheet>
  )
}

export function Facts({ order, stale }: { order: OrderNow; stale: boolean }) {
  const { t, tx } = useWords()
  const asset = useAssetName()
  const inWords = (v: number) => tx(order.shows?.[v], `${v} ${order.span?.unit ?? ''}`.trim())
  const show = (v: number | null) => (v === null ? t(`cmd.quality-${order.quality}`) : inWords(v))
  return (
    <>
      <p className="dialog-asset">
        {t('danger.asset', { asset: asset(order.asset) })} <span className="chip">{order.level}</span>
      </p>
      <p className="order-tag">{order.id}</p>
      <dl className="order-facts">
        <dt>{t('cmd.actual')}</dt>
        <dd data-stale={stale || undefined}>{stale ? t('cmd.unknown') : show(order.actual)}</dd>
        <dt>{t('cmd.target')}</dt>
        <dd>
          {order.span
            ? t('cmd.span', { min: order.span.min, max: order.span.max, unit: order.span.unit })
            : show(order.equals)}
        </dd>
        <dt>{t('cmd.proof')}</dt>
        <dd>{t('cmd.proof-by', { point: tx(order.feedback_names, order.feedback), s: order.deadline_s })}</dd>
      </dl>
      <h3>{t('cmd.checks')}</h3>
      <Checks checks={order.checks} />
      <h3>{t('cmd.effects')}</h3>
      <ul className="dialog-consequences">
        {(order.effects ?? []).map((e) => (
          <li key={e.en}>{tx(e)}</li>
        ))}
        {order.select && <li>{t('cmd.selects', { what: order.select })}</li>}
        {order.sends > 1 && <li>{t('cmd.sends', { n: order.sends })}</li>}
        <li>{order.fallback ? t('cmd.falls-back', { what: order.fallback }) : t('cmd.fails-to-alarm')}</li>
      </ul>
      {order.opens && <IsolationPlan asset={order.asset} order={order.id} />}
      <ToldList told={order.told ?? []} />
    </>
  )
}

/** Who learns of it at once; everybody else reads it in the journal. */
function ToldList({ told }: { told: readonly Told[] }) {
  const { t, tx } = useWords()
  const names = (of: readonly Told[]) => of.map((p) => tx(p.names, p.user)).join(', ')
  const lines = [
    ['cmd.told-here', told.filter((p) => p.here)],
    ['cmd.told-signs', told.filter((p) => p.signs)],
    ['cmd.told-alarms', told.filter((p) => p.alarms && !p.here)],
  ] as const
  return (
    <>
      <h3>{t('cmd.told')}</h3>
      <ul className="dialog-consequences">
        {lines.map(([key, of]) => of.length > 0 && <li key={key}>{t(key, { who: names(of) })}</li>)}
        <li>{t('cmd.told-journal')}</li>
      </ul>
    </>
  )
}

interface FormProps {
  order: OrderNow
  stale: boolean
  close: () => void
  setGiven: (r: CommandRecord) => void
}

const blank = { value: '', reason: '', typed: '', password: '' }

function useMissing(order: OrderNow, stale: boolean, d: typeof blank): string {
  const { t } = useWords()
  const { session } = useConsole()
  const n = levelNumber(order.level)
  const off = useOff('command')
  if (off) return off
  if (order.call) return t('cmd.in-room')
  if (!order.roles.some((r) => session.roles.includes(r)))
    return t('off.role', { roles: order.roles.map((r) => t(`role.${r}`)).join(', ') })
  if (stale) return t('cmd.unknown')
  if (!order.ready) return t('cmd.not-ready')
  const v = Number(d.value)
  if (order.span && (d.value.trim() === '' || !(v >= order.span.min && v <= order.span.max)))
    return t('cmd.span', { min: order.span.min, max: order.span.max, unit: order.span.unit })
  if (n >= 1 && !d.reason.trim()) return t('danger.missing', { what: t('reason') })
  if (n >= 3 && d.typed !== order.id)
    return t('danger.missing', { what: t('danger.type', { asset: order.id }) })
  if (n >= 3 && !d.password) return t('danger.missing', { what: t('login.password') })
  return ''
}

const expires = 120

function Form({ order, stale, close, setGiven }: FormProps) {
  const { t, tx } = useWords()
  const [d, setD] = useState(blank)
  const [key] = useState(newKey)
  const [fault, setFault] = useState('')
  const [busy, setBusy] = useState(false)
  const [s, setS] = useState(expires)
  useEffect(() => {
    const timer = setInterval(() => setS((n) => n - 1), 1000)
    return () => clearInterval(timer)
  }, [])
  useEffect(() => {
    if (s <= 0) close() // a forgotten dialog must not be there to press hours later
  }, [s, close])
  const n = levelNumber(order.level)
  const why = useMissing(order, stale, d)
  const give = async () => {
    if (why || busy) return
    setBusy(true)
    setFault('')
    const body = {
      command: order.id,
      reason: d.reason.trim() || undefined,
      value: order.span ? Number(d.value) : undefined,
      confirm: n >= 3 ? d.typed : undefined,
      password: n >= 3 ? d.password : undefined,
    }
    try {
      setGiven(await post<CommandRecord>('commands', body, key))
    } catch (e) {
      setFault(problemText(e, t))
      setBusy(false)
    }
  }
  const field = (name: keyof typeof blank, label: string, type = 'text') => (
    <label>
      <span>{label}</span>
      <input
        type={type}
        value={d[name]}
        autoComplete="off"
        spellCheck={false}
        inputMode={name === 'value' ? 'decimal' : undefined}
        onKeyDown={(e) => e.key === 'Enter' && e.preventDefault()}
        onChange={(e) => setD({ ...d, [name]: e.target.value })}
      />
    </label>
  )
  const word = tx(order.names, order.id)
  return (
    <div className="dialog-form">
      {order.span && field('value', t('cmd.value', { from: order.actual ?? '–', unit: order.span.unit }))}
      {n >= 1 && field('reason', t('reason'))}
      {n >= 3 && field('typed', t('danger.type', { asset: order.id }))}
      {n >= 3 && field('password', t('danger.password'), 'password')}
      {n >= 4 && <p className="muted">{t('danger.two')}</p>}
      <p className="login-fault" role="alert">
        {fault}
      </p>
      <p className="muted" id="order-why">
        {why || t('danger.ready')} · {t('danger.expires', { s })}
      </p>
      <div className="dialog-buttons">
        <button type="button" className="button" autoFocus onClick={close}>
          {t('cancel')}
        </button>
        {n === 2 ? (
          <Hold word={word} why={why} busy={busy} act={() => void give()} />
        ) : (
          <button
            type="button"
            className={n > 2 ? 'button danger' : 'button primary'}
            aria-disabled={why ? true : undefined}
            aria-describedby="order-why"
            aria-busy={busy || undefined}
            onKeyDown={(e) => n > 1 && e.key === 'Enter' && e.preventDefault()}
            onClick={() => void give()}
          >
            {n === 4 ? t('danger.ask', { what: word }) : word}
          </button>
        )}
      </div>
    </div>
  )
}

function Given({ record, close }: { record: CommandRecord; close: () => void }) {
  const { t } = useWords()
  const live = useCommands().find((c) => c.id === record.id) ?? record
  return (
    <>
      <Progress record={live} />
      <div className="dialog-buttons">
        <button type="button" className="button" autoFocus onClick={close}>
          {t('close')}
        </button>
        <Abort record={live} />
      </div>
    </>
  )
}
