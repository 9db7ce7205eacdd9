// What the organisation as a whole can be asked for: a motion, the start of the recovery, the end of
// the review, and the glass that any named person may break.

import type { Picture } from '../../live/picture'
import { AskButton, type Plan } from '../../ui/ask-button'
import { useConsole } from '../../ui/context'
import type { Field } from '../../ui/fields'
import { useNames } from '../../ui/continuity'
import { useWords } from '../../ui/text'

export interface ForPicture {
  picture: Picture
}

/** The data centers a person may mean, this one first. */
export function useSites(picture: Picture): { value: string; label: string }[] {
  const { site } = useConsole()
  const names = useNames()
  const ids = picture.sites.map((s) => s.id)
  const all = [
    ...new Set([picture.org.site, ...(ids.includes(site.id) || ids.length === 0 ? [site.id] : []), ...ids]),
  ]
  return all
    .filter(Boolean)
    .map((id) => ({ value: id, label: id === names.site(id) ? id : `${names.site(id)} (${id})` }))
}

const kinds = ['stand-down', 'cancel', 'declare', 'ratify'] as const

export function ProposeButton({ picture }: ForPicture) {
  const { t } = useWords()
  const sites = useSites(picture)
  const fields: Field[] = [
    {
      name: 'kind',
      label: t('motion.kind'),
      kind: 'choice',
      initial: 'stand-down',
      options: kinds.map((k) => ({ value: k, label: t(`motion-kind.${k}`) })),
    },
    { name: 'text', label: t('motion.text'), kind: 'area', required: true },
    { name: 'site', label: t('site'), kind: 'choice', options: sites, initial: sites[0]?.value ?? '' },
  ]
  const plan: Plan = {
    title: t('motion.propose'),
    path: 'bcp/motions',
    plain: true,
    means: t('motion.propose-means'),
    fields,
  }
  return <AskButton plan={plan} quiet />
}

/** Begins the recovery of a declared disaster: one proposes, another one approves. */
export function RecoveryButton({ picture }: ForPicture) {
  const { t } = useWords()
  const site = picture.org.site
  if (picture.org.state !== 'DECLARED') return null
  const plan: Plan = {
    title: t('recovery.start'),
    asset: site,
    path: 'bcp/start',
    means: t('recovery.start-means'),
    body: () => ({}),
  }
  return <AskButton plan={plan} />
}

export function ReviewButton({ picture }: ForPicture) {
  const { t } = useWords()
  if (picture.org.state !== 'REVIEW') return null
  const plan: Plan = {
    title: t('review.end'),
    path: 'bcp/end-review',
    plain: true,
    means: t('review.end-means'),
    fields: [{ name: 'actions', label: t('work.label'), kind: 'work', required: true }],
    body: (v) => ({ actions: JSON.parse(v.actions ?? '[]') as unknown }),
  }
  return <AskButton plan={plan} />
}

const breakable: ReadonlySet<string> = new Set(['NORMAL', 'ALERT', 'PENDING', ''])

/** Declares without the committee, by name, against named rules, with everyone told at once. */
export function GlassButton({ picture }: ForPicture) {
  const { t } = useWords()
  const sites = useSites(picture)
  const plan: Plan = {
    title: t('glass.break'),
    asset: t('glass.word'),
    path: 'bcp/break-glass',
    means: t('glass.means'),
    fields: [
      { name: 'site', label: t('site'), kind: 'choice', options: sites, initial: sites[0]?.value ?? '' },
      {
        name: 'rules',
        label: t('glass.rules'),
        kind: 'area',
        required: true,
        initial: t('glass.rule-motion'),
      },
      { name: 'reason', label: t('reason'), kind: 'area', required: true },
    ],
    body: (v) => ({
      site: v.site,
      reason: v.reason,
      rules: (v.rules ?? '')
        .split('\n')
        .map((r) => r.trim())
        .filter(Boolean),
    }),
  }
  const off = breakable.has(picture.org.state) ? '' : t('glass.declared-already')
  return <AskButton plan={plan} off={off} />
}
