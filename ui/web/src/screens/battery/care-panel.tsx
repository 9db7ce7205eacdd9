// What is kept beside the response: the fire watch, the gas bank, proof tests and drills. None of it can hold back or
// cause a release.

import { post, segment } from '../../api/client'
import type { Room } from '../../live/types'
import { Act } from '../../ui/act'
import { useConsole } from '../../ui/context'
import { useNow } from '../../ui/live'
import { Fact, Facts } from '../../ui/tile'
import { useTimes, useWords } from '../../ui/text'
import { CareAct, Part, type CarePlan } from './care-act'
import { Proofs } from './proofs'
import '../../style/care.css'

export function CarePanel({ room }: { room: Room }) {
  const { t } = useWords()
  return (
    <section className="panel area-care" aria-labelledby="care-h">
      <h2 id="care-h">{t('care.title')}</h2>
      <div className="care">
        <Watch room={room} />
        {room.kind !== 'plain' && <Bank room={room} />}
        <Proofs room={room} />
        <DrillPart room={room} />
      </div>
    </section>
  )
}

function Watch({ room }: { room: Room }) {
  const { t } = useWords()
  const { full, clock } = useTimes()
  const now = useNow()
  const note = { name: 'note', label: t('care.note'), kind: 'text' as const }
  if (!room.watch_to)
    return (
      <Part title={t('care.watch')}>
        <p className="muted">{t('care.watch-none')}</p>
      </Part>
    )
  const late = Boolean(room.next_round) && Date.parse(room.next_round ?? '') < now
  return (
    <Part title={t('care.watch')}>
      <Facts>
        <Fact name={t('care.watch-to')}>{full(room.watch_to)}</Fact>
        {room.next_round && (
          <Fact name={t('care.watch-next')}>
            {clock(room.next_round)} {late && <strong className="care-late">{t('care.watch-late')}</strong>}
          </Fact>
        )}
      </Facts>
      <ul className="care-list">
        {(room.rounds ?? [])
          .slice(-3)
          .reverse()
          .map((r) => (
            <li key={r.at} data-bad={r.sign || undefined}>
              {clock(r.at)} · {r.by} · {t(r.sign ? 'care.round-sign' : 'care.round-clear')}
              {r.note && <span className="muted"> {r.note}</span>}
            </li>
          ))}
      </ul>
      <CareAct
        room={room}
        plan={{
          right: 'round',
          call: 'watch-round',
          title: t('care.round'),
          means: t('care.round-means'),
          fields: [
            {
              name: 'seen',
              label: t('care.round-seen'),
              kind: 'choice',
              initial: 'clear',
              options: ['clear', 'sign'].map((v) => ({ value: v, label: t(`care.round-${v}`) })),
            },
            note,
          ],
          body: (v) => ({ seen: v.seen, note: v.note?.trim() ?? '' }),
        }}
      />
    </Part>
  )
}

function Bank({ room }: { room: Room }) {
  const { t } = useWords()
  const b = room.bank
  if (!b)
    return (
      <Part title={t('care.bank')}>
        <p className="muted">{t('care.bank-none')}</p>
      </Part>
    )
  return (
    <Part title={t('care.bank')}>
      <Facts>
        <Fact name={t('care.bank-state')}>
          {t(b.intact ? 'care.bank-intact' : 'care.bank-spent')}
          {b.bar !== null && ` · ${b.bar} bar`}
          {b.low && ` · ${t('care.bank-low')}`}
        </Fact>
        {b.lent_to && <Fact name={t('care.bank-lent')}>{b.lent_to}</Fact>}
        {b.donors.length > 0 && <Fact name={t('care.bank-donors')}>{b.donors.join(', ')}</Fact>}
      </Facts>
      <CareAct
        room={room}
        off={b.intact ? t('care.off-bank') : undefined}
        plan={{
          right: 'bank-ready',
          call: 'bank-ready',
          title: t('care.bank-ready'),
          means: t('care.bank-ready-means'),
          two: true,
          fields: [{ name: 'reason', label: t('care.proof-note'), kind: 'text', required: true }],
          body: (v) => ({ reason: v.reason }),
        }}
      />
    </Part>
  )
}

function DrillPart({ room }: { room: Room }) {
  const { t } = useWords()
  const { wall } = useConsole()
  const { clock } = useTimes()
  const plan = useDrillPlan(room)
  const d = room.drilled
  if (!d)
    return (
      <Part title={t('care.drill')}>
        <p className="muted">{t('care.drill-none')}</p>
        <CareAct room={room} plan={plan} off={room.stage === 'S0' ? undefined : t('care.off-real')} />
      </Part>
    )
  const end = () => post(`fire/rooms/${segment(room.id)}/end-drill`, {})
  return (
    <Part title={t('care.drill')}>
      <p>
        <span className="chip drill">{t('drill')}</span>{' '}
        {t('care.drill-by', { who: d.by, from: clock(d.from), until: clock(d.until) })}
      </p>
      <Facts>
        <Fact name={t('care.drill-stage')}>{t(`stage.${d.stage}`)}</Fact>
        <Fact name={t('care.drill-real')}>{t(`stage.${room.stage}`)}</Fact>
        {d.rack && <Fact name={t('care.drill-rack', { rack: d.rack })}>{d.temp_c ?? '–'} ℃</Fact>}
      </Facts>
      {d.orders.length > 0 && (
        <details>
          <summary>{t('care.drill-orders', { n: d.orders.length })}</summary>
          <ol className="care-list">
            {d.orders.map((o) => (
              <li key={`${o.name} ${o.at}`}>
                {clock(o.at)} · <code>{o.name}</code>
              </li>
            ))}
          </ol>
        </details>
      )}
      {!wall && (
        <Act right="end-drill" onAct={end}>
          {t('care.drill-end')}
        </Act>
      )}
    </Part>
  )
}

function useDrillPlan(room: Room): CarePlan {
  const { t } = useWords()
  return {
    right: 'drill',
    call: 'drill',
    title: t('care.drill-begin'),
    means: t('care.drill-means'),
    fields: [
      { name: 'minutes', label: t('care.minutes'), kind: 'number', required: true, initial: '30' },
      {
        name: 'rack',
        label: t('care.rack'),
        kind: 'choice',
        initial: room.racks[0]?.id ?? '',
        options: [
          { value: '', label: t('care.rack-none') },
          ...room.racks.map((r) => ({ value: r.id, label: r.id })),
        ],
      },
      { name: 'rise', label: t('care.rise'), kind: 'number', initial: '12' },
      { name: 'reason', label: t('reason'), kind: 'text' },
    ],
    body: (v) => ({
      minutes: Number.parseInt(v.minutes ?? '', 10) || 0,
      rack: v.rack || undefined,
      rise: Number.parseFloat(v.rise ?? '') || undefined,
      reason: v.reason?.trim() || undefined,
    }),
  }
}
