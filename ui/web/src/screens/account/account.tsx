// My account, and for an administrator everybody's. A site that is cut off shows them and changes none.

import { useQuery } from '@tanstack/react-query'
import { get } from '../../api/client'
import type { Accounts, OwnAccount, Writing } from '../../live/accounts'
import { useConsole } from '../../ui/context'
import { useView } from '../../ui/live'
import { Failed, Loading } from '../../ui/states'
import { useWords } from '../../ui/text'
import { Factor } from './factor'
import { Own } from './own'
import { People } from './people'
import '../../style/account.css'

const every = 5000

export default function AccountScreen() {
  useView('journal') // of the stream it needs the beat only
  const { t } = useWords()
  const { session, wall } = useConsole()
  const admin = session.roles.includes('admin') && !wall
  const own = useQuery({
    queryKey: ['account'],
    queryFn: () => get<OwnAccount>('account'),
    refetchInterval: every,
    retry: false,
  })
  const all = useQuery({
    queryKey: ['accounts'],
    queryFn: () => get<Accounts>('accounts'),
    refetchInterval: every,
    retry: false,
    enabled: admin,
  })
  if (!own.data)
    return own.error ? <Failed error={own.error} retry={() => void own.refetch()} /> : <Loading rows={8} />
  const renew = () => {
    void own.refetch()
    if (admin) void all.refetch()
  }
  return (
    <div className="accounts">
      <h1 className="screen-title">{t('nav.account')}</h1>
      <Standing writing={own.data} />
      <Own account={own.data} renew={renew} />
      <Factor account={own.data} renew={renew} />
      {admin && all.data && <People accounts={all.data} renew={renew} />}
      {!admin && <p className="muted">{t('acc.admins-only')}</p>}
    </div>
  )
}

/** That accounts cannot be changed from here, and what still works. */
function Standing({ writing }: { writing: Writing }) {
  const { t } = useWords()
  if (writing.writable) return null
  return (
    <section className="panel" data-attention aria-label={t('acc.standing')} role="status">
      <p>
        <strong>✕ {t('acc.read-only')}</strong>
      </p>
      <p>{t('acc.read-only-means')}</p>
    </section>
  )
}
