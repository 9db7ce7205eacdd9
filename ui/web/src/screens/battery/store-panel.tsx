// What is left to fight with, and where the run-off goes: gas bank, pump, drain tank.

import { useEffect, useRef } from 'react'
import type { Room } from '../../live/types'
import { useConsole } from '../../ui/context'
import { useReading } from '../../ui/live'
import { Value } from '../../ui/quantity'
import { Fact, Facts } from '../../ui/tile'
import { usePointName, useTimes, useWords } from '../../ui/text'

const wanted = [
  'gas-pressure',
  'discharge-pressure',
  'reserve-open',
  'pump-run',
  'pump-flow',
  'exhaust-run',
  'dampers-closed',
  'door-closed',
]

export function Store({ room }: { room: Room }) {
  const { t } = useWords()
  const { plant } = useConsole()
  const name = usePointName()
  const { clock } = useTimes()
  const tank = plant.find(room.asset, 'tank-level', 'drain-tank')
  const points = wanted.flatMap((w) => plant.find(room.asset, w) ?? [])
  return (
    <section className="panel area-store" aria-labelledby="store-h">
      <h2 id="store-h">{t('room.store')}</h2>
      {tank && <Tank id={tank.id} label={name(tank)} />}
      {room.water_since && <p>{t('room.water-since', { clock: clock(room.water_since) })}</p>}
      <Facts>
        {points.map((p) => (
          <Fact key={p.id} name={name(p)}>
            <Value id={p.id} />
          </Fact>
        ))}
      </Facts>
    </section>
  )
}

const window = 60_000

function Tank({ id, label }: { id: string; label: string }) {
  const { t, lasts } = useWords()
  const r = useReading(id)
  const rate = useRate(r.value, r.time)
  const level = r.value ?? 0
  const known = r.value !== null && r.quality !== 'unknown' && r.quality !== 'bad'
  const full = rate !== null && rate > 0.05 ? ((100 - level) / rate) * 60_000 : null
  return (
    <div className="tank">
      <div
        className="tank-body"
        role="meter"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={known ? Math.round(level) : 0}
        aria-valuetext={known ? `${Math.round(level)} %` : t(`look.${r.quality}`)}
        data-quality={r.quality}
      >
        <div className="tank-fill" style={{ height: known ? `${Math.min(100, Math.max(0, level))}%` : 0 }} />
      </div>
      <div>
        <div className="tank-label">{label}</div>
        <div className="tank-value">
          <Value id={id} />
        </div>
        {full !== null && r.quality === 'good' && (
          <div className="muted">{t('room.tank-full', { time: lasts(full) })}</div>
        )}
      </div>
    </div>
  )
}

/** Change per minute over the last minute, null until there is enough of it. */
function useRate(value: number | null, time: number): number | null {
  const seen = useRef<{ t: number; v: number }[]>([])
  useEffect(() => {
    if (value === null || time === 0) return
    seen.current = [...seen.current.filter((s) => s.t > time - window), { t: time, v: value }]
  }, [value, time])
  const first = seen.current[0]
  if (!first || value === null || time - first.t < 10_000) return null
  return ((value - first.v) / (time - first.t)) * 60_000
}
