/** The report in a real browser: it opens, shows, moves and finds, by day and by night, on a desk and in a hand. */

import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { LogKey } from '../../base/index.ts'
import { FAULT_KINDS, type RunResult, renderReport, simulate, WORKLOADS } from '../../sim/index.ts'
import { dramaticRun, NASTY_KEY, resultOf, vector, WrittenTrace, writerOf } from '../sim/report-run.ts'

/** Where Debian and others put it. */
const CHROMIUMS = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

let directory: string
let browser: Browser
/** Everything the page complained about. */
let complaints: string[] = []
let open: Page | null = null

beforeAll(async () => {
  const executablePath = CHROMIUMS.find((path) => path !== undefined && existsSync(path))
  if (executablePath === undefined) throw new Error('no Chromium found: apt-get install chromium, or set CHROMIUM to one')
  directory = await mkdtemp(join(tmpdir(), 'skein-report-'))
  browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
})

afterEach(async () => {
  await open?.context().close()
  open = null
  expect(complaints).toEqual([])
})

afterAll(async () => {
  await browser?.close()
  if (directory !== undefined && process.env.SKEIN_KEEP_SCREENSHOTS === undefined) await rm(directory, { recursive: true })
})

interface Setting {
  readonly width?: number
  readonly height?: number
  readonly colorScheme?: 'light' | 'dark'
}

async function show(result: RunResult, { width = 1280, height = 800, colorScheme = 'light' }: Setting = {}): Promise<Page> {
  const file = join(directory, 'report.html')
  await writeFile(file, renderReport(result))
  const context = await browser.newContext({ viewport: { width, height }, colorScheme, hasTouch: width < 600 })
  const page = await context.newPage()
  open = page
  complaints = []
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('request', (request) => {
    if (!request.url().startsWith('file:')) complaints.push(`it asked for ${request.url()}`)
  })
  await page.goto(pathToFileURL(file).href)
  await page.locator('body[data-ready]').waitFor()
  return page
}

/** Run in the page, where there is a document: as text, for this program knows no types of the browser's. */
const COUNT_PIXELS = `(names) => {
  const canvas = document.getElementById('diagram')
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
  const probe = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
  return names.map((name) => {
    probe.fillStyle = getComputedStyle(document.body).getPropertyValue(name).trim()
    probe.fillRect(0, 0, 1, 1)
    const [red, green, blue] = probe.getImageData(0, 0, 1, 1).data
    let found = 0
    for (let i = 0; i < data.length; i += 4) {
      const apart = Math.abs(data[i] - red) + Math.abs(data[i + 1] - green) + Math.abs(data[i + 2] - blue)
      if (apart < 24 && data[i + 3] > 200) found++
    }
    return found
  })
}`

const FIND_NAMELESS = `[...document.querySelectorAll('button, input, select, canvas, [role="listbox"]')]
  .filter((it) => !(it.getAttribute('aria-label') || it.textContent.trim() || it.closest('label')?.textContent.trim()))
  .map((it) => it.id || it.outerHTML)`

/** How many pixels of the diagram have about these colours of the style sheet. */
function pixelsOf(page: Page, variables: readonly string[]): Promise<number[]> {
  return page.evaluate<number[]>(`(${COUNT_PIXELS})(${JSON.stringify(variables)})`)
}

async function scrubTo(page: Page, ms: number): Promise<void> {
  await page.locator('#scrub').fill(String(ms))
}

const stateOf = (page: Page, node: string) => page.locator(`#state tr[data-node="${node}"]`)

