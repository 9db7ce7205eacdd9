// The overview: is the house powered, cool and free of fire, and what needs a person. Each tile
// leads to where more is known.

import { useConsole } from '../../ui/context'
import { useRooms, useView } from '../../ui/live'
import { Loading } from '../../ui/states'
import { useWords } from '../../ui/text'
import { FeedTile, UpsTile } from './power'
import { RideTile } from '../../ui/rides'
import { FloorTile, InletTile } from './cooling'
import { HottestTile, RoomTile } from './fire'
import { AlarmTile, NewestTile } from './alarm-tiles'
import { LinksTile } from './links'
import '../../style/overview.css'

/** Up to here the whole plant fits one stream; beyond it the IT racks are left to their own screens. */
const wholeUpTo = 5000

export default function Overview() {
  const { plant } = useConsole()
  if (plant.assets.size === 0) return <Loading rows={6} />
  return <Tiles whole={plant.points.size <= wholeUpTo} />
}

function Tiles({ whole }: { whole: boolean }) {
  useView(whole ? 'all' : 'overview')
  const { t } = useWords()
  const { plant } = useConsole()
  const rooms = useRooms()
  return (
    <>
      <h1 className="screen-title">{t('nav.overview')}</h1>
      <div className="tiles">
        {plant.ofKind('feed').map((f) => (
          <FeedTile key={f.id} asset={f} />
        ))}
        {plant.ofKind('ups').map((u) => (
          <UpsTile key={u.id} asset={u} />
        ))}
        {[...rooms.values()].map((r) => (
          <RoomTile key={r.id} room={r} />
        ))}
        {rooms.size > 0 && <HottestTile rooms={[...rooms.values()]} />}
        {whole && <InletTile />}
        <RideTile />
        <AlarmTile />
        <LinksTile />
        <NewestTile />
        {whole && <FloorTile />}
      </div>
    </>
  )
}
