// Feeds and UPS: where the power comes from and how long the batteries would last.

import { worst } from '../../live/format'
import type { Asset, Point } from '../../live/types'
import { useConsole } from '../../ui/context'
import { useReading } from '../../ui/live'
import { StateWord, Value } from '../../ui/quantity'
import { Fact, Facts, Tile } from '../../ui/tile'
import { usePointName, useWords } from '../../ui/text'

/** The word a feed's two contacts make together; null while either is not known. */
export function feedState(
  available: number | null,
  carrying: number | null,
): 'carrying' | 'standby' | 'dead' | 'odd' | null {
  if (available === null || carrying === null) return null
  if (carrying > 0) return available > 0 ? 'carrying' : 'odd'
  return available > 0 ? 'standby' : 'dead'
}

export function FeedTile({ asset }: { asset: Asset }) {
  const { t, tx } = useWords()
  const { plant } = useConsole()
  const available = plant.find(asset.id, 'available')
  const carrying = plant.find(asset.id, 'carrying')
  const a = useReading(available?.id)
  const c = useReading(carrying?.id)
  const state = feedState(a.value, c.value)
  const quality = worst([a.quality, c.quality])
  const sure = quality === 'good'
  return (
    <Tile title={tx(asset.name, asset.id)} to="/e" attention={sure && (state === 'dead' || state === 'odd')}>
      <p className="tile-state" data-sure={sure || undefined}>
        <span className="tile-mark" data-feed={state ?? 'unknown'} aria-hidden />
        <StateWord quality={quality} time={Math.min(a.time, c.time)}>
          {state ? t(`feed.${state}`) : '?'}
        </StateWord>
      </p>
      <PointFacts
        points={[plant.find(asset.id, 'kw'), plant.find(asset.id, 'v-l12'), plant.find(asset.id, 'hz')]}
      />
    </Tile>
  )
}

export function UpsTile({ asset }: { asset: Asset }) {
  const { tx } = useWords()
  const { plant } = useConsole()
  const runtime = plant.find(asset.id, 'runtime')
  const onBattery = useReading(plant.find(asset.id, 'on-battery')?.id)
  return (
    <Tile title={tx(asset.name, asset.id)} attention={onBattery.quality === 'good' && onBattery.value === 1}>
      {runtime && (
        <p className="tile-big">
          <Value id={runtime.id} />
          <span className="tile-caption">{tx(runtime.names, runtime.name)}</span>
        </p>
      )}
      <PointFacts
        points={['mode', 'batt-charge', 'load', 'batt-racks'].map((w) => plant.find(asset.id, w))}
      />
    </Tile>
  )
}

export function PointFacts({ points }: { points: (Point | undefined)[] }) {
  const name = usePointName()
  const known = points.filter((p): p is Point => p !== undefined)
  if (known.length === 0) return null
  return (
    <Facts>
      {known.map((p) => (
        <Fact key={p.id} name={name(p)}>
          <Value id={p.id} />
        </Fact>
      ))}
    </Facts>
  )
}
