/** `skein demo` from end to end: three real processes, a real cut, and nothing left behind. */

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { freePortsInARow, type RunningSkein, skein, startSkein } from './run-skein.ts'

const STORY_DEADLINE_MS = 60_000
const END_DEADLINE_MS = 15_000

let directory: string
let demo: readonly string[]
let firstPort: number
const running: RunningSkein[] = []

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skein-demo-'))
  firstPort = await freePortsInARow(9)
  demo = ['demo', '--data', directory, ...portsFrom(firstPort)]
})

afterAll(async () => {
  for (const { process, ended } of running) {
    process.kill('SIGTERM')
    await ended
  }
  await rm(directory, { recursive: true, force: true })
})

/** Options for three ports each of HTTP, RESP and gossip. */
function portsFrom(first: number): readonly string[] {
  return ['--http-port', String(first), '--resp-port', String(first + 3), '--gossip-port', String(first + 6)]
}

/** Processes that run a node of this test, by what the system says of them. */
async function nodesRunning(): Promise<number> {
  const ids = (await readdir('/proc')).filter((name) => Number(name) > 0)
  const commands = await Promise.all(ids.map((id) => readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')))
  return commands.filter((command) => command.includes(`${directory}/n`)).length
}

describe('skein demo', () => {
  it(
    '[CLI] tells its story to the end, and leaves no process behind',
    async () => {
      const { code, stdout, stderr } = await skein([...demo, '--once'])
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      const chapters = [
        '1  Three nodes start',
        '2  Each accepts a write',
        '3  The network to n3 is cut',
        '4  Both sides go on',
        '5  The network heals',
        '6  Nothing is lost',
      ]
      expect(chapters.filter((chapter) => !stdout.includes(chapter))).toEqual([])
      expect(stdout).toContain('The later hybrid time wins')
      expect(await nodesRunning()).toBe(0)
    },
    STORY_DEADLINE_MS,
  )

  it(
    '[CLI] runs on data it left before, stays up, and its nodes end with a parent that is killed',
    async () => {
      const started = startSkein(demo)
      running.push(started)
      let story = ''
      started.process.stdout?.on('data', (text: string) => {
        story += text
      })
      await eventually(
        () => story.includes('The cluster stays up'),
        STORY_DEADLINE_MS,
        () => `the end of the story in:\n${story}`,
      )
      expect(await nodesRunning()).toBe(3)
      const urls = [0, 1, 2].flatMap((index) => ['--url', `http://127.0.0.1:${firstPort + index}`])
      const conflicts = await skein(['conflicts', 'user:1', ...urls])
      const status = await skein(['status', ...urls])
      expect([conflicts.code, status.code]).toEqual([0, 0])
      expect(status.stdout).toMatch(/^3 nodes · converged\n/)
      expect(conflicts.stdout).toMatch(/^user:1 {2}2 conflicts\n/)
      const second = await skein([...demo, '--once'])
      expect([second.code, second.stderr]).toEqual([4, expect.stringContaining(`TCP port ${firstPort} (HTTP of n1) is in use`)])
      started.process.kill('SIGKILL')
      await eventually(
        async () => (await nodesRunning()) === 0,
        END_DEADLINE_MS,
        () => 'that the nodes end',
      )
    },
    2 * STORY_DEADLINE_MS,
  )

  it('[CLI] a port in use is named before anything is started', async () => {
    const server = createServer()
    const port = await freePortsInARow(9)
    await new Promise<void>((listening) => server.listen(port + 1, '127.0.0.1', listening))
    const { code, stderr } = await skein(['demo', '--once', '--data', directory, ...portsFrom(port)])
    server.close()
    expect([code, stderr]).toEqual([4, expect.stringContaining(`TCP port ${port + 1} (HTTP of n2) is in use`)])
  })
})
