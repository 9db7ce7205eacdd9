// Starts the mock in the test runner's own process and tells the workers where it is.

import { startMock } from './mock'

export default async function globalSetup(): Promise<() => Promise<void>> {
  const mock = await startMock()
  process.env.BONGSU_MOCK_URL = mock.url
  return () => mock.close()
}
