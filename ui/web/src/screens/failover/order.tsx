// A planned move or the way back: what speaks for it and against it, then the order.

import { checks, type Check } from '../../live/failover'
import type { Group, Picture } from '../../live/picture'
import { AskButton, type Plan } from '../../ui/ask-button'
import { useConsole } from '../../ui/context'
import { useNames, usePerson } from '../../ui/continuity'
import { useNow } from '../../ui/live'
import { useWords } from '../../ui/text'

const marks = { yes: '✓', no: '✕', unknown: '?' } as const

export function OrderPanel({ picture, group: g }: { picture: Picture; group: Group }) {
  const { t } = useWords()
  const { wall } = useConsole()
  const list = checks(picture, g, useNow())
  const go = list.every((c) => c.is === 'yes')
  const tower = usePerson()?.roles.includes('tower') ?? false
  return (
    <details className="order">
      <summary>
        {t('order.title')} <strong>{t(go ? 'order.go' : 'order.no-go')}</strong>
      </summary>
      <Checks list={list} />
      {(picture.control.missing ?? []).length > 0 && (
        <p>{t('readiness.missing', { what: (picture.control.missing ?? []).join(', ') })}</p>
      )}
      <p className="muted">{t('order.again')}</p>
      {!wall && (
        <div className="buttons">
          <Order group={g} trigger="order" off={tower ? '' : t('off.tower')} list={list} />
          <Order group={g} trigger="failback" off={tower ? '' : t('off.tower')} list={list} />
        </div>
      )}
    </details>
  )
}

function Checks({ list }: { list: Check[] }) {
  const { t } = useWords()
  return (
    <ul className="checks">
      {list.map((c) => (
        <li key={c.id} data-tri={c.is}>
          <span aria-hidden>{marks[c.is]}</span> {t(`check.${c.id}`)}{' '}
          <span className="muted">
            {t(`tri.${c.is}`)}
            {c.detail ? ` · ${c.detail}` : ''}
          </span>
        </li>
      ))}
    </ul>
  )
}

interface OrderProps {
  group: Group
  trigger: 'order' | 'failback'
  off: string
  list: Check[]
}

function Order({ group: g, trigger, off, list }: OrderProps) {
  const { t } = useWords()
  const names = useNames()
  const plan: Plan = {
    title: t(`order.${trigger}`),
    asset: g.id,
    path: `failover/${encodeURIComponent(g.id)}/order`,
    means: t(`order.${trigger}-means`, { source: names.site(g.source), target: names.site(g.target) }),
    facts: <Checks list={list} />,
    fields: [{ name: 'reason', label: t('reason'), kind: 'area', required: true }],
    body: (v) => ({ trigger, reason: v.reason }),
  }
  return <AskButton plan={plan} off={off} />
}
