// The sheet for the fire authority, on one page of paper: what burns, what is still live, what is left to fight it
// with, who is inside, and what must not be done. It is asked for again while it is open, and prints as it stands.

import { useQuery } from '@tanstack/react-query'
import { Printer } from 'lucide-react'
import { Link as Go, useParams } from 'wouter'
import { get, segment } from '../../api/client'
import type { FireBank, FireTank } from '../../live/care'
import type { FireCommand, Text } from '../../live/types'
import { useView } from '../../ui/live'
import { Failed, Loading } from '../../ui/states'
import { useTimes, useWords } from '../../ui/text'
import '../../style/sheet.css'

interface SheetRack {
  id: string
  name: Text
  row: number
  col: number
  stage: string
  hottest_c: number | null
  rate_per_min: number | null
  evidence: string[]
  isolated: boolean
  orders: FireCommand[]
}

interface SheetRoom {
  id: string
  name: Text
  stage: string
  drill: boolean
  people: number
  lel_pct: number
  countdown_s: number | null
  burning: SheetRack[]
  live: string[]
  orders: FireCommand[]
  water_from: string | null
  tank: FireTank | null
  bank: FireBank | null
}

export interface HandOver {
  site: { id: string; name: Text }
  written: string
  control: string
  stale: boolean
  rooms: SheetRoom[]
  power_cut: { kind: string; where: Text; count: number }[]
  contacts: Text[]
  cautions: Text[]
  dont: Text[]
  notes?: { at: string; by: string; text: string; alarm: Text; where: Text }[]
  handed: { at: string; signed: string[]; from?: string; officer?: string; people?: string } | null
}

const every = 3000

export default function HandOverSheet() {
  const { room = '' } = useParams<{ room: string }>()
  useView('battery')
  const { data, error, refetch } = useQuery({
    queryKey: ['handover', room],
    queryFn: () => get<HandOver>(`fire/rooms/${segment(room)}/handover`),
    refetchInterval: every,
    structuralSharing: false,
  })
  if (!data && error) return <Failed error={error} retry={() => void refetch()} />
  if (!data) return <Loading rows={10} />
  return <Page sheet={data} room={room} old={Boolean(error)} />
}

function Page({ sheet, room, old }: { sheet: HandOver; room: string; old: boolean }) {
  const { t, tx } = useWords()
  const { full } = useTimes()
  return (
    <article className="sheet">
      <header>
        <h1>
          {sheet.rooms.some((r) => r.drill) && <span className="chip drill">{t('sheet.drill')}</span>}{' '}
          {t('sheet.title')} · {tx(sheet.site.name, sheet.site.id)}
        </h1>
        <p>
          {t('sheet.written', { at: full(sheet.written) })} ·{' '}
          {t(sheet.control === 'authority' ? 'control.authority' : 'control.automatic')}
        </p>
        {(sheet.stale || old) && <p className="sheet-stale">{t('sheet.stale')}</p>}
        <p className="sheet-acts">
          <button type="button" className="button primary" onClick={() => window.print()}>
            <Printer size={16} aria-hidden /> {t('sheet.print')}
          </button>{' '}
          <Go className="button" href={`/b/${segment(room)}`}>
            {t('sheet.back')}
          </Go>
        </p>
      </header>
      {sheet.rooms.map((r) => (
        <RoomPart key={r.id} room={r} />
      ))}
      <Lines title={t('sheet.dont')} lines={sheet.dont} strong />
      <Lines title={t('sheet.cautions')} lines={sheet.cautions} />
      <Cut sheet={sheet} />
      <Notes sheet={sheet} />
      <Lines title={t('sheet.contacts')} lines={sheet.contacts} />
      <Names sheet={sheet} />
    </article>
  )
}

function Lines({ title, lines, strong }: { title: string; lines: Text[]; strong?: boolean }) {
  const { tx } = useWords()
  if (lines.length === 0) return null
  return (
    <section data-strong={strong || undefined}>
      <h2>{title}</h2>
      <ul>
        {lines.map((l) => (
          <li key={l.en}>{tx(l)}</li>
        ))}
      </ul>
    </section>
  )
}

function RoomPart({ room }: { room: SheetRoom }) {
  const { t, tx } = useWords()
  return (
    <section>
      <h2>
        {tx(room.name, room.id)} ({room.id}) · {room.stage} {t(`stage.${room.stage}`)}
      </h2>
      <dl className="sheet-facts">
        <dt>{t('sheet.people')}</dt>
        <dd>{room.people}</dd>
        <dt>{t('sheet.lel')}</dt>
        <dd>{Math.round(room.lel_pct)} %</dd>
        <Agent room={room} />
      </dl>
      <Burning racks={room.burning} />
      {room.live.length > 0 && (
        <p>
          <strong>{t('sheet.live')}</strong>: {room.live.slice(0, most).join(', ')}
          {room.live.length > most && ` ${t('sheet.more', { n: room.live.length - most })}`}
        </p>
      )}
      {room.orders.length > 0 && (
        <p>
          <strong>{t('sheet.orders')}</strong>: <Orders of={room.orders} />
        </p>
      )}
    </section>
  )
}

const most = 40

