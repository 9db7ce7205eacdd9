// How many alarms nobody is shown now, always in sight: what is hidden must not be forgotten.

import { EyeOff } from 'lucide-react'
import { Link as Go } from 'wouter'
import { useTally } from './live'
import { useWords } from './text'
import '../style/newest.css'

export function HiddenCount() {
  const { t } = useWords()
  const n = { shelved: 0, suppressed: 0, out: 0 }
  for (const a of useTally()) {
    if (a.state === 'shelved') n.shelved += a.n
    else if (a.state === 'suppressed') n.suppressed += a.n
    else if (a.state === 'out-of-service') n.out += a.n
  }
  const all = n.shelved + n.suppressed + n.out
  const tab = n.shelved > 0 ? 'shelved' : n.out > 0 ? 'out-of-service' : 'suppressed'
  return (
    <Go
      className="hidden-count"
      href={`/a?tab=${tab}`}
      aria-label={`${t('alarm.hidden', { n: all })}: ${t('alarm.hidden-long', n)}`}
      title={t('alarm.hidden-long', n)}
    >
      <EyeOff aria-hidden size={16} /> {all}
    </Go>
  )
}
