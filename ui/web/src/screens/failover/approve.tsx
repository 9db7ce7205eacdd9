// A run that waits for authority: who has spoken, what it takes, and the word of whoever may give it.

import type { Group, Picture } from '../../live/picture'
import { AskButton, type Plan } from '../../ui/ask-button'
import { useConsole } from '../../ui/context'
import { useNames } from '../../ui/continuity'
import { useTimes, useWords } from '../../ui/text'

export function Approve({ picture, group: g }: { picture: Picture; group: Group }) {
  const { t } = useWords()
  const { session, wall } = useConsole()
  const { clock } = useTimes()
  const names = useNames()
  const me = picture.people.find((x) => x.id === session.user)
  const spoken = g.approvals?.some((a) => a.person === session.user) ?? false
  const off = spoken ? t('approve.spoken') : me?.seat || me?.roles.includes('tower') ? '' : t('approve.who')
  const plan = (verb: 'approve' | 'deny'): Plan => ({
    title: t(`approve.${verb}`),
    asset: g.id,
    path: `failover/${encodeURIComponent(g.id)}/${verb}`,
    means: t(`approve.${verb}-means`),
    body: () => ({}),
  })
  return (
    <div className="approve">
      <h3>{t('approve.title')}</h3>
      <ul className="lines">
        {(g.approvals ?? []).map((a) => (
          <li key={a.person}>
            <span aria-hidden>{a.yes ? '○' : '✕'}</span>
            <strong>{names.person(a.person)}</strong>
            <span>{t(a.yes ? 'approve.said-yes' : 'approve.said-no')}</span>
            <span className="muted">{clock(a.at)}</span>
          </li>
        ))}
      </ul>
      {(g.approvals ?? []).length === 0 && <p className="muted">{t('approve.nobody')}</p>}
      {!wall && (
        <div className="buttons">
          <AskButton plan={plan('approve')} off={off} />
          <AskButton plan={plan('deny')} off={off} />
        </div>
      )}
    </div>
  )
}
