// The drawing of the power path. Nothing moves on it: what is energised is a thick line, what is dead a dashed one, what
// nobody can prove a dotted one; a closed breaker is filled, an open one hollow.

import { useMemo } from 'react'
import { number } from '../../live/format'
import {
  countedAs,
  layout,
  lines,
  way,
  type LineBox,
  type LineJoin,
  type Place,
  type SingleLine,
} from '../../live/single-line'
import { Glyph } from '../../ui/glyph'
import { useWords } from '../../ui/text'

interface Props {
  line: SingleLine
  lost: boolean
  chosen: string
  choose: (id: string) => void
}

export function Drawing({ line, lost, chosen, choose }: Props) {
  const { t } = useWords()
  // The boxes stand where they stand until there are others.
  const shape = line.boxes.map((b) => b.id).join('\n') + line.joins.length
  const { places, width, height } = useMemo(() => layout(line), [shape])
  const lanes = new Map<string, number>()
  const lane = (id: string) => {
    if (!lanes.has(id)) lanes.set(id, lanes.size)
    return lanes.get(id) ?? 0
  }
  return (
    <div className="scroll-x" role="group" aria-label={t('line.drawing')} tabIndex={0}>
      <svg
        className="line-drawing"
        viewBox={`0 0 ${width} ${height}`}
        style={{
          width: Math.max(width, 900),
          maxWidth: width < 1100 ? '100%' : undefined,
          minWidth: Math.min(width, 900),
        }}
      >
        <defs>
          <pattern
            id="line-old"
            width="8"
            height="8"
            patternUnits="userSpaceOnUse"
            patternTransform="rotate(45)"
          >
            <rect width="3" height="8" className="line-hatch" />
          </pattern>
        </defs>
        {line.joins.map((j) => {
          const [from, to] = [places.get(j.from), places.get(j.to)]
          return from && to ? (
            <Way
              key={`${j.from}>${j.to}`}
              join={j}
              from={from}
              to={to}
              lane={lane(j.from)}
              state={stateOf(j, line)}
              of={chosen === j.from || chosen === j.to}
            />
          ) : null
        })}
        {line.boxes.map((b) => {
          const place = places.get(b.id)
          return place ? (
            <Box
              key={b.id}
              box={b}
              place={place}
              alarms={line.alarms.find((a) => a.box === b.id)}
              transfers={b.kind === 'site' ? line.transfers : []}
              old={lost || b.quality === 'stale'}
              pressed={chosen === b.id}
              choose={() => choose(chosen === b.id ? '' : b.id)}
            />
          ) : null
        })}
      </svg>
    </div>
  )
}

/** How a line is drawn: as what it leads from, if it leads anything. */
export function stateOf(j: LineJoin, line: SingleLine): string {
  const at = (id: string) => line.boxes.find((b) => b.id === id)?.state ?? 'unknown'
  if (j.state === 'unknown') return 'unknown'
  if (!j.live) return at(j.from) === 'unknown' && j.state === 'closed' ? 'unknown' : 'dead'
  const [from, to] = [at(j.from), at(j.to)]
  const kind = j.both_ways ? to : from
  return kind === 'battery' || kind === 'generator' ? kind : 'live'
}

interface WayProps {
  join: LineJoin
  from: Place
  to: Place
  lane: number
  state: string
  of: boolean
}

function Way({ join: j, from, to, lane, state, of }: WayProps) {
  const { d, x, y } = way(from, to, lane)
  return (
    <g aria-hidden>
      <path className="line-way" data-state={state} data-of={of || undefined} d={d} />
      {state === 'battery' && <path className="line-way-core" d={d} />}
      {j.shown && (
        <>
          <rect className="line-switch" data-state={j.state} x={x - 7} y={y - 7} width="14" height="14" />
          {j.state === 'unknown' && (
            <text className="line-small" x={x} y={y + 4}>
              ?
            </text>
          )}
          {j.state === 'standby' && <path className="line-way" d={`M${x - 7} ${y + 7} L${x + 7} ${y - 7}`} />}
          {j.count > 1 && j.open > 0 && (
            <text x={x + 12} y={y + 5}>
              {j.open}/{j.count}
            </text>
          )}
        </>
      )}
      {state === 'generator' && (
        <text x={x + 10} y={y - 8}>
          G
        </text>
      )}
    </g>
  )
}

