// Parts of the frame that come after the first paint, each with the words that only such parts say.

import { lazy, type ComponentType } from 'react'
import { lateWords } from '../text'

// React's own type of lazy takes any component.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export const late = <C extends ComponentType<any>>(load: () => Promise<{ default: C }>) =>
  lazy(() => lateWords().then(load))
