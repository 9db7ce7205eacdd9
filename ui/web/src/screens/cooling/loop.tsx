// One loop as it is piped: from the chillers through the store and the pumps to the halls, and back. Nothing moves on
// the picture; a machine that runs is filled, one that stands is hollow, one nobody knows of is dotted.

import { number } from '../../live/format'
import type { Asset, Point, Quality } from '../../live/types'
import { useConsole } from '../../ui/context'
import { useWords } from '../../ui/text'

interface Props {
  loop: Asset
  points: readonly Point[]
  limit: number | null
  lost: boolean
}

/** A reading fit to be shown as one: its number, or the mark of what is wrong with it. */
export function told(p: Point | undefined, lost: boolean, digits = 1): string {
  const q: Quality = p?.quality ?? 'unknown'
  if (!p || p.value === null || q === 'unknown') return '?'
  if (q === 'bad') return '— ✕'
  return `${number(p.value, digits)}${lost || q === 'stale' ? ' ⌛' : ''}`
}

/** How a machine stands, as far as it is known. */
export function stands(p: Point | undefined, lost: boolean): 'on' | 'off' | 'unknown' {
  if (!p || p.value === null || p.quality !== 'good' || lost) return 'unknown'
  return p.value > 0 ? 'on' : 'off'
}

// Measures of the picture: the height of a machine with its gap, where the first one stands, and each column's left edge.
const row = 56
const top = 38
const wide = 220
const at = { chiller: 30, store: 320, pump: 600, halls: 900 }

export function Loop({ loop, points, limit, lost }: Props) {
  const { t } = useWords()
  const { plant } = useConsole()
  const of = (kind: string) => plant.ofKind(kind).filter((a) => a.parent === loop.id)
  const find = (asset: string, word: string) =>
    points.find((p) => p.asset === asset && p.id.endsWith(`/${word}`))
  const chillers = of('chiller')
  const pumps = of('pump')
  const tank = of('tank')[0]
  // The store stands in series on the supply: its inlet is no return. What comes back is what a running chiller takes in.
  const works = chillers.find((a) => stands(find(a.id, 'running'), lost) === 'on') ?? chillers[0]
  const rows = Math.max(chillers.length, pumps.length, 3)
  const layers = tank ? Array.from({ length: 10 }, (_, i) => find(tank.id, `t${i + 1}`)).filter((p) => p) : []
  const foot = top + rows * row
  const height = foot + 44
  return (
    <div className="scroll-x" role="group" aria-label={t('cooling.loop')} tabIndex={0}>
      <svg className="loop" viewBox={`0 0 1060 ${height}`} role="img" aria-label={t('cooling.loop')}>
        <Pipes chillers={chillers.length} pumps={pumps.length} store={tank !== undefined} foot={foot} />
        <text x="575" y="15" className="pipe-word">
          {t('cooling.supply')} {tank && `${told(find(tank.id, 't-out'), lost)} ℃`}
        </text>
        <text x="575" y={height - 6} className="pipe-word">
          {t('cooling.return')} {works && `${told(find(works.id, 'chw-return'), lost)} ℃`}
          {tank && ` · ${told(find(tank.id, 'flow'), lost, 0)} ㎥/h`}
        </text>
        {chillers.map((a, i) => (
          <Machine
            key={a.id}
            asset={a}
            x={at.chiller}
            y={top + i * row}
            state={stands(find(a.id, 'running'), lost)}
            line={`${told(find(a.id, 'chw-supply'), lost)} / ${told(find(a.id, 'chw-return'), lost)} ℃`}
          />
        ))}
        {tank && <Column layers={layers} limit={limit} lost={lost} height={rows * row - 8} y={top} />}
        {pumps.map((a, i) => (
          <Machine
            key={a.id}
            asset={a}
            x={at.pump}
            y={top + i * row}
            state={stands(find(a.id, 'running'), lost)}
            line={`${told(find(a.id, 'flow'), lost, 0)} ㎥/h`}
          />
        ))}
        <g transform={`translate(${at.halls} ${top})`}>
          <rect className="machine" width="120" height={rows * row - 8} rx="4" />
          <text x="60" y={(rows * row) / 2} className="machine-name" textAnchor="middle">
            {t('cooling.halls')}
          </text>
        </g>
      </svg>
    </div>
  )
}

/** The pipes: cold water from the chillers down through the store to the pumps and the halls, warm water back below. */
function Pipes({
  chillers,
  pumps,
  store,
  foot,
}: {
  chillers: number
  pumps: number
  store: boolean
  foot: number
}) {
  const mid = (i: number) => top + i * row + 24
  const back = foot + 16
  const chilled = at.chiller + wide + 20
  const drawn = at.pump - 20
  const pressed = at.pump + wide + 20
  const last = (n: number) => mid(Math.max(0, n - 1))
  const stub = (n: number, from: number, to: number) =>
    Array.from({ length: n }, (_, i) => `M${from} ${mid(i)} H${to}`).join(' ')
  const middle = at.store + 60
  const through = store ? `V24 H${middle} V${top} M${middle} ${foot - 8} V${foot} H${drawn}` : `V24 H${drawn}`
  return (
    <path
      className="pipe"
      d={[
        stub(chillers, at.chiller + wide, chilled),
        `M${chilled} ${last(chillers)} ${through} V${store ? mid(0) : last(pumps)}`,
        stub(pumps, drawn, at.pump),
        stub(pumps, at.pump + wide, pressed),
        `M${pressed} ${last(pumps)} V24 H${at.halls + 60} V${top}`,
        `M${at.halls + 60} ${foot - 8} V${back} H10 V${mid(0)}`,
        stub(chillers, 10, at.chiller),
      ].join(' ')}
    />
  )
}

function Machine({
  asset,
  x,
  y,
  state,
  line,
}: {
  asset: Asset
  x: number
  y: number
  state: 'on' | 'off' | 'unknown'
  line: string
}) {
  const { t, tx } = useWords()
  return (
    <g transform={`translate(${x} ${y})`}>
      <rect className="machine" data-state={state} width={wide} height="48" rx="4" />
      <text x="10" y="20" className="machine-name" data-state={state}>
        {tx(asset.name, asset.id)}
      </text>
      <text x="10" y="39" className="machine-line" data-state={state}>
        {t(`cooling.${state}`)} · {line}
      </text>
    </g>
  )
}

interface ColumnProps {
  layers: readonly (Point | undefined)[]
  limit: number | null
  lost: boolean
  height: number
  y: number
}

/** The store as a column of layers from where water comes in to where it leaves; warm ones are hatched and say so. */
function Column({ layers, limit, lost, height, y }: ColumnProps) {
  const { t } = useWords()
  const each = height / Math.max(1, layers.length)
  return (
    <g transform={`translate(${at.store} ${y})`}>
      <defs>
        <pattern id="warm" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect width="3" height="8" className="warm-line" />
        </pattern>
      </defs>
      {layers.map((p, i) => {
        const known = p?.value !== null && p?.quality === 'good' && !lost
        const warm = known && limit !== null && (p?.value ?? 0) > limit
        return (
          <g key={p?.id ?? i}>
            <rect
              className="layer"
              data-known={known || undefined}
              x="0"
              y={i * each}
              width="120"
              height={each}
            />
            {warm && <rect x="0" y={i * each} width="120" height={each} fill="url(#warm)" />}
            <text x="130" y={i * each + each / 2 + 5} className="machine-line">
              {told(p, lost)} ℃{warm && ` ${t('cooling.warm')}`}
            </text>
          </g>
        )
      })}
      <rect className="tank-edge" width="120" height={height} />
    </g>
  )
}
