// The flood banner and the alarms by cause: what began it, how much, and the few causes behind the many.

import { useState } from 'react'
import { folds, groupKey, groupSize, type Flood, type Group, type Position } from '../../live/flood'
import { Glyph } from '../../ui/glyph'
import { useAlarmMap } from '../../ui/live'
import { useAlarmText, useAssetName, useTimes, useWords } from '../../ui/text'

const largest = 5
const groupsShown = 12

export function FloodBanner({ flood, open }: { flood: Flood | undefined; open: (id: string) => void }) {
  const flooded = flood?.positions.filter((p) => p.flooded) ?? []
  return flooded.map((p) => <One key={p.id} position={p} open={open} />)
}

/** The earliest cause since the flood began to build up, else the earliest there is. */
function firstOf(p: Position): Group | undefined {
  const began = p.since ? Date.parse(p.since) - 10 * 60_000 : 0
  const recent = p.groups.filter((g) => Date.parse(g.first) >= began)
  const from = recent.length > 0 ? recent : p.groups
  return [...from].sort((a, b) => Date.parse(a.first) - Date.parse(b.first))[0]
}

function One({ position: p, open }: { position: Position; open: (id: string) => void }) {
  const { t, tx } = useWords()
  const { clock } = useTimes()
  const first = firstOf(p)
  return (
    <section className="flood panel" role="status" aria-labelledby={`flood-${p.id}`}>
      <h2 id={`flood-${p.id}`}>{t('alarm.flood', { n: p.count, position: tx(p.name, p.id) })}</h2>
      <p className="flood-causes">
        {t('alarm.flood-rate', { n: p.rate, since: clock(p.since) })}
        {first && (
          <>
            <span className="muted">{t('alarm.flood-first')}</span> <FirstOut group={first} open={open} />
          </>
        )}
      </p>
      <p className="flood-causes">
        <span className="muted">{t('alarm.flood-groups')}</span>
        {p.groups.slice(0, largest).map((g) => (
          <Cause key={groupKey(g)} group={g} />
        ))}
      </p>
    </section>
  )
}

function Cause({ group: g }: { group: Group }) {
  const asset = useAssetName()
  return (
    <span className="chip">
      {asset(g.asset)} {groupSize(g)}
    </span>
  )
}

function FirstOut({ group: g, open }: { group: Group; open: (id: string) => void }) {
  const alarm = useAlarmMap().get(g.first_out)
  const text = useAlarmText()
  const { clock } = useTimes()
  return (
    <button type="button" className="link-button" onClick={() => open(g.first_out)}>
      ① {alarm ? text(alarm) : g.first_out} {clock(g.first)}
    </button>
  )
}

export interface GroupsProps {
  groups: readonly Group[]
  chosen: string
  choose: (key: string) => void
  open: (id: string) => void
}

export function Groups({ groups, chosen, choose, open }: GroupsProps) {
  const { t } = useWords()
  const [all, setAll] = useState(false)
  const folded = groups.filter(folds)
  const shown = all ? folded : folded.slice(0, groupsShown)
  if (folded.length === 0) return null
  return (
    <section className="groups panel" aria-labelledby="groups-h">
      <h2 id="groups-h" title={t('alarm.group-pick')}>
        {t('alarm.groups')}
      </h2>
      <ul>
        {shown.map((g) => (
          <GroupRow key={groupKey(g)} group={g} chosen={chosen === groupKey(g)} choose={choose} open={open} />
        ))}
      </ul>
      {folded.length > shown.length && (
        <button type="button" className="button quiet" onClick={() => setAll(true)}>
          {t('alarm.group-less', { n: folded.length - shown.length })}
        </button>
      )}
    </section>
  )
}

interface GroupRowProps {
  group: Group
  chosen: boolean
  choose: (key: string) => void
  open: (id: string) => void
}

function GroupRow({ group: g, chosen, choose, open }: GroupRowProps) {
  const { t } = useWords()
  const asset = useAssetName()
  return (
    <li>
      <button
        type="button"
        className="group-pick"
        aria-pressed={chosen}
        onClick={() => choose(chosen ? '' : groupKey(g))}
      >
        <Glyph priority={g.worst} state={g.unacked > 0 ? 'unacknowledged' : 'acknowledged'} silent />
        <strong>{asset(g.asset)}</strong>
        <span>{t('alarm.group-n', { n: groupSize(g), unacked: g.unacked })}</span>
      </button>
      <FirstOut group={g} open={open} />
      {g.urgent.length > 0 && (
        <span className="muted">{t('alarm.group-urgent', { n: g.urgent.length })}</span>
      )}
    </li>
  )
}
