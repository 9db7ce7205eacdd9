// The chilled-water loops: what runs, how warm the water is along the store, and how long it lasts. Below it the clocks
// of the batteries, since whichever ends first is what counts.

import { useQuery } from '@tanstack/react-query'
import { all } from '../../api/client'
import { running, type RideClock } from '../../live/supply'
import type { Asset, Point } from '../../live/types'
import { useConsole } from '../../ui/context'
import { useView } from '../../ui/live'
import { RideCard, RideTile, useRides } from '../../ui/rides'
import { Empty, Loading } from '../../ui/states'
import { useWords } from '../../ui/text'
import { Loop } from './loop'
import '../../style/overview.css'

const every = 2000

export default function Cooling() {
  useView('overview')
  const { t } = useWords()
  const { plant } = useConsole()
  const { rides, lost } = useRides()
  const loops = plant.ofKind('cooling-loop')
  if (!rides) return <Loading rows={6} />
  if (loops.length === 0 && rides.items.length === 0)
    return <Empty title={t('cooling.none')}>{t('cooling.none-next')}</Empty>
  const order = [...rides.items].sort((a, b) => Number(running(b.state)) - Number(running(a.state)))
  return (
    <>
      <h1 className="screen-title">{t('nav.cooling')}</h1>
      {loops.map((l) => (
        <LoopPanel key={l.id} loop={l} clocks={rides.items} lost={lost} />
      ))}
      <div className="tiles">
        <RideTile />
        {order.map((c) => (
          <RideCard key={c.id} clock={c} time={rides.time} lost={lost} />
        ))}
      </div>
    </>
  )
}

function LoopPanel({ loop, clocks, lost }: { loop: Asset; clocks: RideClock[]; lost: boolean }) {
  const { tx } = useWords()
  const q = useQuery({
    queryKey: ['loop', loop.id],
    queryFn: () => all<Point>(`points?prefix=${encodeURIComponent(loop.id + '/')}`),
    refetchInterval: every,
    structuralSharing: false,
  })
  const id = `loop-${loop.id}`
  const clock = clocks.find((c) => c.kind === 'tank' && c.asset.startsWith(`${loop.id}/`))
  return (
    <section className="panel loop-panel" aria-labelledby={id}>
      <h2 id={id}>{tx(loop.name, loop.id)}</h2>
      <Loop loop={loop} points={q.data ?? []} limit={clock?.limit?.value ?? null} lost={lost || q.isError} />
    </section>
  )
}
