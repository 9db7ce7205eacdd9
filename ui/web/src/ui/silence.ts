// Stops this station's sound. It acknowledges nothing.

import { prefs } from '../live/prefs'
import { now } from './second'

export function silence(): void {
  prefs.getState().silence(now())
}