/** Where the word of an output begins: right of the line that comes down to it. */
const barWord = 92

/** A sign beside the word, so that no state is colour or line alone. */
export const signs = {
  live: '●',
  generator: 'G',
  battery: '▮',
  dead: '○',
  partly: '◐',
  unknown: '?',
  disagree: '≠',
  isolated: '⊘',
} as const

interface BoxProps {
  box: LineBox
  place: Place
  alarms: SingleLine['alarms'][number] | undefined
  transfers: SingleLine['transfers']
  old: boolean
  pressed: boolean
  choose: () => void
}

function Box({ box: b, place: p, alarms, transfers, old, pressed, choose }: BoxProps) {
  const { t, tx } = useWords()
  const say = useBoxWords()
  const words = say(b, old)
  const moved = transfers.map(
    (x) => `${tx(x.name, x.asset)}: ${tx(x.position) || '?'} · ${tx(x.mode) || '?'}`,
  )
  const label = [tx(b.name, b.id), ...words, ...moved, alarms ? t('line.alarms', { n: alarms.count }) : '']
    .filter((w) => w !== '')
    .join(', ')
  const press = (e: React.KeyboardEvent) => {
    if (e.key !== 'Enter' && e.key !== ' ') return
    e.preventDefault()
    choose()
  }
  return (
    <g
      className="line-box"
      role="button"
      tabIndex={0}
      aria-pressed={pressed}
      aria-label={label}
      data-state={b.state}
      data-old={old || undefined}
      transform={`translate(${p.x} ${p.y})`}
      onClick={choose}
      onKeyDown={press}
    >
      {p.bar ? (
        <>
          <rect className="line-hit line-frame-none" x="0" y="-30" width={p.w} height="44" />
          <line className="line-bar" x1="0" x2={p.w} y1="0" y2="0" />
          <text className="line-bar-name" x={b.kind === 'site' ? 4 : barWord} y="-12">
            {signs[b.state]} {tx(b.name, b.id)} · {words[0]}
            {moved.map((m) => ` · ${m}`)}
          </text>
        </>
      ) : (
        <Card box={b} place={p} words={words} />
      )}
      {alarms && (
        <foreignObject x={p.w - 30} y={p.bar ? -34 : p.h - 30} width="26" height="26">
          <Glyph
            priority={alarms.worst}
            state={alarms.unacked > 0 ? 'unacknowledged' : 'acknowledged'}
            silent
          />
        </foreignObject>
      )}
    </g>
  )
}

function Card({ box: b, place: p, words }: { box: LineBox; place: Place; words: string[] }) {
  const { tx } = useWords()
  const name = lines(tx(b.name, b.id))
  return (
    <>
      <rect className="line-frame" width={p.w} height={p.h} rx="4" />
      {b.state === 'battery' && <rect className="line-inner" width={p.w} height={p.h} rx="4" />}
      {name.map((n, i) => (
        <text key={i} className="line-name" x="8" y={19 + i * 17}>
          {n}
        </text>
      ))}
      <text x="8" y="58">
        {signs[b.state]} {words[0]}
      </text>
      <text x="8" y="77">
        {words.slice(1).join(' · ')}
      </text>
    </>
  )
}

/** What a box says of itself: its state first, then its numbers. */
export function useBoxWords(): (b: LineBox, old: boolean) => string[] {
  const { t } = useWords()
  return (b, old) => {
    const left =
      b.minutes !== null && b.state === 'battery' ? ` ${t('line.minutes', { n: number(b.minutes, 0) })}` : ''
    const out = [t(`line.state.${b.state}`) + left]
    const what = countedAs(b)
    if (what) out.push(t(what.key, { n: what.n, u: b.unproven, of: b.count }))
    if (b.kw !== null) out.push(`${number(b.kw, 0)} kW`)
    if (b.load !== null) out.push(`${number(b.load, 0)} %`)
    if (old) out.push('⌛')
    return out
  }
}
