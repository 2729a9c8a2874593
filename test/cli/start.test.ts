/** `skein start` as a process of its own: how it begins, how it ends, and what it leaves. */

import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { connect } from '../../client/index.ts'
import { eventually } from '../support/eventually.ts'
import { type RunningSkein, skein, startSkein } from './run-skein.ts'

const START_DEADLINE_MS = 30_000

// Each test starts up to three processes, on machines that do other work too.
vi.setConfig({ testTimeout: 60_000 })

let directory: string
const running: RunningSkein[] = []

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skein-start-'))
})

afterEach(async () => {
  for (const one of running.splice(0)) {
    one.process.kill('SIGKILL')
    await one.ended
  }
  await rm(directory, { recursive: true, force: true })
})

const FREE_PORTS = ['--http-port', '0', '--resp-port', '0', '--gossip-port', '0', '--segment-size', '1mb']

/** Starts a node and waits until it serves. */
async function start(...args: string[]): Promise<RunningSkein & { readonly url: string }> {
  const started = startSkein(['start', '--data', join(directory, 'n1'), ...FREE_PORTS, ...args])
  running.push(started)
  let log = ''
  started.process.stdout?.on('data', (text: string) => {
    log += text
  })
  const url = await eventually(
    () => /"http":"([^"]+)"/.exec(log)?.[1] ?? null,
    START_DEADLINE_MS,
    () => `a line with the address in:\n${log}`,
  )
  return { ...started, url }
}

describe('skein start', () => {
  it('[LM9] says that peers are not told of a door on every address, unless it is told where that is', async () => {
    const open = ['--host', '0.0.0.0', '--gossip-host', '127.0.0.1', '--allow-insecure']
    const silent = await start(...open)
    silent.process.kill('SIGTERM')
    expect((await silent.ended).stdout).toContain('give --advertise-url')
    const told = await start(...open, '--advertise-url', 'https://n1.example/skein')
    told.process.kill('SIGTERM')
    expect((await told.ended).stdout).not.toContain('--advertise-url')
  })

  it.each(['SIGTERM', 'SIGINT'] as const)(
    '[CLI] %s stops it in good order, and what was written is there at the next start',
    async (signal) => {
      const first = await start()
      const database = connect({ nodes: [first.url] })
      await database.set('kept', 'yes')
      await database.close()
      first.process.kill(signal)
      const { code, stdout } = await first.ended
      expect([code, stdout]).toEqual([0, expect.stringContaining('"msg":"stopped"')])
      const second = await start()
      expect((await skein(['get', 'kept', '--url', second.url])).stdout).toBe('yes\n')
    },
  )

  it('[CLI] its log is JSON lines that name the node', async () => {
    const { process, ended } = await start('--node', 'n7')
    process.kill('SIGTERM')
    const { stdout } = await ended
    const nodes = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).node)
    expect(new Set(nodes)).toEqual(new Set(['n7']))
  })

  it('[ID2] a node by itself makes a secret that its owner alone can read, and keeps it', async () => {
    const first = await start()
    const file = join(directory, 'n1', 'cluster.secret')
    const secret = await readFile(file, 'utf8')
    first.process.kill('SIGTERM')
    expect((await first.ended).stderr).toContain(`made a cluster secret in ${file}`)
    const second = await start()
    second.process.kill('SIGTERM')
    expect((await second.ended).stderr).toBe('')
    expect([(await stat(file)).mode & 0o777, await readFile(file, 'utf8')]).toEqual([0o600, secret])
  })

  it('[CLI] a secret that others can read is pointed out, and a damaged one is refused without being shown', async () => {
    const file = join(directory, 'secret')
    await writeFile(file, 'skein1_abc\n', { mode: 0o644 })
    const { code, stderr } = await skein(['start', '--data', join(directory, 'n1'), ...FREE_PORTS, '--secret-file', file])
    expect([code, stderr]).toEqual([2, expect.stringMatching(/chmod 600[\s\S]*the cluster secret is damaged/)])
    expect(stderr).not.toContain('skein1_abc')
  })

  it.each(['--http-port', '--resp-port'])('[CLI] a port for %s that is taken is named', async (flag) => {
    const server = createServer()
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const { code, stderr } = await skein(['start', '--data', join(directory, 'n1'), ...FREE_PORTS, flag, String(port)])
    server.close()
    expect([code, stderr]).toEqual([4, expect.stringMatching(`:${port} .*${flag}`)])
  })

  it('[CLI] a second start on a directory in use is refused', async () => {
    await start()
    const { code, stderr } = await skein(['start', '--data', join(directory, 'n1'), ...FREE_PORTS])
    expect([code, stderr]).toEqual([4, expect.stringContaining('another process uses')])
  })
})
