// Playbooks under way: how far each is, its branches side by side, and what can be started.

import { phases, progress, shownPlays } from '../../live/plays'
import type { Picture, Play } from '../../live/picture'
import { useSaid } from '../../ui/said'
import { AskButton } from '../../ui/ask-button'
import { useConsole } from '../../ui/context'
import { useNames } from '../../ui/continuity'
import { useTimes, useWords } from '../../ui/text'
import { StepCard } from './step'
import '../../style/plays.css'

export function Plays({ picture }: { picture: Picture }) {
  const { t } = useWords()
  const plays = shownPlays(picture)
  return (
    <section className="panel plays" aria-labelledby="plays-h">
      <h2 id="plays-h">{t('plays.title')}</h2>
      {plays.length === 0 && <p className="muted">{t('plays.none')}</p>}
      {plays.map((p) => (
        <OnePlay key={p.id} picture={picture} play={p} />
      ))}
      <Start picture={picture} />
    </section>
  )
}

function OnePlay({ picture, play }: { picture: Picture; play: Play }) {
  const { t, tx } = useWords()
  const { clock } = useTimes()
  const names = useNames()
  const inWords = useSaid()
  const p = progress(play)
  return (
    <article className="play" data-state={play.state} aria-labelledby={`play-${play.id}`}>
      <header className="play-head">
        <h3 id={`play-${play.id}`}>{tx(play.playbook.title, play.playbook.id)}</h3>
        {play.drill && <span className="chip drill">{t('drill')}</span>}
        <span>{t(`state.play.${play.state}`)}</span>
        <span className="muted">
          {t('plays.by', { id: play.id, who: inWords(names.person(play.by)), at: clock(play.started) })}
        </span>
        <PlayActs play={play} />
      </header>
      <div
        className="play-bar"
        role="progressbar"
        aria-label={t('plays.progress')}
        aria-valuemin={0}
        aria-valuemax={p.of}
        aria-valuenow={p.done}
      >
        <span style={{ width: `${p.of > 0 ? (p.done / p.of) * 100 : 0}%` }} />
      </div>
      <p className="muted">{t('plays.done', { done: p.done, of: p.of })}</p>
      {phases(play.playbook).map((branches, i) => (
        <div key={i} className="branches" data-branches={branches.length}>
          {branches.map((branch) => (
            <ol key={branch[0]?.id} className="branch">
              {branch.map((step) => (
                <StepCard key={step.id} picture={picture} play={play} step={step} />
              ))}
            </ol>
          ))}
        </div>
      ))}
    </article>
  )
}

function PlayActs({ play }: { play: Play }) {
  const { t } = useWords()
  const { wall } = useConsole()
  if (wall) return null
  const verb = play.state === 'RUNNING' ? 'stop' : 'resume'
  return (
    <AskButton
      quiet
      plan={{
        title: t(`plays.${verb}`),
        asset: play.id,
        path: `runs/${encodeURIComponent(play.id)}/${verb}`,
        plain: true,
        means: t(`plays.${verb}-means`),
        fields: [{ name: 'reason', label: t('reason'), kind: 'text', required: true }],
      }}
    />
  )
}

/** Starts a playbook by hand; it takes two people, and a declared disaster. */
function Start({ picture }: { picture: Picture }) {
  const { t, tx } = useWords()
  const { wall } = useConsole()
  const begun = new Set(picture.plays.filter((p) => p.call === picture.org.call).map((p) => p.playbook.id))
  const left = picture.playbooks.filter((b) => !begun.has(b.id))
  if (wall || left.length === 0) return null
  const may = picture.org.state === 'DECLARED' || picture.org.state === 'RECOVERY'
  return (
    <AskButton
      quiet
      off={may ? '' : t('plays.start-when')}
      plan={{
        title: t('plays.start'),
        asset: picture.org.site,
        path: 'runs',
        means: t('plays.start-means'),
        fields: [
          {
            name: 'playbook',
            label: t('plays.which'),
            kind: 'choice',
            initial: left[0]?.id ?? '',
            options: left.map((b) => ({ value: b.id, label: tx(b.title, b.id) })),
          },
        ],
      }}
    />
  )
}
