// What whoever watches the house has on every screen: the newest alarm and the alarms' sound. A page
// for deciding only does without.

import { Announcer } from './announcer'
import { NewestAlarm } from './newest'
import '../style/touch.css'

export default function Watch() {
  return (
    <>
      <NewestAlarm />
      <Announcer />
    </>
  )
}
