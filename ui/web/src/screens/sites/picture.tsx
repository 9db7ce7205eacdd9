// The data centers as buildings side by side, and under them a lane for each group of services: where it is served, and
// which way it goes or would go.

import { heardAgo, laneOf, worstRoom, type Center, type SiteMove, type Sites } from '../../live/sites'
import { useAssetName, useWords } from '../../ui/text'

export function Picture({ sites, age }: { sites: Sites; age: number }) {
  const { t } = useWords()
  const centers = sites.centers ?? []
  const columns = { gridTemplateColumns: `repeat(${centers.length}, minmax(0, 1fr))` }
  return (
    <section className="panel sites-picture" aria-labelledby="sites-picture-h">
      <h2 id="sites-picture-h">{t('sites.picture')}</h2>
      <ul className="buildings" style={columns}>
        {centers.map((c) => (
          <Building key={c.id} center={c} age={age} />
        ))}
      </ul>
      <ul className="lanes">
        {(sites.moves ?? []).map((m) => (
          <LaneRow key={m.group} move={m} centers={centers} columns={columns} />
        ))}
      </ul>
    </section>
  )
}

/** What a center is, in one word and a mark: the heaviest of what is known. */
function useStanding(c: Center): { look: string; mark: string; word: string } {
  const { t } = useWords()
  const last = c.burning ? ` · ${t('sites.was-burning')}` : ''
  if (c.state === 'silent') return { look: 'silent', mark: '✕', word: t('sites.is.silent') + last }
  if (c.state === 'unknown') return { look: 'unknown', mark: '?', word: t('sites.is.unknown') + last }
  if (c.burning) return { look: 'burning', mark: '▲', word: t('sites.is.burning') }
  if (c.state === 'unheard') return { look: 'unheard', mark: '–', word: t('sites.is.unheard') }
  return { look: 'well', mark: '●', word: t('sites.is.speaks') }
}

function Building({ center: c, age }: { center: Center; age: number }) {
  const { t, tx, lasts } = useWords()
  const asset = useAssetName()
  const s = useStanding(c)
  const worst = worstRoom(c)
  const heard = heardAgo(c, age)
  return (
    <li className="building" data-look={s.look}>
      <svg viewBox="0 0 120 84" aria-hidden focusable="false">
        <path className="building-wall" d="M8 82 V22 L60 6 L112 22 V82 Z" />
        {[24, 48, 72].map((x) =>
          [34, 52].map((y) => (
            <rect key={`${x}-${y}`} className="building-window" x={x} y={y} width="14" height="10" />
          )),
        )}
        <path className="building-ground" d="M0 82 H120" />
        {c.burning && (
          <path
            className="building-fire"
            d="M60 78 C42 70 46 54 56 46 C55 54 62 54 61 40 C76 50 80 68 60 78 Z"
          />
        )}
      </svg>
      <strong className="building-name">{tx(c.names, c.id)}</strong>
      <span className="building-state">
        <span aria-hidden>{s.mark}</span> {s.word}
        {c.own && ` · ${t('sites.here')}`}
      </span>
      {c.burning && worst && <span>{t('sites.stage', { room: asset(worst.room), stage: worst.stage })}</span>}
      <span className="muted">
        {heard === null ? t('sites.never') : t('sites.heard', { time: lasts(heard) })}
      </span>
    </li>
  )
}

function LaneRow({
  move: m,
  centers,
  columns,
}: {
  move: SiteMove
  centers: Center[]
  columns: { gridTemplateColumns: string }
}) {
  const { t, tx } = useWords()
  const lane = laneOf(m, centers)
  const name = (id: string) => {
    const c = centers.find((x) => x.id === id)
    return c ? tx(c.names, c.id) : id
  }
  const state = t(`state.failover.${m.state}`, { defaultValue: m.state })
  const moved = m.state === 'COMPLETE'
  const way = moved ? 'done' : m.moving ? 'moving' : 'plan'
  const values = { group: m.group, from: name(m.from), to: name(m.to), served: name(m.served), state }
  return (
    <li className="lane" data-way={way} style={columns}>
      <p className="lane-said">{t(`sites.way.${way}`, values)}</p>
      {lane && (
        <>
          <span
            className="lane-arrow"
            aria-hidden
            data-right={lane.rightward || undefined}
            style={{
              gridColumn: `${lane.first} / ${lane.last + 1}`,
              marginInline: `${50 / (lane.last - lane.first + 1)}%`,
            }}
          />
          {lane.served > 0 && (
            <span className="lane-served" aria-hidden style={{ gridColumn: lane.served }}>
              {m.group}
            </span>
          )}
        </>
      )}
    </li>
  )
}
