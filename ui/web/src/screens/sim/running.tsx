// The scenario under way: where it stands, what comes next, and the hand on its time.

import { del, post, put } from '../../api/client'
import { storyTime, type Run, type SimEvent, type SimState } from '../../live/simulator'
import { number } from '../../live/format'
import { Act } from '../../ui/act'
import { useConsole } from '../../ui/context'
import { Fact, Facts } from '../../ui/tile'
import { useAssetName, useWords } from '../../ui/text'
import { useSimAct } from './act'

export function Running({ state }: { state: SimState }) {
  const { t, tx } = useWords()
  const run = state.run
  const scenario = state.scenarios.find((s) => s.name === run?.name)
  return (
    <section className="panel sim-running" aria-labelledby="running-h">
      <h2 id="running-h">{t('sim.running')}</h2>
      <Facts>
        <Fact name={t('sim.scenario')}>{run ? tx(scenario?.title, run.name) : t('none')}</Fact>
        <Fact name={t('sim.clock')}>{state.paused ? paused(state, t) : t('sim.runs')}</Fact>
        <Fact name={t('sim.asked')}>×{number(state.asked, 0)}</Fact>
        <Fact name={t('sim.effective')}>×{number(state.paused ? 0 : state.effective, 0)}</Fact>
      </Facts>
      {run && <Progress run={run} />}
      <Hands state={state} />
      {state.held && <p className="muted">{t('sim.slowed')}</p>}
      {state.paused && <p className="muted">{t('sim.paused-note')}</p>}
      {run && <Coming run={run} />}
      {run?.troubles.map((line) => (
        <p key={line} className="sim-trouble">
          {t('sim.trouble', { line })}
        </p>
      ))}
    </section>
  )
}

function paused(state: SimState, t: (key: string, o?: Record<string, unknown>) => string): string {
  return state.stepLeft > 0 ? t('sim.stepping', { time: storyTime(state.stepLeft) }) : t('sim.paused')
}

function Progress({ run }: { run: Run }) {
  const { t } = useWords()
  const at = run.elapsed ?? 0
  return (
    <div className="sim-progress">
      <progress
        max={Math.max(run.length, 1)}
        value={Math.min(at, run.length)}
        aria-label={t('sim.progress')}
        aria-valuetext={t('sim.progress-of', { at: storyTime(at), length: storyTime(run.length) })}
      />
      <p>
        <strong>{storyTime(at)}</strong> / {storyTime(run.length)}
        <span className="muted">{t('sim.events-of', { n: run.played, all: run.events })}</span>
        {run.over && <span className="chip">{t('sim.over')}</span>}
      </p>
    </div>
  )
}

const steps = [1, 10, 60] as const
const speeds = [1, 2, 5, 10, 30, 60] as const

/** Pause, step, speed and stop, one press each. */
function Hands({ state }: { state: SimState }) {
  const { t } = useWords()
  const act = useSimAct()
  return (
    <div className="sim-hands">
      <div className="buttons" role="group" aria-label={t('sim.clock')}>
        {state.paused ? (
          <Act right="simulate" onAct={act(() => post('sim/resume'))}>
            {t('sim.resume')}
          </Act>
        ) : (
          <Act right="simulate" onAct={act(() => post('sim/pause'))}>
            {t('sim.pause')}
          </Act>
        )}
        {steps.map((n) => (
          <Act
            key={n}
            right="simulate"
            quiet
            off={state.paused ? '' : t('sim.step-paused')}
            label={t('sim.step-of', { n })}
            onAct={act(() => post('sim/step', { seconds: n }))}
          >
            {t('sim.step', { n })}
          </Act>
        ))}
        {state.run && (
          <Act right="simulate" onAct={act(() => del('sim/scenarios'))}>
            {t('sim.stop-restore')}
          </Act>
        )}
      </div>
      <div className="buttons" role="group" aria-label={t('sim.speed')}>
        <span className="muted">{t('sim.speed')}</span>
        {[...new Set([...speeds, state.asked])]
          .sort((a, b) => a - b)
          .map((n) => (
            <Act
              key={n}
              right="simulate"
              quiet
              pressed={n === state.asked}
              label={t('sim.speed-of', { n })}
              onAct={act(() => put('sim/speed', { speed: n }))}
            >
              ×{n}
            </Act>
          ))}
      </div>
    </div>
  )
}

function Coming({ run }: { run: Run }) {
  const { t } = useWords()
  const at = run.elapsed ?? 0
  return (
    <>
      <h3>{t('sim.coming')}</h3>
      <ol className="sim-events">
        {run.last && <EventLine event={run.last} at={at} past />}
        {run.coming.map((e, i) => (
          <EventLine key={`${e.at} ${i}`} event={e} at={at} />
        ))}
        {run.coming.length === 0 && <li className="sim-none muted">{t('sim.no-more')}</li>}
      </ol>
    </>
  )
}

function EventLine({ event: e, at, past }: { event: SimEvent; at: number; past?: boolean }) {
  const { t, tx } = useWords()
  return (
    <li data-past={past || undefined} data-act={e.act}>
      <span className="sim-at">{storyTime(e.at)}</span>
      <span>
        {e.act === 'person' && <span className="chip">{t('sim.person')}</span>}
        {e.note && <strong>{tx(e.note)}</strong>}
        <What event={e} />
      </span>
      <span className="muted sim-in">
        {past ? t('sim.done') : t('sim.in', { time: storyTime(Math.max(0, e.at - at)) })}
      </span>
    </li>
  )
}

/** What an event does, in the reader's language where it is known, else in the simulator's. */
function What({ event: e }: { event: SimEvent }) {
  const { t } = useWords()
  const { plant } = useConsole()
  const asset = useAssetName()
  if (e.act === 'note') return null
  if (!e.act) return <span>{e.what}</span>
  const target = plant.assets.has(e.target) ? asset(e.target) : e.target
  const kind =
    e.act === 'inject' || e.act === 'clear' ? t(`sim.fault.${e.kind}`, { defaultValue: e.kind }) : e.kind
  return <span className="muted">{t(`sim.act.${e.act}`, { kind, target, defaultValue: e.what })}</span>
}
