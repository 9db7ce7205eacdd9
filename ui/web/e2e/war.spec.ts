import { expect, test, type Page } from '@playwright/test'
import { fresh, logIn, open, scene, station } from './steps'

test.beforeEach(async ({ page }) => {
  await fresh(page)
  await station(page)
})

test('a calm war room says who would be called and which standing orders hold @mock', async ({ page }) => {
  await logIn(page)
  await open(page, '/w')
  await expect(page.getByRole('heading', { name: '선포된 상황이 없습니다' })).toBeVisible()
  const called = page.getByRole('region', { name: /호출될 사람/ })
  await expect(called.getByRole('row')).toHaveCount(7)
  await expect(called.getByRole('row', { name: /김대표/ })).toContainText('문자 → 전화 → 전자우편')
  await expect(called.getByRole('row', { name: /한법무/ })).toContainText('연락 수단 없음')
  const orders = page.getByRole('region', { name: '사전 명령' })
  await expect(orders.getByRole('listitem')).toContainText([/유효.*so-2026-1/s, /효력 없음.*so-2024-3/s])
})

test('a site without continuity says so and offers no way there @mock', async ({ page }) => {
  await logIn(page)
  await scene(page, 'none')
  await open(page, '/w')
  await expect(page.getByText('재난 대응 조직이 설정되지 않았습니다')).toBeVisible()
  await expect(page.locator('.nav').getByRole('link', { name: '상황실' })).toHaveCount(0)
})

test('an open incident is on every screen, one press from its war room @mock', async ({ page }) => {
  await logIn(page)
  await open(page, '/o')
  await expect(page.locator('.strip')).toHaveCount(0)
  await scene(page, 'declared')
  const strip = page.getByRole('region', { name: '진행 중인 사고' })
  await expect(strip).toContainText('i14')
  await expect(strip).toContainText('경계')
  await strip.getByRole('link', { name: '상황실 열기' }).click()
  await expect(page.getByRole('heading', { name: /i14 · 배터리실 B1 화재, 2단계/ })).toBeVisible()
  const clock = page.locator('.wall-clock', { hasText: '첫 증거 후' }).locator('.wall-clock-figure')
  const before = await clock.textContent()
  await expect(clock).not.toHaveText(before ?? '')
})

test('a vote shows when the picture says so, and can be changed @mock', async ({ page }) => {
  await logIn(page, 'chair')
  await scene(page, 'declared')
  await open(page, '/w/i14')
  const motion = page.getByRole('article', { name: /재해 선포/ })
  await expect(motion.getByRole('button', { name: '찬성' })).toHaveAttribute('aria-pressed', 'false')
  await motion.getByRole('button', { name: '반대' }).click()
  await expect(motion.getByRole('button', { name: '반대' })).toHaveAttribute('aria-pressed', 'true')
  await expect(motion.locator('.tally')).toContainText('반대 1')
  await motion.getByRole('button', { name: '찬성' }).click()
  await expect(motion.locator('.tally')).toContainText(/찬성 3.*반대 0/s)
  await expect(page.getByRole('status').filter({ hasText: '접수됨: 투표: 찬성' })).toBeVisible()
  await expect(page.locator('.log-lines')).toContainText('안건 m1: 김대표 찬성')
})

test('who has no seat hears it from the server, in words @mock', async ({ page }) => {
  await logIn(page, 'lead')
  await scene(page, 'declared')
  await open(page, '/w/i14')
  const motion = page.getByRole('article', { name: /재해 선포/ })
  await expect(motion).toContainText('위임받은 경우에만')
  await motion.getByRole('button', { name: '찬성' }).click()
  await expect(page.getByRole('status').filter({ hasText: '의결권도 위임도 없습니다' })).toBeVisible()
  await expect(motion.locator('.tally')).toContainText('찬성 2')
})

test('a step is attested with its evidence by its own people only @mock', async ({ page }) => {
  await logIn(page, 'chair')
  await scene(page, 'declared')
  await open(page, '/w/i14')
  const step = page
    .locator('.step')
    .filter({ has: page.locator('.step-title', { hasText: '현장 인원 대피 확인' }) })
  const attest = step.getByRole('button', { name: /증거 적고 완료/ })
  await expect(attest).toHaveAttribute('aria-disabled', 'true')
  await expect(attest).toHaveAttribute('title', /박인프라, 윤대기, 관제탑/)
  await logIn(page, 'tower')
  await open(page, '/w/i14')
  await expect(step).toHaveAttribute('data-state', 'WAIT_HUMAN')
  await attest.click()
  const dialog = page.getByRole('dialog')
  await expect(dialog.getByRole('button', { name: '보내기' })).toHaveAttribute('aria-disabled', 'true')
  await dialog.getByLabel('인원 명부와 확인 시각').fill('14명 모두 나옴, 14:12')
  await dialog.getByRole('button', { name: '보내기' }).click()
  await expect(step).toHaveAttribute('data-state', 'DONE')
  await expect(step).toContainText('증거: 14명 모두 나옴')
})

