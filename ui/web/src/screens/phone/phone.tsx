// The committee on a phone: what happened, where to go, the summons to answer, the motion to vote on.
// One column, big targets, nothing else.

import { Link as Go } from 'wouter'
import { openMotions, shownIncident, summonsOf, underWay } from '../../live/committee'
import { since } from '../../live/countdown'
import type { Incident, Motion, Picture, Summons } from '../../live/picture'
import { useConsole } from '../../ui/context'
import { useContinuity, useNames } from '../../ui/continuity'
import { CrisisBand } from '../../ui/crisis'
import { useSeen } from '../../ui/evidence'
import { useNow, useView } from '../../ui/live'
import { Empty, Failed, Loading } from '../../ui/states'
import { PlaceFacts, SummonsReplies } from '../../ui/summons'
import { useBrief } from '../../ui/told'
import { useTimes, useWords } from '../../ui/text'
import { TallyLine, TimeLeft, VoteButtons } from '../../ui/vote'
import '../../style/phone.css'

export default function Phone() {
  useView('continuity')
  const { t } = useWords()
  const { picture, absent, error, retry } = useContinuity()
  if (!picture) {
    if (absent) return <Empty title={t('war.absent')}>{t('war.absent-next')}</Empty>
    return error ? <Failed error={error} retry={retry} /> : <Loading rows={5} />
  }
  const incident = shownIncident(picture, undefined)
  return (
    <div className="phone">
      <Situation picture={picture} incident={incident} />
      <Mine picture={picture} />
      {openMotions(picture).map((m) => (
        <Vote key={m.id} picture={picture} motion={m} />
      ))}
      <Go className="button wide" href={incident ? `/w/${encodeURIComponent(incident.id)}` : '/w'}>
        {t('phone.war')}
      </Go>
    </div>
  )
}

function Situation({ picture, incident }: { picture: Picture; incident: Incident | undefined }) {
  const { t, lasts } = useWords()
  const { clock } = useTimes()
  const names = useNames()
  const now = useNow()
  if (!incident && !underWay(picture))
    return (
      <section className="panel" aria-labelledby="situation-h">
        <CrisisBand picture={picture} />
        <h1 id="situation-h">{t('phone.calm')}</h1>
        <p>{t('phone.calm-text')}</p>
      </section>
    )
  const seen = useSeen()
  const age = since(incident?.clocks.evidence, now)
  return (
    <section className="panel" aria-labelledby="situation-h">
      <CrisisBand picture={picture} />
      <h1 id="situation-h">{incident ? seen(incident.evidence[0]) : t('phone.situation')}</h1>
      <p className="phone-where">{names.site(incident?.site ?? picture.org.site)}</p>
      <p>
        {age !== null && t('phone.since', { at: clock(incident?.clocks.evidence), time: lasts(age) })}{' '}
        <strong>{t(`state.bcp.${picture.org.state || 'NORMAL'}`)}</strong>
      </p>
    </section>
  )
}

/** The person's own summons; whoever is not called is told so. */
function Mine({ picture }: { picture: Picture }) {
  const { t } = useWords()
  const { session } = useConsole()
  const summons = summonsOf(picture, session.user)
  return (
    <section className="panel" aria-labelledby="mine-h">
      <h2 id="mine-h">{t('phone.place')}</h2>
      <PlaceFacts place={picture.place} />
      {summons ? <Called summons={summons} /> : <p className="muted">{t('phone.not-called')}</p>}
    </section>
  )
}

function Called({ summons: s }: { summons: Summons }) {
  const { t } = useWords()
  const names = useNames()
  return (
    <div className="called" data-state={s.state}>
      <p className="called-state">
        {t(`phone.state.${s.state}`)}
        {s.for && <span className="muted"> {t('phone.for', { who: names.person(s.for) })}</span>}
      </p>
      <SummonsReplies summons={s} />
    </div>
  )
}

function Vote({ picture, motion: m }: { picture: Picture; motion: Motion }) {
  const { t } = useWords()
  const inWords = useBrief()
  const told = inWords(m.text)
  return (
    <section className="panel motion" aria-labelledby={`motion-${m.id}`}>
      <p className="motion-kind">
        <span className="chip">{t(`motion-kind.${m.kind}`, { defaultValue: m.kind })}</span>
      </p>
      <h2 id={`motion-${m.id}`} className="motion-text">
        {told}
      </h2>
      {told !== m.text && (
        <p className="muted" lang="en">
          {m.text}
        </p>
      )}
      <TimeLeft motion={m} />
      <VoteButtons picture={picture} motion={m} />
      <TallyLine motion={m} />
    </section>
  )
}
