// The overview: is the house powered, cool and free of fire, and what needs a person. Each tile
// leads to where more is known.

import { useConsole } from '../../ui/context'
import { useRooms, useView } from '../../ui/live'
import { useWords } from '../../ui/text'
import { FeedTile, UpsTile } from './power'
import { RideTile } from '../../ui/rides'
import { FloorTile, InletTile } from './cooling'
import { HottestTile, RoomsTile, RoomTile } from './fire'
import { AlarmTile, NewestTile } from './alarm-tiles'
import { LinksTile } from './links'
import '../../style/overview.css'

/** More rooms than these are lines of one tile: a tile each would push the rest off the first screen. */
const roomTiles = 3

export default function Overview() {
  useView('overview')
  const { t } = useWords()
  const { plant } = useConsole()
  const rooms = [...useRooms().values()]
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
        {rooms.length <= roomTiles ? (
          rooms.map((r) => <RoomTile key={r.id} room={r} />)
        ) : (
          <RoomsTile rooms={rooms} />
        )}
        {rooms.length > 0 && <HottestTile rooms={rooms} />}
        <RideTile />
        <InletTile />
        <AlarmTile />
        <LinksTile />
        <NewestTile />
        <FloorTile />
      </div>
    </>
  )
}
