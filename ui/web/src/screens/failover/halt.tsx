// A run that halts: why, since when, and each way out with what it does. Which one is right is for
// people to say.

import { since } from '../../live/countdown'
import { exits, type Exit } from '../../live/failover'
import type { Group, Picture } from '../../live/picture'
import { AskButton, type Plan } from '../../ui/ask-button'
import { useSaid } from '../../ui/said'
import { useConsole } from '../../ui/context'
import { usePerson } from '../../ui/continuity'
import { useNow } from '../../ui/live'
import { useWords } from '../../ui/text'
import { Approve } from './approve'

export function Halt({ picture, group: g }: { picture: Picture; group: Group }) {
  const { t, lasts } = useWords()
  const { wall } = useConsole()
  const inWords = useSaid()
  const now = useNow()
  const tower = usePerson()?.roles.includes('tower') ?? false
  const hold = g.hold
  if (!hold) return null
  const age = since(hold.since, now)
  return (
    <div className="halt">
      <p className="halt-head">
        <span className="halt-word">❚❚ {t('halt.title')}</span>
        <span>{t('halt.from', { state: t(`state.failover.${hold.from}`) })}</span>
        {age !== null && <span>{t('run.since', { time: lasts(age) })}</span>}
      </p>
      <p className="halt-why">{inWords(hold.why)}</p>
      {g.guard && g.guard !== hold.why && <p>{t('halt.now', { guard: inWords(g.guard) })}</p>}
      {hold.auto > 0 && <p className="muted">{t('halt.auto', { n: hold.auto })}</p>}
      {hold.from === 'AWAIT_AUTH' && <Approve picture={picture} group={g} />}
      <ul className="exits" aria-label={t('halt.exits')}>
        {exits(g).map(({ exit, off }) => (
          <li key={exit}>
            <p>
              <strong>{t(`exit.${exit}`)}</strong> {t(`exit.${exit}-means`)}
            </p>
            {!wall && <ExitButton group={g} exit={exit} off={off ? t(off) : tower ? '' : t('off.tower')} />}
          </li>
        ))}
      </ul>
    </div>
  )
}

function ExitButton({ group: g, exit, off }: { group: Group; exit: Exit; off: string }) {
  const { t } = useWords()
  const inWords = useSaid()
  const reason = [{ name: 'reason', label: t('reason'), kind: 'area' as const, required: true }]
  const plan: Plan = {
    title: t(`exit.${exit}`),
    asset: g.id,
    path: `failover/${encodeURIComponent(g.id)}/${exit}`,
    means: t(`exit.${exit}-does`),
    facts: <p className="halt-why">{inWords(g.hold?.why)}</p>,
    ...(exit === 'resume' ? { body: () => ({}) } : { fields: reason }),
  }
  return <AskButton plan={plan} off={off} />
}
