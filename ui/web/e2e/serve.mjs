// Serves the built console with the mock behind it: npm run mock, then open the address it prints.
import { createServer } from 'vite'

const vite = await createServer({ server: { middlewareMode: true }, appType: 'custom', logLevel: 'error' })
const { startMock } = await vite.ssrLoadModule('/e2e/mock.ts')
const mock = await startMock(Number(process.env.PORT ?? 8099))
process.stdout.write(`mock console: ${mock.url} (operator / bongsu-demo)\n`)
for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, async () => {
    await mock.close()
    await vite.close()
    process.exit(0)
  })
