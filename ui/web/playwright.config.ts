// Browser tests. With BONGSU_URL those run against that server that are tagged @real, @stations or @three: the
// second need a plant in which nothing burns and the third three nodes, so they are asked for by their tag, on servers
// of their own. Without it a mock is started and only those tagged @mock run.

import { defineConfig } from '@playwright/test'

const real = process.env.BONGSU_URL

export default defineConfig({
  testDir: 'e2e',
  testMatch: '*.spec.ts',
  // One server and one plant: tests that start a fire must not overlap with others.
  workers: 1,
  fullyParallel: false,
  timeout: 240_000,
  // What has to come is waited for as long as a busy machine needs; what is there is seen at once.
  expect: { timeout: 30_000 },
  retries: 0,
  reporter: [['list']],
  grep: real ? /@real|@stations|@three/ : /@mock/,
  globalSetup: real ? undefined : './e2e/start-mock.ts',
  use: {
    baseURL: real ?? process.env.BONGSU_MOCK_URL,
    locale: 'ko-KR',
    timezoneId: 'America/New_York',
    viewport: { width: 1440, height: 900 },
    trace: 'off',
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
})
