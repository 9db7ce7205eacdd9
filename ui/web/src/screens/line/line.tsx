// The single line: where power comes from, through what it runs, and how far it gets, as breakers and voltages prove it.
// A press on a place tells what it feeds and what opening it takes along.

import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'wouter'
import { get } from '../../api/client'
import type { LineBox, SingleLine } from '../../live/single-line'
import { IsolationPlan } from '../../ui/isolation'
import { useConnection, useView } from '../../ui/live'
import { Empty, Failed, Loading } from '../../ui/states'
import { useTimes, useWords } from '../../ui/text'
import { Drawing, signs, stateOf, useBoxWords } from './drawing'
import '../../style/line.css'

const every = 2000

export default function Line() {
  useView('points')
  const { t } = useWords()
  const { clock } = useTimes()
  const connection = useConnection()
  const [chosen, choose] = useState('')
  const q = useQuery({
    queryKey: ['single-line', chosen],
    queryFn: () => get<SingleLine>(`single-line?of=${encodeURIComponent(chosen)}`),
    placeholderData: (before) => before,
    refetchInterval: every,
    structuralSharing: false,
  })
  if (!q.data) {
    if (q.error) return <Failed error={q.error} retry={() => void q.refetch()} />
    return <Loading rows={8} />
  }
  const line = q.data
  const lost = connection === 'lost' || q.isError
  if (line.boxes.length < 2) return <Empty title={t('line.none')}>{t('line.none-next')}</Empty>
  const box = line.boxes.find((b) => b.id === chosen)
  return (
    <div className="line-screen">
      <h1 className="screen-title">{t('nav.line')}</h1>
      <section className="panel" aria-label={t('line.drawing')}>
        <Drawing line={line} lost={lost} chosen={chosen} choose={choose} />
        <Legend />
        <p className="muted">
          {t('line.as-of', { clock: clock(line.time) })}
          {lost && ` · ${t('line.old')}`}
        </p>
      </section>
      {box ? (
        <Chosen key={box.id} box={box} line={line} lost={lost} />
      ) : (
        <p className="muted touch-only">{t('line.press')}</p>
      )}
      <List line={line} lost={lost} choose={choose} />
    </div>
  )
}

function Legend() {
  const { t } = useWords()
  return (
    <ul className="line-legend">
      {(Object.keys(signs) as (keyof typeof signs)[]).map((s) => (
        <li key={s}>
          {signs[s]} {t(`line.state.${s}`)}
        </li>
      ))}
      <li>■ {t('line.breaker.closed')}</li>
      <li>□ {t('line.breaker.open')}</li>
    </ul>
  )
}

function Chosen({ box: b, line, lost }: { box: LineBox; line: SingleLine; lost: boolean }) {
  const { t, tx } = useWords()
  const say = useBoxWords()
  const [member, pick] = useState('')
  // A supply from outside cannot be made dead from here.
  const asset = b.row === 0 ? '' : member || b.asset
  const alarms = line.alarms.find((a) => a.box === b.id)
  const name = (id: string) => tx(line.boxes.find((x) => x.id === id)?.name, id)
  return (
    <section className="panel" aria-labelledby="line-chosen">
      <h2 id="line-chosen">{tx(b.name, b.id)}</h2>
      <p>
        {signs[b.state]} {say(b, lost).join(' · ')}
      </p>
      {b.state === 'disagree' && <p>{t('line.disagree-why')}</p>}
      {alarms && (
        <p>
          <Link href="/a">{t('line.alarms', { n: alarms.count })}</Link>
        </p>
      )}
      <ul>
        {line.joins
          .filter((j) => j.from === b.id || j.to === b.id)
          .map((j) => (
            <li key={`${j.from}>${j.to}`}>
              {j.to === b.id ? t('line.from', { name: name(j.from) }) : t('line.to', { name: name(j.to) })}
              {' · '}
              {j.shown
                ? t(`line.breaker.${j.state}`, { n: j.open, of: j.count })
                : t('line.breaker.not-shown')}
              {stateOf(j, line) === 'dead' && j.state === 'closed' && ` · ${t('line.state.dead')}`}
            </li>
          ))}
      </ul>
      {b.members && (
        <>
          <h3>{t('line.members')}</h3>
          <ul className="line-members">
            {b.members.map((m) => (
              <li key={m.asset}>
                <button
                  type="button"
                  className="button quiet"
                  aria-pressed={member === m.asset}
                  onClick={() => pick(member === m.asset ? '' : m.asset)}
                >
                  {signs[m.state]} {tx(m.name, m.asset)}
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
      {asset && (
        <>
          <h3>{t('line.depends')}</h3>
          <IsolationPlan key={asset} asset={asset} />
        </>
      )}
    </section>
  )
}

/** The same as a table: for a screen reader, and for a screen too small to draw on. */
function List({ line, lost, choose }: { line: SingleLine; lost: boolean; choose: (id: string) => void }) {
  const { t, tx } = useWords()
  const say = useBoxWords()
  return (
    <details className="twin panel">
      <summary>{t('table-view')}</summary>
      <div className="scroll-x" tabIndex={0} role="region" aria-label={t('table-view')}>
        <table className="plain">
          <thead>
            <tr>
              <th scope="col">{t('line.place')}</th>
              <th scope="col">{t('line.state')}</th>
              <th scope="col">{t('line.fed-by')}</th>
            </tr>
          </thead>
          <tbody>
            {line.boxes.map((b) => (
              <tr key={b.id}>
                <th scope="row">
                  <button type="button" className="link-button" onClick={() => choose(b.id)}>
                    {tx(b.name, b.id)}
                  </button>
                </th>
                <td>
                  {signs[b.state]} {say(b, lost).join(' · ')}
                </td>
                <td>
                  {line.joins
                    .filter((j) => j.to === b.id)
                    .map((j) => tx(line.boxes.find((x) => x.id === j.from)?.name, j.from))
                    .join(', ')}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  )
}
