// What must be opened so that nothing feeds a rack, a room or a zone any more, and what that takes along: shown before
// anybody confirms, and reckoned anew from the positions as they come in.

import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { get, Problem } from '../api/client'
import { number } from '../live/format'
import { bundled, type FeltBy, type Isolation, type IsolationSwitch, type IsolationWay } from '../live/supply'
import { useTimes, useWords } from './text'
import '../style/supply.css'

const every = 3000

export function useIsolation(asset: string, order?: string) {
  const asked = order ? `order=${encodeURIComponent(order)}` : `asset=${encodeURIComponent(asset)}`
  return useQuery({
    queryKey: ['isolation', asked],
    queryFn: () => get<Isolation>(`isolation?${asked}`),
    refetchInterval: every,
    retry: (n, e) => !(e instanceof Problem && e.status === 404) && n < 2,
    structuralSharing: false,
  })
}

/** The ways to isolate an asset, or what one order takes along; the first is shown, the others are a press away. */
export function IsolationPlan({ asset, order }: { asset: string; order?: string }) {
  const { t, tx } = useWords()
  const { clock } = useTimes()
  const q = useIsolation(asset, order)
  const [wanted, choose] = useState('')
  if (q.error && !q.data) return <p>{t('isolation.unknown')}</p>
  if (!q.data) return <p className="muted">{t('isolation.reckoning')}</p>
  const plans = q.data.plans
  const way = plans.find((w) => w.kind === wanted) ?? plans[0]
  return (
    <div className="isolation" data-old={q.isError || undefined}>
      <p className="muted">
        {t('isolation.as-of', { clock: clock(q.data.time) })}
        {q.isError && ` · ${t('isolation.old')}`}
      </p>
      {plans.length > 1 && (
        <div className="isolation-ways" role="group" aria-label={t('isolation.ways')}>
          {plans.map((w) => (
            <button key={w.kind} type="button" aria-pressed={w === way} onClick={() => choose(w.kind)}>
              {t(`isolation.way.${w.kind}`)} · {w.open.length}
            </button>
          ))}
        </div>
      )}
      {way ? <WayView way={way} /> : <p>{t('isolation.impossible')}</p>}
      {q.data.live.map((l) => (
        <p key={l.en} className="isolation-live">
          <span aria-hidden>⚡ </span>
          {tx(l)}
        </p>
      ))}
      {q.data.doubt.length > 0 && (
        <details>
          <summary>{t('isolation.doubt', { n: q.data.doubt.length })}</summary>
          <SwitchList open={q.data.doubt} />
        </details>
      )}
    </div>
  )
}

function WayView({ way }: { way: IsolationWay }) {
  const { t } = useWords()
  if (way.open.length === 0)
    return (
      <p className="isolation-done">
        <span aria-hidden>○ </span>
        {t('isolation.done')}
      </p>
    )
  return (
    <>
      <h3>{t('isolation.open', { n: way.open.length })}</h3>
      <SwitchList open={way.open} />
      <h3>{t('isolation.takes')}</h3>
      <Effect way={way} />
    </>
  )
}

function SwitchList({ open }: { open: readonly IsolationSwitch[] }) {
  return (
    <ol className="switches">
      {bundled(open).map((group) => (
        <li key={group[0]?.id}>
          {group.length > 3 ? (
            <details>
              <summary>
                <Line switches={group} />
              </summary>
              <ul>
                {group.map((s) => (
                  <li key={s.id}>
                    <Line switches={[s]} />
                  </li>
                ))}
              </ul>
            </details>
          ) : (
            group.map((s) => (
              <div key={s.id}>
                <Line switches={[s]} />
              </div>
            ))
          )}
        </li>
      ))}
    </ol>
  )
}

const marks = { closed: '■', open: '□', unknown: '?', standby: '◧' } as const

/** One switch, or several of one sort: what it is, how it stands, and how it is opened. */
function Line({ switches }: { switches: readonly IsolationSwitch[] }) {
  const { t, tx } = useWords()
  const first = switches[0]
  if (!first) return null
  const last = switches.at(-1)
  const several = switches.length > 1
  return (
    <>
      <span className="switch-mark" data-state={first.state} aria-hidden>
        {marks[first.state]}
      </span>{' '}
      <strong>
        {several
          ? t('isolation.several', { n: switches.length, first: tx(first.name), last: tx(last?.name) })
          : tx(first.name)}
      </strong>{' '}
      <span>{t(`isolation.state.${first.state}`)}</span>
      {' · '}
      {first.command ? (
        <span className="muted">{several ? t('isolation.commands') : <code>{first.command}</code>}</span>
      ) : (
        <span className="muted">
          {several ? t('isolation.hands') : t('isolation.by-hand', { place: tx(first.place) })}
        </span>
      )}
    </>
  )
}

function Effect({ way }: { way: IsolationWay }) {
  const { t, tx } = useWords()
  const e = way.effect
  const nothing =
    e.dark.length +
      e.one_path.length +
      e.on_battery.length +
      e.zones.length +
      e.services.length +
      e.unsure ===
    0
  if (nothing) return <p>{t('isolation.nothing')}</p>
  const service = (id: string) => tx(e.services.find((s) => s.id === id)?.name, id)
  return (
    <ul className="effects">
      {e.services.map((s) => (
        <li key={s.id} data-bad={s.falls || undefined}>
          {t(s.falls ? 'isolation.falls' : 'isolation.hurt', {
            name: tx(s.name, s.id),
            left: number(s.left, 0),
          })}
          {s.with && ` · ${t('isolation.falls-with', { name: service(s.with) })}`}
        </li>
      ))}
      <Felt of={e.dark} word="isolation.dark" bad />
      <Felt of={e.on_battery} word="isolation.on-battery" />
      <Felt of={e.one_path} word="isolation.one-path" />
      {e.zones.map((z) => (
        <li key={z.zone}>
          {t('isolation.zone', { name: tx(z.name, z.zone), n: z.strings, of: z.of })}{' '}
          {z.minutes === null
            ? t('isolation.minutes-unknown')
            : t('isolation.minutes', { before: number(z.before ?? 0, 1), after: number(z.minutes, 1) })}
          {!z.grid && ` · ${t('isolation.no-grid')}`}
        </li>
      ))}
      {e.unsure > 0 && <li>{t('isolation.unsure', { n: e.unsure })}</li>}
    </ul>
  )
}

function Felt({ of, word, bad }: { of: readonly FeltBy[]; word: string; bad?: boolean }) {
  const { t, tx } = useWords()
  if (of.length === 0) return null
  const total = of.reduce((n, f) => n + f.count, 0)
  const names = of
    .slice(0, 6)
    .map((f) => (f.count > 1 ? `${tx(f.name, f.asset)} ${f.count}` : tx(f.name, f.asset)))
  return (
    <li data-bad={bad}>
      {t(word, { n: total })}: {names.join(', ')}
      {of.length > 6 && ` ${t('isolation.and-more', { n: of.length - 6 })}`}
    </li>
  )
}