test('glass is broken only with the word typed, rules and a reason @mock', async ({ page }) => {
  await logIn(page, 'tower')
  await scene(page, 'declared')
  await open(page, '/w/i14')
  await page.getByRole('button', { name: /비상 조치/ }).click()
  const dialog = page.getByRole('dialog')
  await expect(dialog.getByRole('button', { name: '취소' })).toBeFocused()
  const confirm = dialog.getByRole('button', { name: /비상 조치/ })
  await expect(confirm).toHaveAttribute('aria-disabled', 'true')
  await dialog.getByLabel('사유').fill('위원회와 연락이 되지 않음')
  await expect(confirm).toHaveAttribute('aria-disabled', 'true')
  await dialog.getByLabel('비상 입력').fill('비상')
  await expect(confirm).not.toHaveAttribute('aria-disabled')
  const sent = page.waitForRequest('**/api/v1/bcp/break-glass')
  await confirm.click()
  expect((await sent).postDataJSON()).toEqual({
    site: 'dc1',
    rules: ['재해 선포는 위원회 의결로 한다'],
    reason: '위원회와 연락이 되지 않음',
  })
})

test('a notice of a power cut takes its time of day and says what it sets off @mock', async ({ page }) => {
  await logIn(page, 'lead')
  await scene(page, 'declared')
  await open(page, '/w/i14')
  await page.getByRole('button', { name: '보고하기' }).click()
  const dialog = page.getByRole('dialog')
  await expect(dialog).not.toContainText('서비스 전환을 바로 시작')
  await dialog.getByLabel('무엇을').selectOption('power-cut')
  await expect(dialog).toContainText('서비스 전환을 바로 시작')
  await dialog.getByLabel('본 것을 한 줄로').fill('소방이 전원을 끊는다고 함')
  const cut = Math.floor((Date.now() + 240_000) / 60_000) * 60_000 // the minute that people write
  await dialog.getByLabel('차단 시각').fill(seoul(cut))
  await expect(dialog.locator('.report-comment')).toContainText(/[0-4]:\d\d 남음/)
  const sent = page.waitForRequest((r) => r.url().endsWith('/api/v1/incidents') && r.method() === 'POST')
  await dialog.getByRole('button', { name: '보내기' }).click()
  const body = (await sent).postDataJSON() as Record<string, string>
  expect(Object.keys(body).sort()).toEqual(['deadline', 'kind', 'site', 'what'])
  expect(Date.parse(body.deadline ?? '')).toBe(cut)
  await expect(page.locator('.evidence', { hasText: '소방이 전원을 끊는다고 함' })).toBeVisible()
})

/** The time of day in Seoul, as a person would write it. */
const seoul = (ms: number): string => new Date(ms + 9 * 3_600_000).toISOString().slice(11, 16)

test('a second signature is refused to the first person and to the same station @mock', async ({ page }) => {
  await logIn(page, 'tower')
  await scene(page, 'declared')
  await open(page, '/w/i14')
  const sign = page.getByRole('button', { name: /두 번째 서명/ })
  await expect(sign).toHaveAttribute('title', /본인이 첫 서명자/)
})

test('without a quorum everything global is read only and says so @mock', async ({ page }) => {
  await logIn(page, 'chair')
  await scene(page, 'no-quorum')
  await open(page, '/o')
  await expect(page.locator('.banner[data-kind=quorum]')).toContainText('정족수 없음: 읽기 전용')
  await open(page, '/w')
  await expect(page.locator('.banner[data-kind=quorum]')).toContainText('no answer from n2')
  for (const name of ['찬성', '보고하기', '안건 내기'])
    await expect(page.getByRole('button', { name, exact: true })).toHaveAttribute('aria-disabled', 'true')
})

test('the shared journal is one switch away, tells every site and follows @mock', async ({ page }) => {
  await logIn(page, 'chair')
  await scene(page, 'hold')
  await open(page, '/j')
  await page.getByRole('button', { name: '모든 센터' }).click()
  await expect(page).toHaveURL(/scope=shared/)
  const first = page.locator('.entry').first()
  await expect(first).toContainText('전환 talk: 자료가 비어 있음 (자료 확인 → 멈춤)')
  await expect(first).toContainText('n2 · 세대 7')
  await expect(page.locator('.entry-text', { hasText: '관제탑만 할 수 있습니다' })).toHaveCount(0)
  await page.getByRole('button', { name: '요청과 답' }).click()
  await expect(page.locator('.entry-text', { hasText: '관제탑만 할 수 있습니다' })).toBeVisible()
  await page.getByRole('button', { name: '사고', exact: true }).click()
  await expect(page.locator('.entry-text', { hasText: '사고 열림' })).toBeVisible()
  await report(page, '지하 통로 침수')
  await expect(page.locator('.entry-text', { hasText: '지하 통로 침수' })).toBeVisible()
})

/** Somebody else's report, so that the journal grows while it is open. */
async function report(page: Page, what: string): Promise<void> {
  await page.request.post('/api/v1/incidents', { data: { site: 'dc1', kind: 'report', what } })
}
