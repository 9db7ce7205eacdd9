import { expect, test, type Page } from '@playwright/test'
import { fresh, logIn, open, scene, station } from './steps'

test.beforeEach(async ({ page }) => {
  await fresh(page)
  await station(page)
})

const part = (page: Page, name: string) => page.getByRole('region', { name, exact: true })

test('the system screen says what works, since when and by which files @mock @real', async ({ page }) => {
  await logIn(page)
  await open(page, '/o')
  await page.getByRole('region', { name: '현장 연결' }).getByRole('link', { name: '현장 연결' }).click()
  await expect(page).toHaveURL(/\/s$/)
  const processes = part(page, '프로세스')
  await expect(processes.getByRole('row', { name: /현장/ })).toContainText('정상')
  await expect(processes.getByRole('row', { name: /데스크/ })).toContainText('정상')
  await expect(processes).toContainText('KST')
  await expect(part(page, '현장 연결').getByRole('row', { name: /bms/ })).toContainText('연결됨')
  await expect(part(page, '기록과 이력')).toContainText('내장 이력 저장소')
  await expect(part(page, '기록과 이력')).toContainText(/[\d.]+ ?[kMG]?B/)
})

test('what is wrong stands first, in words, and leads to its part @mock', async ({ page }) => {
  await logIn(page)
  await page.request.post('/mock/system?sick=1')
  await open(page, '/s')
  const standing = part(page, '전체 상태')
  await expect(standing.getByRole('listitem')).toHaveText([
    /노드 n3의 이력이나 상태가 이 노드와 다릅니다/,
    /장기 이력 데이터베이스가 받지 않습니다/,
    /현장 연결 4개 중 1개가 끊겼습니다/,
    /아무도 맡지 않은 현장 연결: 1개 \(leak-line\)/,
    /연결되어 있지 않은 수집기: shed/,
    /이상이 있는 장치: 3대/,
  ])
  const devices = part(page, '이상 장치')
  await expect(devices.getByRole('row').nth(1)).toContainText('통신 두절')
  await expect(devices.getByRole('row').nth(3)).toContainText('장치 시계가 42초 느림')
  const influx = part(page, '기록과 이력').getByRole('row', { name: /장기 이력 데이터베이스/ })
  await expect(influx).toContainText('connection refused')
  await expect(influx).toContainText(/1시간 3[45]분/)
  await standing.getByRole('link', { name: /장기 이력/ }).press('Enter')
  await expect(page.locator('#sys-keeping')).toBeInViewport()
})

test('without an answer the last one stays with its age, and comes to life again @mock', async ({ page }) => {
  await logIn(page)
  await open(page, '/s')
  const standing = part(page, '전체 상태')
  await expect(standing.getByRole('listitem')).toHaveCount(1)
  await page.route('**/api/v1/nodes', (route) => route.abort())
  await expect(standing.getByRole('status')).toContainText('서버가 응답하지 않습니다')
  await expect(standing.getByRole('listitem')).toHaveCount(1)
  await expect(part(page, '기록과 이력')).toContainText('내장 이력 저장소')
  await page.unroute('**/api/v1/nodes')
  await expect(standing.getByRole('status')).toHaveCount(0)
})

test('a node that never answers says so and is asked again on demand @mock', async ({ page }) => {
  await logIn(page)
  await page.route('**/api/v1/nodes', (route) => route.abort())
  await open(page, '/s')
  await expect(page.getByRole('alert').filter({ hasText: '다시' })).toBeVisible()
  await page.unroute('**/api/v1/nodes')
  await page.getByRole('button', { name: /다시/ }).click()
  await expect(part(page, '프로세스')).toBeVisible()
})

test('the shared journal shows its servers and that it is read only @mock', async ({ page }) => {
  await logIn(page, 'tower')
  await scene(page, 'no-quorum')
  await open(page, '/s')
  await expect(part(page, '전체 상태')).toContainText('공동 기록에 쓸 수 없습니다')
  const common = part(page, '공동 기록')
  await expect(common).toContainText('읽기 전용')
  await expect(common.getByRole('row')).toHaveCount(4)
})

test('an administrator looks at the plan of a changed site before it is reloaded @mock', async ({ page }) => {
  const asked: boolean[] = []
  let refuse = true
  const report = {
    state: 'planned',
    by: 'admin',
    from: 'mock',
    to: '5f959c008044c35b',
    reach: 'rules',
    links: [],
    rules: ['inlet-32'],
    fire: false,
    changes: ['alarm inlet-32 changed: limit: 32 -> 31'],
    more: 0,
    refused: [] as string[],
    faults: [] as unknown[],
  }
  await page.route('**/api/v1/site/reload', async (route) => {
    const dry = (route.request().postDataJSON() as { dry_run: boolean }).dry_run
    asked.push(dry)
    const from = (await page.locator('.setup-revision').textContent()) ?? ''
    if (refuse) {
      const faults = [
        {
          file: 'sites/demo/site.yaml',
          line: 12,
          col: 5,
          path: 'alarms[3].kind',
          text: '"hihg" is no kind',
          warning: false,
        },
      ]
      const refused = {
        ...report,
        from,
        to: '',
        changes: [],
        refused: ['the files are faulty: nothing was changed'],
        faults,
      }
      return route.fulfill({ json: refused })
    }
    return route.fulfill({ json: { ...report, from, state: dry ? 'planned' : 'done' } })
  })
  await logIn(page, 'admin')
  await open(page, '/s')
  const tile = page.getByRole('region', { name: '구성' })
  const reload = tile.getByRole('button', { name: '지금 적용' })
  await expect(reload).toHaveAttribute('aria-disabled', 'true')
  await tile.getByRole('button', { name: '변경 내용 확인' }).click()
  await expect(tile).toContainText('sites/demo/site.yaml:12:5: alarms[3].kind')
  await expect(reload).toHaveAttribute('aria-disabled', 'true')
  refuse = false
  await tile.getByRole('button', { name: '변경 내용 확인' }).click()
  await expect(tile).toContainText('limit: 32 -> 31')
  await reload.click()
  await expect(tile).toContainText('적용했습니다')
  expect(asked).toEqual([true, true, false])
  await logIn(page, 'operator')
  await open(page, '/s')
  await expect(tile).toHaveCount(0)
})