describe('a failed run', () => {
  it('[report] opens from a file with lanes, arrows and cuts, and complains about nothing', async () => {
    const page = await show(dramaticRun())
    await page.keyboard.press('0')
    await expect.poll(() => page.locator('#span').textContent()).toBe('0.0000 s – 0.7000 s')
    const colours = ['--node-0', '--node-1', '--node-2', '--bad', '--accent']
    const pixels = await pixelsOf(page, colours)
    colours.forEach((colour, i) => {
      expect(pixels[i], colour).toBeGreaterThan(30)
    })
    expect(await page.locator('#diagram').getAttribute('data-arrows')).toBe('single')
    expect(Number(await page.locator('#diagram').getAttribute('data-targets'))).toBeGreaterThan(20)
  })

  it('[report] the violation is told with its events, and marked in the list', async () => {
    const page = await show(dramaticRun())
    expect(await page.locator('.violation').innerText()).toContain(`n3 never got ${NASTY_KEY}`)
    expect(await page.locator('.violation button.evidence').count()).toBe(4)
    await page.locator('#search').fill('asks')
    await expect.poll(() => page.locator('#events .row.named').count()).toBe(1)
    expect(await page.locator('.violation').innerText()).toContain('block 1 of n1.00000001')
  })

  it('[report] the events of the violation lead to their moments', async () => {
    const page = await show(dramaticRun())
    await page.locator('.violation button.evidence').nth(1).click()
    await expect.poll(() => page.locator('#moment').innerText()).toBe('0.2000 s')
    expect(await page.locator('#selected').innerText()).toContain('n1 seals n1.00000001:1')
    expect(await page.locator('#events .row[aria-selected="true"]').innerText()).toContain('sealed')
    await page.keyboard.press('v')
    await expect.poll(() => page.locator('#moment').innerText()).toBe('0.7000 s')
  })

  it('[report] scrubbing shows the state of each node at that moment', async () => {
    const page = await show(dramaticRun())
    await scrubTo(page, 350)
    await expect.poll(() => stateOf(page, 'n3').innerText()).toContain('kill')
    expect(await stateOf(page, 'n1').innerText()).toContain('≠ n2')
    await scrubTo(page, 550)
    await expect.poll(() => stateOf(page, 'n3').innerText()).toContain('serving')
    await scrubTo(page, 50)
    await expect.poll(() => stateOf(page, 'n3').innerText()).toContain('all')
  })

  it('[report] the search finds by words, and says how many', async () => {
    const page = await show(dramaticRun())
    await page.keyboard.press('/')
    await page.keyboard.type('n1 heartbeat sent aaaa')
    await expect.poll(() => page.locator('#event-count').innerText()).toBe('1 event')
    expect(await page.locator('#events .row').innerText()).toContain('n1 → n2')
    await page.locator('#search').fill('no such thing')
    await expect.poll(() => page.locator('#event-count').innerText()).toBe('0 events')
  })

  it('[report] filters hide kinds of events', async () => {
    const page = await show(dramaticRun())
    const before = Number(await page.locator('#diagram').getAttribute('data-targets'))
    await page.locator('#show-blocks').uncheck()
    await page.locator('#show-calls').uncheck()
    await expect.poll(async () => Number(await page.locator('#diagram').getAttribute('data-targets'))).toBeLessThan(before)
    expect(await page.locator('#events').innerText()).not.toContain('block 1 of')
  })

  it('[report] a key shows its versions, the winner first, and only its own events', async () => {
    const page = await show(dramaticRun())
    await page.locator('#filter-key').fill(NASTY_KEY)
    await expect.poll(() => page.locator('#key-history .version').count()).toBe(2)
    expect(await page.locator('#key-history .version').first().innerText()).toContain('n3.00000003:1')
    expect(await page.locator('#key-history .version').nth(1).innerText()).toContain('n3 never')
    expect(await page.locator('#events').innerText()).not.toContain('heartbeat')
    expect(await page.locator('#events').innerText()).toContain('block 1 of n3.00000003')
  })

  it('[report] the keyboard steps, zooms and moves', async () => {
    const page = await show(dramaticRun())
    await page.keyboard.press('0')
    await scrubTo(page, 0)
    const whole = await page.locator('#span').textContent()
    await page.keyboard.press('n')
    await expect.poll(() => page.locator('#selected').innerText()).toContain('#')
    const first = await page.locator('#selected').innerText()
    await page.keyboard.press('n')
    await expect.poll(() => page.locator('#selected').innerText()).not.toBe(first)
    await page.keyboard.press('p')
    await expect.poll(() => page.locator('#selected').innerText()).toBe(first)
    await page.keyboard.press('+')
    await expect.poll(() => page.locator('#span').textContent()).not.toBe(whole)
    await page.keyboard.press('0')
    await expect.poll(() => page.locator('#span').textContent()).toBe(whole)
  })

  it('[report] the wheel zooms where it points, a drag moves, a click chooses', async () => {
    const page = await show(dramaticRun())
    await page.keyboard.press('0')
    const box = await page.locator('#diagram').boundingBox()
    if (box === null) throw new Error('there is no diagram')
    const [x, y] = [box.x + box.width / 2, box.y + 120]
    const whole = await page.locator('#span').textContent()
    await page.mouse.move(x, y)
    await page.mouse.wheel(0, -400)
    await expect.poll(() => page.locator('#span').textContent()).not.toBe(whole)
    const zoomed = await page.locator('#span').textContent()
    await page.mouse.down()
    await page.mouse.move(x - 120, y, { steps: 4 })
    await page.mouse.up()
    await expect.poll(() => page.locator('#span').textContent()).not.toBe(zoomed)
    const before = await page.locator('#moment').innerText()
    await page.mouse.click(x + 60, box.y + 90)
    await expect.poll(() => page.locator('#moment').innerText()).not.toBe(before)
  })
})

