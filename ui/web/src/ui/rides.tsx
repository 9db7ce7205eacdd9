// Ride-through clocks: how long batteries and cold water carry on, with what they are reckoned from. A clock without
// one of its inputs stands still and says which.

import { useQuery } from '@tanstack/react-query'
import { get } from '../api/client'
import { number, unit as unitText } from '../live/format'
import { millis } from '../live/store'
import { running, type RideClock, type Rides } from '../live/supply'
import { useConsole } from './context'
import { useConnection } from './live'
import { Quantity } from './quantity'
import { Fact, Facts, Tile } from './tile'
import { usePointName, useTimes, useWords } from './text'
import '../style/supply.css'

const every = 2000

export function useRides(): { rides: Rides | undefined; lost: boolean } {
  const connection = useConnection()
  const q = useQuery({
    queryKey: ['clocks'],
    queryFn: () => get<Rides>('clocks'),
    refetchInterval: every,
    structuralSharing: false,
  })
  return { rides: q.data, lost: connection === 'lost' || q.isError }
}

/** Each zone with the shorter of its clocks. */
export function RideTile() {
  const { t, tx } = useWords()
  const { rides, lost } = useRides()
  if (!rides || rides.zones.length === 0) return null
  const drains = rides.zones.some((z) => running(z.state))
  return (
    <Tile title={t('ride.title')} to="/cool" attention={drains && !lost}>
      <ul className="rides">
        {rides.zones.map((z) => {
          const clock = rides.items.find((c) => c.id === z.worst)
          return (
            <li key={z.zone} data-state={z.state}>
              <span className="ride-name">{tx(z.name, z.zone)}</span>
              <Minutes value={z.minutes} lost={lost} time={rides.time} />
              <span className="ride-why">
                {clock && `${t(`ride.kind.${clock.kind}`)} · `}
                {t(`ride.state.${z.state}`)}
                {clock && <Missing clock={clock} />}
              </span>
            </li>
          )
        })}
      </ul>
    </Tile>
  )
}

function Minutes({
  value,
  lost,
  time,
  spread,
}: {
  value: number | null
  lost: boolean
  time: string
  spread?: number
}) {
  const { t } = useWords()
  const most = 999
  if (value === null) return <Quantity value={null} quality="unknown" unit="min" />
  return (
    <span className="ride-minutes">
      <Quantity
        value={Math.min(value, most)}
        quality={lost ? 'stale' : 'good'}
        time={millis(time)}
        unit="min"
        digits={value < 10 ? 1 : 0}
      />
      {value > most && <span className="muted">{t('ride.more')}</span>}
      {spread !== undefined && spread >= 0.5 && value <= most && (
        <span className="muted"> ±{number(spread, 0)}</span>
      )}
    </span>
  )
}

function Missing({ clock }: { clock: RideClock }) {
  const { t } = useWords()
  const { plant } = useConsole()
  const name = usePointName()
  const first = clock.missing[0]
  if (first === undefined) return null
  const of = clock.missing.length > 1 ? t('ride.and-more', { n: clock.missing.length - 1 }) : ''
  return (
    <>
      {': '}
      {t('ride.missing', { name: name(plant.points.get(first), first) })}
      {of && ` ${of}`}
    </>
  )
}

/** One clock with everything it is reckoned from. */
export function RideCard({ clock, time, lost }: { clock: RideClock; time: string; lost: boolean }) {
  const { t, tx } = useWords()
  const { clock: at } = useTimes()
  return (
    <Tile
      title={`${t(`ride.kind.${clock.kind}`)} · ${tx(clock.name, clock.asset)}`}
      attention={running(clock.state)}
    >
      <p className="tile-big">
        <Minutes value={clock.minutes} lost={lost} time={time} spread={clock.spread} />
        <span className="tile-caption">
          {t(`ride.state.${clock.state}`)}
          {clock.until && !lost && ` · ${t('ride.until', { clock: at(clock.until) })}`}
        </span>
      </p>
      {clock.missing.length > 0 && (
        <p>
          {t('ride.not-computable')}
          <Missing clock={clock} />
        </p>
      )}
      <Facts>
        {clock.inputs.map((i) => (
          <Fact key={i.point ?? i.name.en} name={tx(i.name, i.point)}>
            {i.unit === '-' && i.quality === 'good' && !lost ? (
              t(i.value === 0 ? 'binary.0' : 'binary.1')
            ) : (
              <Quantity
                value={i.quality === 'good' ? i.value : null}
                quality={lost && i.quality === 'good' ? 'stale' : i.quality}
                unit={i.unit === '-' ? '' : i.unit}
                digits={i.unit === '-' ? 0 : 1}
              />
            )}
          </Fact>
        ))}
        {clock.limit && (
          <Fact name={tx(clock.limit.name)}>
            {number(clock.limit.value, 1)} {unitText(clock.limit.unit)}
          </Fact>
        )}
      </Facts>
    </Tile>
  )
}