function Agent({ room }: { room: SheetRoom }) {
  const { t } = useWords()
  const { clock } = useTimes()
  const { tank, bank } = room
  const gas = bank?.released ? 'sheet.bank-released' : bank?.intact ? 'sheet.bank-intact' : 'sheet.bank-spent'
  return (
    <>
      <dt>{t('sheet.water')}</dt>
      <dd>
        {room.water_from ? t('sheet.water-from', { at: clock(room.water_from) }) : t('sheet.water-off')}
      </dd>
      {tank && (
        <>
          <dt>{t('sheet.tank')}</dt>
          <dd>
            {tank.level_pct === null ? t('sheet.unknown') : `${tank.level_pct} %`}
            {tank.free_l !== null && ` · ${t('sheet.tank-free', { l: tank.free_l })}`}
            {tank.full_min !== null && ` · ${t('sheet.tank-full', { min: tank.full_min })}`}
          </dd>
        </>
      )}
      {bank && (
        <>
          <dt>{t('sheet.bank')}</dt>
          <dd>
            {t(gas)}
            {bank.bar !== null && ` · ${bank.bar} bar`}
            {bank.donors.length > 0 && ` · ${t('sheet.bank-donors', { rooms: bank.donors.join(', ') })}`}
            {room.countdown_s !== null && ` · ${t('sheet.countdown', { s: Math.ceil(room.countdown_s) })}`}
          </dd>
        </>
      )}
    </>
  )
}

function Burning({ racks }: { racks: SheetRack[] }) {
  const { t, tx } = useWords()
  if (racks.length === 0)
    return (
      <p>
        <strong>{t('sheet.burning')}</strong>: {t('sheet.none')}
      </p>
    )
  return (
    <table>
      <caption>{t('sheet.burning')}</caption>
      <thead>
        <tr>
          <th scope="col">{t('sheet.rack')}</th>
          <th scope="col">{t('sheet.place')}</th>
          <th scope="col">{t('sheet.stage')}</th>
          <th scope="col">{t('sheet.hottest')}</th>
          <th scope="col">{t('sheet.power')}</th>
          <th scope="col">{t('sheet.orders')}</th>
        </tr>
      </thead>
      <tbody>
        {racks.map((r) => (
          <tr key={r.id}>
            <th scope="row">
              {r.id} {tx(r.name, '')}
            </th>
            <td data-of={t('sheet.place')}>
              {r.row}-{r.col}
            </td>
            <td data-of={t('sheet.stage')}>{r.stage}</td>
            <td data-of={t('sheet.hottest')}>
              {r.hottest_c === null ? t('sheet.lost') : `${r.hottest_c.toFixed(0)} ℃`}
            </td>
            <td data-of={t('sheet.power')}>
              {r.isolated ? t('sheet.isolated') : <strong>{t('sheet.not-isolated')}</strong>}
            </td>
            <td data-of={t('sheet.orders')}>
              <Orders of={r.orders} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

const marks: Record<string, string> = { confirmed: '✓', failed: '✕', inhibited: '✕', sent: '…' }

function Orders({ of }: { of: FireCommand[] }) {
  const { t } = useWords()
  return of
    .map((c) => {
      const word = c.name.slice(c.name.lastIndexOf('.') + 1)
      return `${t(`fire.${word}`, { defaultValue: word })} ${marks[c.state] ?? c.state}`
    })
    .join(' · ')
}

function Cut({ sheet }: { sheet: HandOver }) {
  const { t, tx } = useWords()
  const kinds = [...new Set(sheet.power_cut.map((l) => l.kind))]
  if (kinds.length === 0) return null
  return (
    <section>
      <h2>{t('sheet.cut')}</h2>
      <ul>
        {kinds.map((kind) => (
          <li key={kind}>
            {t(`sheet.kind.${kind}`, { defaultValue: kind })}:{' '}
            {sheet.power_cut
              .filter((l) => l.kind === kind)
              .map((l) => t('sheet.count', { where: tx(l.where), n: l.count }))
              .join(', ')}
          </li>
        ))}
      </ul>
    </section>
  )
}

function Notes({ sheet }: { sheet: HandOver }) {
  const { t, tx } = useWords()
  const { full } = useTimes()
  const notes = sheet.notes ?? []
  if (notes.length === 0) return null
  return (
    <section>
      <h2>{t('sheet.notes')}</h2>
      <ul>
        {notes.map((n) => (
          <li key={`${n.at} ${n.text}`}>
            {full(n.at)} {n.by}, {tx(n.where)}, {tx(n.alarm)}: {n.text}
          </li>
        ))}
      </ul>
    </section>
  )
}

/** Both names: as they were given with the act, or lines to write them on. */
function Names({ sheet }: { sheet: HandOver }) {
  const { t } = useWords()
  const { full } = useTimes()
  const h = sheet.handed
  const line = <span className="sheet-line">{t('sheet.sign-here')}</span>
  return (
    <section className="sheet-names">
      <dl className="sheet-facts">
        <dt>{t('sheet.from')}</dt>
        <dd>{h?.from ?? line}</dd>
        <dt>{t('sheet.officer')}</dt>
        <dd>{h?.officer ?? line}</dd>
        <dt>{t('sheet.accounted')}</dt>
        <dd>{h?.people ?? line}</dd>
        {h && (
          <>
            <dt>{t('sheet.handed-at')}</dt>
            <dd>{full(h.at)}</dd>
            <dt>{t('sheet.signed')}</dt>
            <dd>{h.signed.join(', ')}</dd>
          </>
        )}
      </dl>
    </section>
  )
}
