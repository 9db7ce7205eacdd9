// Who is here decides what is shown: the log-in page, or the console with its live stream.

import { useQuery, useQueryClient } from '@tanstack/react-query'
import { lazy, Suspense, useEffect, useMemo, useState, useSyncExternalStore, type ComponentType } from 'react'
import { Redirect, Route, Switch, useLocation } from 'wouter'
import { all, del, get, Problem } from './api/client'
import { Catalogue } from './live/catalogue'
import { onlyDecides } from './live/committee'
import type { Plant } from './live/plant'
import { chosen, prefs } from './live/prefs'
import { LiveStore } from './live/store'
import { LiveStream } from './live/stream'
import type { Session, Site } from './live/types'
import { Login } from './screens/login/login'
import { everyWord, wordsOf } from './text'
import type { ScreenName } from './text/topics'
import { ConsoleContext, useConsole, type Console } from './ui/context'
import { Frame } from './ui/frame'
import { isNarrow } from './ui/narrow'
import { learn } from './ui/second'
import { Failed, Loading } from './ui/states'
import { recovered } from './ui/banner'

// Each screen is a chunk of its own and comes with its words.
const files = {
  overview: () => import('./screens/overview/overview'),
  battery: () => import('./screens/battery/battery'),
  handover: () => import('./screens/handover/handover'),
  cooling: () => import('./screens/cooling/cooling'),
  line: () => import('./screens/line/line'),
  alarms: () => import('./screens/alarms/alarms'),
  journal: () => import('./screens/journal/journal'),
  orders: () => import('./screens/orders/orders'),
  sim: () => import('./screens/sim/sim'),
  trends: () => import('./screens/trends/trends'),
  war: () => import('./screens/war/war'),
  failover: () => import('./screens/failover/failover'),
  sites: () => import('./screens/sites/sites'),
  phone: () => import('./screens/phone/phone'),
  system: () => import('./screens/system/system'),
  account: () => import('./screens/account/account'),
} satisfies Record<ScreenName, () => Promise<{ default: ComponentType }>>

const screen = (name: ScreenName) =>
  lazy(() => Promise.all([files[name](), wordsOf(name)]).then(([file]) => file))

const Overview = screen('overview')
const Battery = screen('battery')
const HandOver = screen('handover')
const Cooling = screen('cooling')
const Line = screen('line')
const Alarms = screen('alarms')
const Journal = screen('journal')
const Orders = screen('orders')
const Simulator = screen('sim')
const Trends = screen('trends')
const War = screen('war')
const Failover = screen('failover')
const Sites = screen('sites')
const Phone = screen('phone')
const System = screen('system')
const AccountScreen = screen('account')
const Enrol = lazy(() => wordsOf('account').then(() => import('./screens/account/enrol')))

export function App() {
  const [at, go] = useLocation()
  const session = useQuery({
    queryKey: ['session'],
    queryFn: () => get<Session>('session'),
    retry: (n, e) => !refused(e) && n < 2,
    staleTime: Infinity,
    // A wall screen may come up before its server does: it keeps asking.
    refetchInterval: (q) => (q.state.status === 'error' && !refused(q.state.error) ? 5000 : false),
  })
  const loggedOut = refused(session.error)
  if (session.isPending) return <Loading rows={6} />
  if (loggedOut || at === '/login') {
    const elsewhere = at !== '/login' && at !== '/'
    const done = (s: Session) => go(elsewhere ? at : home(s.roles))
    return session.data ? <Redirect to={home(session.data.roles)} /> : <Login done={done} />
  }
  if (!session.data) return <Failed error={session.error} retry={() => void session.refetch()} />
  if (session.data.enrol)
    return (
      <Suspense fallback={<Loading rows={6} />}>
        <Enrol session={session.data} done={() => void session.refetch()} leave={leave} />
      </Suspense>
    )
  return <Inside session={session.data} />
}

/** Where a person begins: on a phone, who only decides begins with what is to be decided. */
const home = (roles: readonly string[]): string => (isNarrow() && onlyDecides(roles) ? '/m' : '/o')

const leave = () => void del('session').finally(() => location.assign('/login'))

const refused = (e: unknown): boolean => e instanceof Problem && e.status === 401

function Inside({ session }: { session: Session }) {
  const site = useQuery({ queryKey: ['site'], queryFn: () => get<Site>('site'), staleTime: Infinity })
  const plant = usePlant(site.data?.revision)
  const live = useLive()
  const queries = useQueryClient()
  const wall = useMemo(() => document.documentElement.dataset.wall === '1', [])
  const value = useMemo((): Console | null => {
    if (!site.data) return null
    return { ...live, site: site.data, session, plant, wall, logOut: leave }
  }, [site.data, live, session, plant, wall])
  const lang = site.data?.lang
  useEffect(() => {
    if (lang && !chosen()) prefs.getState().setLang(lang)
  }, [lang])
  useEffect(() => {
    // Every chunk is fetched while the server is known to be there, so that losing it later never
    // blanks a screen.
    const load = () => void Promise.allSettled([everyWord(), ...Object.values(files).map((f) => f())])
    const timer = setTimeout(load, 1500)
    return () => clearTimeout(timer)
  }, [queries])
  if (!value) {
    if (site.error) return <Failed error={site.error} retry={() => void site.refetch()} />
    return <Loading rows={6} />
  }
  return (
    <ConsoleContext value={value}>
      <Frame>
        <Suspense fallback={<Loading rows={8} />}>
          <Screens />
        </Suspense>
      </Frame>
    </ConsoleContext>
  )
}

function Screens() {
  const { session } = useConsole()
  return (
    <Switch>
      <Route path="/o" component={Overview} />
      <Route path="/b/:room?" component={Battery} />
      <Route path="/b/:room/handover" component={HandOver} />
      <Route path="/cool" component={Cooling} />
      <Route path="/e" component={Line} />
      <Route path="/a" component={Alarms} />
      <Route path="/j" component={Journal} />
      <Route path="/c/:record?" component={Orders} />
      <Route path="/sim" component={Simulator} />
      <Route path="/t" component={Trends} />
      <Route path="/w/:incident?" component={War} />
      <Route path="/f" component={Failover} />
      <Route path="/sites" component={Sites} />
      <Route path="/m" component={Phone} />
      <Route path="/s" component={System} />
      <Route path="/u" component={AccountScreen} />
      <Route>
        <Redirect to={home(session.roles)} />
      </Route>
    </Switch>
  )
}

/** The site's assets and point descriptions as screens ask for them; values come by the stream only. */
function usePlant(revision: string | undefined): Plant {
  const [catalogue] = useState(() => new Catalogue(all))
  const [known, setKnown] = useState(revision)
  useEffect(() => {
    if (known && revision !== known) catalogue.renew()
    setKnown(revision)
  }, [catalogue, known, revision])
  return useSyncExternalStore(catalogue.subscribe, () => catalogue.plant)
}

function useLive(): { store: LiveStore; stream: LiveStream } {
  const queries = useQueryClient()
  const [live] = useState(() => {
    const store = new LiveStore()
    const stream = new LiveStream(store, {
      loggedOut: () => void queries.resetQueries({ queryKey: ['session'] }),
      recovered,
    })
    store.on('hb', () => {
      if (store.hb) learn(store.hb.t)
    })
    return { store, stream }
  })
  useEffect(() => () => live.stream.stop(), [live])
  return live
}
