// The incident itself: what was seen, who has which role, and what people can do to it.

import type { Evidence, Incident, Picture } from '../../live/picture'
import { useSaid } from '../../ui/said'
import { AskButton, type Plan } from '../../ui/ask-button'
import { useConsole } from '../../ui/context'
import { useNames } from '../../ui/continuity'
import { useTimes, useWords } from '../../ui/text'
import { Fact, Facts } from '../../ui/tile'

interface Props {
  picture: Picture
  incident: Incident
}

const roles = ['tower', 'operator', 'communicator', 'operations'] as const

export function IncidentPanel({ picture, incident }: Props) {
  const { t } = useWords()
  return (
    <section className="panel" aria-labelledby="incident-h">
      <h2 id="incident-h">{t('incident.title', { id: incident.id })}</h2>
      <ul className="lines">
        {incident.evidence.map((e) => (
          <EvidenceLine key={e.id} incident={incident} evidence={e} />
        ))}
      </ul>
      <Roles picture={picture} incident={incident} />
      <IncidentActs incident={incident} />
    </section>
  )
}

function EvidenceLine({ incident, evidence: e }: { incident: Incident; evidence: Evidence }) {
  const { t } = useWords()
  const { clock, full } = useTimes()
  const inWords = useSaid()
  const { wall } = useConsole()
  const names = useNames()
  const parts = [
    e.subject,
    e.stage ? t('seen.stage', { stage: e.stage, votes: e.votes ?? 0 }) : '',
    e.deadline ? t('seen.deadline', { at: full(e.deadline) }) : '',
    e.person ? t('seen.by', { who: names.person(e.person) }) : (e.sensors ?? []).join(', '),
  ].filter(Boolean)
  return (
    <li className="evidence" data-gone={e.gone || undefined}>
      <time>{clock(e.at)}</time>
      <strong>{t(`evidence-kind.${e.kind}`, { defaultValue: e.kind })}</strong>
      {e.what && <span>{e.person ? e.what : inWords(e.what)}</span>}
      <span className="muted">{parts.join(' · ')}</span>
      {e.gone && <span className="chip">{t('seen.gone')}</span>}
      {e.person && !e.gone && !wall && (
        <AskButton
          quiet
          plan={{
            title: t('seen.withdraw'),
            path: `incidents/${encodeURIComponent(incident.id)}/withdraw`,
            plain: true,
            means: t('seen.withdraw-means'),
            fields: [{ name: 'reason', label: t('reason'), kind: 'text', required: true }],
            body: (v) => ({ reason: v.reason, evidence: e.id }),
          }}
        />
      )}
    </li>
  )
}

/** The four roles with who has each; who stands in a role's line may take it. */
function Roles({ picture, incident }: Props) {
  const { t } = useWords()
  const names = useNames()
  const { session, wall } = useConsole()
  const mine = picture.people.find((x) => x.id === session.user)?.roles ?? []
  return (
    <Facts>
      {roles.map((r) => {
        const who = incident.roles[r]
        const takes = !wall && mine.includes(r) && who !== session.user
        return (
          <Fact key={r} name={t(`incident-role.${r}`)}>
            {who ? names.person(who) : <span className="muted">{t('incident.role-open')}</span>}{' '}
            {takes && (
              <AskButton
                quiet
                label={t('incident.take-of', { role: t(`incident-role.${r}`) })}
                plan={{
                  title: t('incident.take'),
                  path: `incidents/${encodeURIComponent(incident.id)}/role`,
                  direct: true,
                  body: () => ({ role: r }),
                }}
              />
            )}
          </Fact>
        )
      })}
    </Facts>
  )
}

type Verb = 'ack' | 'dismiss' | 'declare' | 'close' | 'reopen' | 'complete' | 'lower'

const asked: readonly Verb[] = ['ack', 'dismiss', 'declare', 'close', 'reopen', 'complete']

function IncidentActs({ incident }: { incident: Incident }) {
  const { t } = useWords()
  const { wall } = useConsole()
  if (wall) return null
  const path = (verb: Verb) => `incidents/${encodeURIComponent(incident.id)}/${verb}`
  const over = ['CLOSED', 'FOLLOW_UP', 'ARCHIVED', 'DISMISSED'].includes(incident.state)
  const verbs: Verb[] = [
    ...asked.filter((v) => incident.can.includes(v)),
    ...(!over && incident.grade < 3 ? ['lower' as const] : []),
  ]
  const plan = (verb: Verb): Plan => {
    const base = {
      title: t(`incident.${verb}`),
      path: path(verb),
      asset: incident.id,
      means: t(`incident.${verb}-means`),
    }
    switch (verb) {
      case 'ack':
        return { ...base, direct: true }
      case 'dismiss':
      case 'reopen':
        return {
          ...base,
          plain: true,
          fields: [{ name: 'reason', label: t('reason'), kind: 'area', required: true }],
        }
      case 'complete':
        return {
          ...base,
          plain: true,
          fields: [{ name: 'actions', label: t('work.label'), kind: 'work', required: true }],
          body: (v) => ({ actions: JSON.parse(v.actions ?? '[]') as unknown }),
        }
      default:
        return { ...base, body: () => ({}) }
    }
  }
  if (verbs.length === 0) return null
  return (
    <div className="buttons incident-acts">
      {verbs.map((v) => (
        <AskButton key={v} plan={plan(v)} quiet={v !== 'ack' && v !== 'declare' && v !== 'close'} />
      ))}
    </div>
  )
}
