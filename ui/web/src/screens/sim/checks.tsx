// What the scenario expects of a sound system, and what was seen. Nothing is said by colour alone: each line has
// its mark and its word.

import { judged, tally, type Check, type Verdict } from '../../live/simulator-checks'
import { storyTime, type Run } from '../../live/simulator'
import { useConsole } from '../../ui/context'
import { useAlarmMap, useRooms } from '../../ui/live'
import { useAssetName, useWords } from '../../ui/text'

const marks: Record<Verdict, string> = { met: '✓', failed: '✕', waiting: '…', unseen: '?' }
const order: readonly Verdict[] = ['failed', 'waiting', 'met', 'unseen']

export function Checks({ run }: { run: Run }) {
  const { t } = useWords()
  const alarms = useAlarmMap()
  const rooms = useRooms()
  const known = {
    alarms,
    rooms: [...rooms.values()],
    started: run.started,
    elapsed: run.elapsed ?? 0,
    over: run.over,
  }
  const checks = run.checks.map((c) => judged(c, known))
  const n = tally(checks)
  return (
    <section className="panel sim-checks" aria-labelledby="checks-h">
      <h2 id="checks-h">{t('sim.checks')}</h2>
      {checks.length === 0 ? (
        <p className="muted">{t('sim.no-checks')}</p>
      ) : (
        <>
          <p className="sim-tally" role="status">
            {order.map((v) => (
              <span key={v} data-verdict={v}>
                <span aria-hidden>{marks[v]}</span> {t(`sim.verdict.${v}`)} {n[v]}
              </span>
            ))}
          </p>
          <div className="sim-check-scroll" role="group" aria-label={t('sim.checks')} tabIndex={0}>
            <ul className="sim-check-list">
              {[...checks]
                .sort((a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict) || a.to - b.to)
                .map((c, i) => (
                  <CheckLine key={`${c.kind} ${c.what} ${c.of} ${c.from} ${i}`} check={c} />
                ))}
            </ul>
          </div>
        </>
      )}
    </section>
  )
}

function CheckLine({ check: c }: { check: Check }) {
  const { t } = useWords()
  const { plant } = useConsole()
  const asset = useAssetName()
  const of = plant.assets.has(c.of) ? asset(c.of) : c.of
  const what =
    c.kind === 'figure'
      ? t('sim.check.figure', { figure: t(`sim.figure.${c.what}`, { defaultValue: c.what }), of })
      : t(`sim.check.${c.kind}`, { what: c.what, defaultValue: c.what })
  return (
    <li data-verdict={c.verdict}>
      <span className="sim-mark" aria-hidden>
        {marks[c.verdict]}
      </span>
      <span className="sim-what">
        <span className="sr">{t(`sim.verdict.${c.verdict}`)}: </span>
        {what} <Bounds check={c} />
      </span>
      <span className="muted sim-when">
        {c.from === c.to ? storyTime(c.to) : `${storyTime(c.from)}–${storyTime(c.to)}`}
        <Seen check={c} />
      </span>
    </li>
  )
}

function Bounds({ check: c }: { check: Check }) {
  if (c.min === null && c.max === null) return null
  if (c.min !== null && c.max !== null) return <span className="muted">{`${c.min} … ${c.max}`}</span>
  return <span className="muted">{c.min !== null ? `≥ ${c.min}` : `≤ ${c.max ?? ''}`}</span>
}

function Seen({ check: c }: { check: Check }) {
  const { t } = useWords()
  const parts = [
    c.seenAt === null ? '' : t('sim.seen-at', { time: storyTime(c.seenAt) }),
    c.value === null ? '' : t('sim.value', { value: Math.round(c.value * 10) / 10 }),
    c.seen ? t('sim.saw', { what: c.seen }) : '',
  ].filter(Boolean)
  return parts.length > 0 ? <span> · {parts.join(' · ')}</span> : null
}
