// The three temperature channels of a rack: value, quality, what the engine makes of it, votes.

import { rank } from '../../live/ladder'
import type { FireChannel, Rack, Room } from '../../live/types'
import { useReading } from '../../ui/live'
import { Quantity } from '../../ui/quantity'
import { Fact, Facts, Wide } from '../../ui/tile'
import { useSilent } from '../../ui/room'
import { StageBand } from '../../ui/stage'
import { useWords } from '../../ui/text'
import { EndBypass } from './room-acts'

export function Channels({ room, rack }: { room: Room; rack: Rack }) {
  const { t } = useWords()
  const silent = useSilent()(room)
  const votes = Object.entries(rack.votes ?? {}).sort(([a], [b]) => Number(a) - Number(b))
  const evidence = rack.evidence ?? []
  return (
    <>
      <StageBand stage={rack.stage} />
      <Wide label={t('channel.name')}>
        <table className="plain channels">
          <thead>
            <tr>
              <th scope="col">{t('channel.name')}</th>
              <th scope="col" className="right">
                {t('channel.value')}
              </th>
              <th scope="col">{t('channel.state')}</th>
            </tr>
          </thead>
          <tbody>
            {['RT', 'BM', 'TC'].map((name) => {
              const c = rack.channels[name]
              return c ? <ChannelRow key={name} name={name} channel={c} room={room} rack={rack} /> : null
            })}
          </tbody>
        </table>
      </Wide>
      <Facts>
        <Fact name={t('channel.votes')}>
          {votes.length === 0 ? t('none') : votes.map(([limit, n]) => `${limit} ℃: ${n}`).join(' · ')}
        </Fact>
        <Fact name={t('channel.evidence')}>
          {evidence.length === 0
            ? t('none')
            : evidence.map((e) => t(`evidence.${e}`, { defaultValue: e })).join(' · ')}
        </Fact>
        <Fact name={t('room.rate')}>
          <Quantity
            value={rack.rate_per_min}
            quality={rack.rate_per_min === null ? 'unknown' : silent ? 'stale' : 'good'}
            unit="degC/min"
          />
        </Fact>
      </Facts>
      {rank(rack.stage) > rank('SP') && <p className="muted">{t('channel.latched')}</p>}
    </>
  )
}

interface RowProps {
  name: string
  channel: FireChannel
  room: Room
  rack: Rack
}

function ChannelRow({ name, channel, room, rack }: RowProps) {
  const { t } = useWords()
  const live = useReading(channel.point)
  // The point's own reading is newer than the engine's record; without the point, the record.
  const seen = live.quality === 'unknown' ? { ...channel, reason: '', time: 0 } : live
  const over = channel.over ?? []
  return (
    <tr>
      <th scope="row">
        <span className="channel-code">{name}</span> {t(`channel.${name}`)}
      </th>
      <td className="right">
        <Quantity
          value={seen.value}
          quality={seen.quality}
          reason={seen.reason}
          time={seen.time}
          unit="degC"
        />
      </td>
      <td>
        {t(`channel-state.${channel.state}`, { defaultValue: channel.state })}{' '}
        {channel.state === 'bypassed' && <EndBypass room={room} rack={rack} channel={name} />}
        {over.length > 0 && (
          <span className="over">
            <span className="sr">{t('channel.over')}</span> ▲ {over.join('·')}
          </span>
        )}
      </td>
    </tr>
  )
}
