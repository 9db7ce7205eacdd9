// The changes an administrator makes of an account. Each takes the administrator's own password; what takes an account
// away takes a second look too: its name is typed.

import { useState } from 'react'
import { post, segment } from '../../api/client'
import type { Account } from '../../live/accounts'
import { useWords } from '../../ui/text'
import { Ask, Line, Password } from './ask'

interface Change {
  close: () => void
  renew: () => void
}

interface Profile {
  ko: string
  en: string
  roles: string[]
  phone: string
  mail: string
}

const bodyOf = (p: Profile) => ({
  names: { ko: p.ko.trim(), en: p.en.trim() },
  roles: p.roles,
  contact: { phone: p.phone.trim(), mail: p.mail.trim() },
})

function ProfileFields({
  roles,
  profile,
  set,
}: {
  roles: string[]
  profile: Profile
  set: (p: Profile) => void
}) {
  const { t } = useWords()
  const toggle = (role: string, on: boolean) =>
    set({ ...profile, roles: roles.filter((r) => (r === role ? on : profile.roles.includes(r))) })
  return (
    <>
      <Line label={t('acc.name-ko')} value={profile.ko} set={(ko) => set({ ...profile, ko })} />
      <Line label={t('acc.name-en')} value={profile.en} set={(en) => set({ ...profile, en })} />
      <fieldset className="role-choice">
        <legend>{t('acc.roles')}</legend>
        {roles.map((r) => (
          <label key={r} className="check">
            <input
              type="checkbox"
              checked={profile.roles.includes(r)}
              onChange={(e) => toggle(r, e.target.checked)}
            />
            <span>{t(`role.${r}`)}</span>
          </label>
        ))}
      </fieldset>
      <Line label={t('acc.phone')} value={profile.phone} set={(phone) => set({ ...profile, phone })} />
      <Line label={t('acc.mail')} value={profile.mail} set={(mail) => set({ ...profile, mail })} />
    </>
  )
}

export function AddAccount({ roles, close, renew }: Change & { roles: string[] }) {
  const { t } = useWords()
  const [user, setUser] = useState('')
  const [profile, setProfile] = useState<Profile>({ ko: '', en: '', roles: [], phone: '', mail: '' })
  const [first, setFirst] = useState('')
  const [own, setOwn] = useState('')
  return (
    <Ask
      title={t('acc.add')}
      lacks={lacking(
        !user.trim() && t('acc.user'),
        profile.roles.length === 0 && t('acc.roles'),
        first.length < 8 && t('acc.password-first'),
        !own && t('acc.password-admin'),
      )}
      word={t('acc.add')}
      submit={async () => {
        await post('accounts', { user: user.trim(), ...bodyOf(profile), new_password: first, password: own })
        renew()
      }}
      close={close}
    >
      <Line label={t('acc.user')} value={user} set={setUser} />
      <ProfileFields roles={roles} profile={profile} set={setProfile} />
      <Password label={t('acc.password-first')} value={first} set={setFirst} />
      <Password label={t('acc.password-admin')} value={own} set={setOwn} known />
    </Ask>
  )
}

const lacking = (...what: (string | false)[]): string => what.filter(Boolean).join(' · ')

export function ChangeAccount({
  account,
  roles,
  close,
  renew,
}: Change & { account: Account; roles: string[] }) {
  const { t } = useWords()
  const [profile, setProfile] = useState<Profile>({
    ko: account.names.ko,
    en: account.names.en,
    roles: account.roles,
    phone: account.contact.phone ?? '',
    mail: account.contact.mail ?? '',
  })
  const [own, setOwn] = useState('')
  return (
    <Ask
      title={t('acc.change-of', { user: account.user })}
      lacks={lacking(profile.roles.length === 0 && t('acc.roles'), !own && t('acc.password-admin'))}
      word={t('acc.change')}
      submit={async () => {
        const edited = account.edited ?? undefined
        await post(`accounts/${segment(account.user)}/profile`, { ...bodyOf(profile), edited, password: own })
        renew()
      }}
      close={close}
    >
      <ProfileFields roles={roles} profile={profile} set={setProfile} />
      <Password label={t('acc.password-admin')} value={own} set={setOwn} known />
    </Ask>
  )
}

export function ResetPassword({ account, close, renew }: Change & { account: Account }) {
  const { t } = useWords()
  const [first, setFirst] = useState('')
  const [own, setOwn] = useState('')
  return (
    <Ask
      title={t('acc.password-reset-of', { user: account.user })}
      note={t('acc.password-reset-note')}
      lacks={lacking(first.length < 8 && t('acc.password-first'), !own && t('acc.password-admin'))}
      word={t('acc.password-reset')}
      submit={async () => {
        await post(`accounts/${segment(account.user)}/password`, { new_password: first, password: own })
        renew()
      }}
      close={close}
    >
      <Password label={t('acc.password-first')} value={first} set={setFirst} />
      <Password label={t('acc.password-admin')} value={own} set={setOwn} known />
    </Ask>
  )
}

export type Look = 'disable' | 'enable' | 'remove' | 'factor-remove'

export function SecondLook({ what, account, close, renew }: Change & { what: Look; account: Account }) {
  const { t } = useWords()
  const [typed, setTyped] = useState('')
  const [own, setOwn] = useState('')
  const type = t('acc.type', { user: account.user })
  return (
    <Ask
      title={`${t(`acc.${what}`)}: ${account.user}`}
      note={t(`acc.means.${what}`)}
      lacks={lacking(typed !== account.user && type, !own && t('acc.password-admin'))}
      word={t(`acc.${what}`)}
      danger={what !== 'enable'}
      submit={async () => {
        await post(`accounts/${segment(account.user)}/${what}`, { confirm: typed, password: own })
        renew()
      }}
      close={close}
    >
      <Line label={type} value={typed} set={setTyped} />
      <Password label={t('acc.password-admin')} value={own} set={setOwn} known />
    </Ask>
  )
}
