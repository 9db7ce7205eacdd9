// A person's own summons: where to go, and what can be answered to it.

import { useState } from 'react'
import { replies, type Reply } from '../live/committee'
import type { Place, Summons } from '../live/picture'
import { Act } from './act'
import { useAsk } from './ask'
import { useWords } from './text'
import { Fact, Facts } from './tile'

const link = /^https?:\/\//

export function PlaceFacts({ place }: { place: Place | undefined }) {
  const { t } = useWords()
  if (!place) return null
  const facts = (['bridge', 'room', 'alternate', 'remote'] as const).filter((k) => place[k])
  if (facts.length === 0) return null
  return (
    <Facts>
      {facts.map((k) => {
        const at = place[k] ?? ''
        return (
          <Fact key={k} name={t(`place.${k}`)}>
            {link.test(at) ? (
              <a href={at} rel="noreferrer" target="_blank">
                {at.replace(link, '')}
              </a>
            ) : (
              at
            )}
          </Fact>
        )
      })}
    </Facts>
  )
}

/** The answers that are open now. Joining from an unread summons reads it first. */
export function SummonsReplies({ summons: s }: { summons: Summons }) {
  const { t } = useWords()
  const ask = useAsk()
  const [declining, setDeclining] = useState(false)
  const open = replies(s.state)
  if (open.length === 0) return null
  const path = (verb: Reply) => `bcp/summons/${encodeURIComponent(s.call)}/${verb}`
  const answer = async (verb: Reply) => {
    if (verb === 'join' && s.state !== 'ACKED') await ask(path('ack'), {}, t('summons.ack'))
    await ask(path(verb), {}, t(`summons.${verb}`))
    setDeclining(false)
  }
  if (declining)
    return (
      <div className="replies" role="group" aria-label={t('summons.decline')}>
        <p>{t('summons.decline-means')}</p>
        <Act right="ask" onAct={() => answer('decline')}>
          {t('summons.decline-yes')}
        </Act>
        <button type="button" className="button" onClick={() => setDeclining(false)}>
          {t('cancel')}
        </button>
      </div>
    )
  return (
    <div className="replies" role="group" aria-label={t('summons.answer')}>
      {open.map((verb) => (
        <Act
          key={verb}
          right="ask"
          primary={verb === open[0]}
          onAct={() => (verb === 'decline' ? setDeclining(true) : answer(verb))}
        >
          {t(`summons.${verb}`)}
        </Act>
      ))}
    </div>
  )
}
