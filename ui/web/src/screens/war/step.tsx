// One step of a playbook: its state, its people, its deadline, what it asks for and what it brought.

import { stopwatch } from '../../live/format'
import { dueAt, owns, stepRun, verbs, type StepVerb } from '../../live/plays'
import type { Picture, Play, Step, StepRun, StepState } from '../../live/picture'
import { AskButton, type Plan } from '../../ui/ask-button'
import { useSaid } from '../../ui/said'
import { useConsole } from '../../ui/context'
import { useNames } from '../../ui/continuity'
import { useNow } from '../../ui/live'
import { useWords } from '../../ui/text'

const marks: Record<StepState, string> = {
  PENDING: '○',
  READY: '▷',
  INTENT: '▶',
  RUNNING: '▶',
  VERIFYING: '◐',
  UNKNOWN: '?',
  WAIT_HUMAN: '❚❚',
  DONE: '✓',
  SKIPPED: '↷',
  FAILED: '✕',
  COMPENSATING: '↶',
  COMPENSATED: '↶',
  COMP_UNKNOWN: '?',
}

interface StepProps {
  picture: Picture
  play: Play
  step: Step
}

export function StepCard({ picture, play, step }: StepProps) {
  const { t, tx } = useWords()
  const names = useNames()
  const inWords = useSaid()
  const run = stepRun(play, step.id)
  const after = (step.depends_on ?? []).filter((d) => !['DONE', 'SKIPPED'].includes(stepRun(play, d).state))
  return (
    <li className="step" data-state={run.state}>
      <p className="step-head">
        <span className="step-mark" aria-hidden>
          {marks[run.state]}
        </span>
        <strong className="step-title">{tx(step.title, step.id)}</strong>
        <span className="step-state">{t(`state.step.${run.state}`)}</span>
      </p>
      <p className="step-who">
        {names.team(step.owner)}{' '}
        <span className="muted">{t('step.deputy', { name: names.person(step.deputy) })}</span>
      </p>
      <Due step={step} run={run} />
      {run.state === 'PENDING' && after.length > 0 && (
        <p className="muted">
          {t('step.after', { steps: after.map((d) => titleOf(play, d, tx)).join(', ') })}
        </p>
      )}
      {run.state === 'WAIT_HUMAN' && <Needs step={step} run={run} why={inWords(run.why)} />}
      {run.evidence && (
        <p className="step-evidence">
          {t('step.evidence', { evidence: inWords(run.evidence) })}{' '}
          <span className="muted">{inWords(names.person(run.by))}</span>
        </p>
      )}
      <StepActs picture={picture} play={play} step={step} />
    </li>
  )
}

function titleOf(
  play: Play,
  id: string,
  tx: (text: Step['title'] | undefined, otherwise: string) => string,
): string {
  return tx(play.playbook.steps.find((s) => s.id === id)?.title, id)
}

/** What the step waits for a person to decide, do or bring. */
function Needs({ step, run, why }: { step: Step; run: StepRun; why: string }) {
  const { t } = useWords()
  const todo = step.do.kind === 'manual' ? step.do.with?.text : undefined
  return (
    <div className="step-needs">
      {step.hold && !run.released && <p>{t('step.hold', { hold: step.hold })}</p>}
      {todo && <p>{todo}</p>}
      {step.evidence && <p>{t('step.bring', { evidence: step.evidence })}</p>}
      {why && why !== todo && <p className="muted">{why}</p>}
    </div>
  )
}

function Due({ step, run }: { step: Step; run: StepRun }) {
  const { t } = useWords()
  const now = useNow()
  const at = dueAt(step, run)
  if (at === null) return null
  const ms = at - now
  return (
    <p className="step-due" data-past={ms < 0 || undefined}>
      {t(ms < 0 ? 'step.overdue' : 'step.due', { time: stopwatch(Math.abs(ms)) })}
      {run.attempt > 1 && <span className="muted"> · {t('step.attempt', { n: run.attempt })}</span>}
      {run.level > 0 && <span> · {t('step.escalated', { n: run.level })}</span>}
    </p>
  )
}

const enough: Record<StepVerb, string> = {
  release: '',
  attest: 'evidence',
  skip: 'reason',
  'give-up': 'reason',
  compensate: 'reason',
}

function StepActs({ picture, play, step }: StepProps) {
  const { t, tx } = useWords()
  const { session, wall } = useConsole()
  const names = useNames()
  const run = stepRun(play, step.id)
  const can = verbs(step, run)
  if (wall || can.length === 0) return null
  const team = picture.teams.find((x) => x.id === step.owner)
  const who = [team?.lead, team?.deputy, step.deputy].flatMap((id) => (id ? [names.person(id)] : []))
  const off = owns(picture, step, session.user) ? '' : t('step.who', { who: [...new Set(who)].join(', ') })
  const plan = (verb: StepVerb): Plan => {
    const needs = enough[verb]
    const title = verb === 'release' && !step.hold ? t('step.retry') : t(`step.${verb}`)
    return {
      title,
      asset: step.id,
      path: `runs/${encodeURIComponent(play.id)}/steps/${encodeURIComponent(step.id)}/${verb}`,
      plain: verb !== 'compensate',
      direct: verb === 'release' && !step.hold,
      means: [`${tx(step.title, step.id)}: ${t(`step.${verb}-means`)}`, verb === 'release' ? step.hold : '']
        .filter(Boolean)
        .join('\n'),
      fields: needs
        ? [
            {
              name: needs,
              label: needs === 'evidence' ? step.evidence || t('step.evidence-text') : t('reason'),
              kind: 'area',
              required: true,
            },
          ]
        : [],
      ...(needs ? {} : { body: () => ({}) }),
    }
  }
  return (
    <div className="buttons step-acts">
      {can.map((verb) => (
        <AskButton
          key={verb}
          plan={plan(verb)}
          off={off}
          quiet={verb !== 'attest' && verb !== 'release'}
          label={t('step.act-of', { act: plan(verb).title, step: tx(step.title, step.id) })}
        />
      ))}
    </div>
  )
}
