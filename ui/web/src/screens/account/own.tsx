// Who I am here, and another password.

import { useState } from 'react'
import { post } from '../../api/client'
import type { OwnAccount } from '../../live/accounts'
import { Act } from '../../ui/act'
import { Fact, Facts } from '../../ui/tile'
import { useTimes, useWords } from '../../ui/text'
import { Ask, Password } from './ask'

export function Own({ account, renew }: { account: OwnAccount; renew: () => void }) {
  const { t, tx } = useWords()
  const { full } = useTimes()
  const [open, setOpen] = useState(false)
  return (
    <section className="panel" aria-labelledby="acc-own">
      <h2 id="acc-own">{t('acc.own')}</h2>
      <Facts>
        <Fact name={t('acc.user')}>
          {account.user} · {tx(account.names, account.user)}
        </Fact>
        <Fact name={t('acc.roles')}>{account.roles.map((r) => t(`role.${r}`)).join(', ')}</Fact>
        <Fact name={t('acc.contact')}>
          {[account.contact.phone, account.contact.mail].filter(Boolean).join(' · ') || t('acc.none')}
        </Fact>
        <Fact name={t('acc.last')}>
          {account.last_login ? full(Date.parse(account.last_login)) : t('acc.never')}
        </Fact>
      </Facts>
      <p className="buttons">
        <Act off={account.writable ? '' : t('acc.read-only')} onAct={() => setOpen(true)}>
          {t('acc.password-change')}
        </Act>
      </p>
      {open && <NewPassword close={() => setOpen(false)} renew={renew} />}
    </section>
  )
}

function NewPassword({ close, renew }: { close: () => void; renew: () => void }) {
  const { t } = useWords()
  const [now, setNow] = useState('')
  const [next, setNext] = useState('')
  const [again, setAgain] = useState('')
  const lacks = next.length < 8 ? t('acc.password-short') : next !== again ? t('acc.password-differs') : ''
  return (
    <Ask
      title={t('acc.password-change')}
      note={t('acc.password-own-note')}
      lacks={now ? lacks : t('acc.password-now')}
      word={t('acc.password-change')}
      submit={async () => {
        await post('account/password', { password: now, new_password: next })
        renew()
      }}
      close={close}
    >
      <Password label={t('acc.password-now')} value={now} set={setNow} known />
      <Password label={t('acc.password-new')} value={next} set={setNext} />
      <Password label={t('acc.password-again')} value={again} set={setAgain} />
    </Ask>
  )
}
