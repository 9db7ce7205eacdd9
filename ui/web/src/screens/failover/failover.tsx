// The failover board: what each data center is for each service, how far every run has come, and what
// it waits for.

import { byTier, foremostGroup } from '../../live/failover'
import type { Picture } from '../../live/picture'
import { useContinuity } from '../../ui/continuity'
import { useView } from '../../ui/live'
import { SecondPeople } from '../../ui/second-people'
import { Empty, Failed, Loading } from '../../ui/states'
import { useWords } from '../../ui/text'
import { Board } from './board'
import { BrakePanel } from './brake'
import { RunPanel } from './run'
import { Shares } from './shares'
import '../../style/board.css'

export default function Failover() {
  useView('alarms')
  const { t } = useWords()
  const { picture, absent, error, retry } = useContinuity()
  if (!picture) {
    if (absent) return <Empty title={t('war.absent')}>{t('war.absent-next')}</Empty>
    return error ? <Failed error={error} retry={retry} /> : <Loading rows={8} />
  }
  if (picture.groups.length === 0) return <Empty title={t('board.none')}>{t('board.none-next')}</Empty>
  return <All picture={picture} />
}

function All({ picture }: { picture: Picture }) {
  const { t } = useWords()
  const first = foremostGroup(picture.groups)
  const groups = byTier(picture.groups)
  // A run that needs eyes comes before all that rests.
  const ordered = first ? [first, ...groups.filter((g) => g !== first)] : groups
  return (
    <div className="failover">
      <h1 className="screen-title">{t('nav.failover')}</h1>
      <BrakePanel picture={picture} />
      <SecondPeople picture={picture} />
      <div className="failover-main">
        {first && <RunPanel picture={picture} group={first} />}
        <Board picture={picture} />
      </div>
      <div className="failover-runs">
        {ordered
          .filter((g) => g !== first)
          .map((g) => (
            <RunPanel key={g.id} picture={picture} group={g} />
          ))}
        <Shares picture={picture} />
      </div>
    </div>
  )
}
