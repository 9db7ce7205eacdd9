// The head of the war room: how grave, which state, where, since when, and what anybody may do to it.

import { PlusCircle } from 'lucide-react'
import { since } from '../../live/countdown'
import type { Glass } from '../../live/picture'
import { useConsole } from '../../ui/context'
import { useNames } from '../../ui/continuity'
import { CrisisBand } from '../../ui/crisis'
import { useSeen } from '../../ui/evidence'
import { useNow } from '../../ui/live'
import { useTimes, useWords } from '../../ui/text'
import { GlassButton, ProposeButton, RecoveryButton, ReviewButton } from './decide'
import { ReportButton } from './report'
import type { InWar } from './war'

export function WarHeader({ picture, incident }: InWar) {
  const { t } = useWords()
  const { wall } = useConsole()
  const names = useNames()
  const seen = useSeen()
  const title = incident
    ? t('war.title', { id: incident.id, what: seen(incident.evidence[0]) })
    : t('war.title-none')
  return (
    <header className="war-head panel">
      <div className="war-name">
        <CrisisBand picture={picture} />
        <h1>{title}</h1>
        <span className="war-site">{names.site(incident?.site ?? picture.org.site)}</span>
      </div>
      <States picture={picture} incident={incident} />
      {picture.org.glass && <GlassNote glass={picture.org.glass} />}
      {!wall && (
        <div className="buttons war-acts">
          <ReportButton picture={picture}>
            <PlusCircle aria-hidden /> {t('report.open')}
          </ReportButton>
          <ProposeButton picture={picture} />
          <RecoveryButton picture={picture} />
          <ReviewButton picture={picture} />
          <GlassButton picture={picture} />
        </div>
      )}
    </header>
  )
}

function States({ picture, incident }: InWar) {
  const { t, lasts } = useWords()
  const { clock } = useTimes()
  const now = useNow()
  const org = picture.org
  const age = (from: string | undefined) => {
    const ms = since(from, now)
    return ms === null ? '' : lasts(ms)
  }
  return (
    <dl className="war-states">
      {incident && (
        <>
          <State
            name={t('war.grade')}
            word={t('grade-of', { grade: incident.grade })}
            note={
              incident.late > 0 ? t('war.late', { n: incident.late }) : t(`grade-means.${incident.grade}`)
            }
          />
          <State
            name={t('war.incident')}
            word={t(`state.incident.${incident.state}`)}
            note={age(incident.since)}
          />
        </>
      )}
      <State
        name={t('war.org')}
        word={t(`state.bcp.${org.state || 'NORMAL'}`)}
        note={
          org.declared && ['DECLARED', 'RECOVERY', 'STABILISING'].includes(org.state)
            ? t(`war.declared.${org.how}`, { at: clock(org.declared), defaultValue: clock(org.declared) })
            : age(org.since)
        }
      />
      <State
        name={t('war.control')}
        word={
          picture.control.leader
            ? t('war.leader', { node: picture.control.leader, epoch: picture.control.epoch })
            : t('war.no-leader')
        }
        note={picture.control.quorum ? t('quorum.of-sites') : t('quorum.none')}
      />
    </dl>
  )
}

function State({ name, word, note }: { name: string; word: string; note: string }) {
  return (
    <div className="war-state">
      <dt>{name}</dt>
      <dd>
        <strong>{word}</strong> <span className="muted">{note}</span>
      </dd>
    </div>
  )
}

/** A declaration against the rules stays in sight until the committee has spoken. */
function GlassNote({ glass: g }: { glass: Glass }) {
  const { t } = useWords()
  const { clock } = useTimes()
  const names = useNames()
  const state = g.lapsed ? 'lapsed' : g.ratified ? 'ratified' : 'open'
  return (
    <div className="glass" data-state={state} role="status">
      <strong>{t(`glass.${state}`, { until: clock(g.until) })}</strong>
      <span>{t('glass.who', { who: names.person(g.by), at: clock(g.at), why: g.why })}</span>
      <span className="muted">{(g.rules ?? []).join(' · ')}</span>
    </div>
  )
}
