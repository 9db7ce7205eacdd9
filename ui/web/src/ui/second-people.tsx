// What the first of two people has signed and waits for the second: the most urgent thing in the room.

import type { Picture, Waiting } from '../live/picture'
import { stopwatch } from '../live/format'
import { secondCall, secondLeft, secondOff } from '../live/requests'
import { AskButton, type Plan } from './ask-button'
import { useConsole } from './context'
import { useNames } from './continuity'
import { useNow } from './live'
import { useTimes, useWords } from './text'
import '../style/second.css'

export function SecondPeople({ picture }: { picture: Picture }) {
  const { t } = useWords()
  const now = useNow()
  const waiting = picture.waiting.filter((w) => secondLeft(w, now) > 0)
  if (waiting.length === 0) return null
  return (
    <section className="second" aria-labelledby="second-h">
      <h2 id="second-h">{t('second.title', { n: waiting.length })}</h2>
      <ul>
        {waiting.map((w) => (
          <One key={w.id} waiting={w} site={picture.org.site} />
        ))}
      </ul>
    </section>
  )
}

function One({ waiting: w, site }: { waiting: Waiting; site: string }) {
  const { t } = useWords()
  const { wall, session } = useConsole()
  const names = useNames()
  const { clock } = useTimes()
  const now = useNow()
  const off = secondOff(w, session.user, session.station)
  const call = secondCall(w)
  const what = t(`request.${w.kind}`, { defaultValue: w.kind })
  const subject = w.subject || site
  const plan: Plan = {
    title: t('second.sign', { what }),
    asset: subject,
    path: call?.path ?? '',
    means: t('second.means'),
    body: () => call?.body ?? {},
    facts: w.args?.reason ? <p>{t('second.reason', { reason: w.args.reason })}</p> : undefined,
  }
  return (
    <li>
      <strong>{what}</strong>
      <span>{subject}</span>
      <span>
        {t('second.by', { who: w.by.map((b) => names.person(b.person)).join(', '), at: clock(w.at) })}
      </span>
      {w.args?.reason && <span className="second-reason">{w.args.reason}</span>}
      <span className="second-left">{t('second.left', { time: stopwatch(secondLeft(w, now)) })}</span>
      {!wall && <AskButton plan={plan} off={off ? t(`second.off-${off}`) : ''} />}
    </li>
  )
}