describe('everywhere', () => {
  it.each([
    { name: 'light', width: 1280, height: 800, colorScheme: 'light' },
    { name: 'dark', width: 1280, height: 800, colorScheme: 'dark' },
    { name: 'narrow', width: 390, height: 844, colorScheme: 'light' },
  ] as const)('[report] it fits: $name', async ({ name, ...setting }) => {
    const page = await show(simulated(), setting)
    const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')
    expect(overflow).toBeLessThanOrEqual(0)
    expect(await page.evaluate<string>('getComputedStyle(document.body).backgroundColor')).toBe(
      setting.colorScheme === 'dark' ? 'rgb(20, 23, 27)' : 'rgb(244, 243, 239)',
    )
    const image = await page.screenshot({ path: join(directory, `${name}.png`) })
    expect(image.length).toBeGreaterThan(20_000)
  })

  it('[report] everything that can be operated has a name', async () => {
    const page = await show(dramaticRun())
    const nameless = await page.evaluate<string[]>(FIND_NAMELESS)
    expect(nameless).toEqual([])
  })

  it('[report] of 200,000 events opens, with its arrows bundled where they are dense', async () => {
    const page = await show(longRun(100_000))
    expect(await page.locator('#diagram').getAttribute('data-arrows')).toBe('bundled')
  })
})

function simulated(): RunResult {
  const workload = WORKLOADS.find(({ name }) => name === 'hot')
  if (workload === undefined) throw new Error('there is no workload named hot')
  const none = { plan: null, weather: null, callsMax: null, onProgress: null }
  return simulate({ seed: 7, nodes: 5, durationMs: 10_000, callsPerSecond: 100, workload, faults: FAULT_KINDS, keepTrace: true, ...none })
}

/** As many arrows as asked for, in two events each. */
function longRun(arrows: number): RunResult {
  const trace = new WrittenTrace()
  for (let node = 0; node < 3; node++) trace.happen({ kind: 'applied', node, frontier: vector([writerOf(0), 1]) })
  for (let id = 0; id < arrows; id++) {
    trace.atMs = id / 5
    const content = { kind: 'blocks', log: '00'.repeat(32) as LogKey, writer: writerOf(id % 3), from: id, count: 1 } as const
    trace.happen({ kind: 'sent', id, from: id % 3, to: (id + 1) % 3, content })
    trace.happen({ kind: id % 50 === 0 ? 'dropped' : 'delivered', id })
  }
  return resultOf(trace.events, [])
}
