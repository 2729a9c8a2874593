/**
 * `skein sim …`: what it prints, which exit code it answers, and that a failure can be done
 * again, made small and told. The failures are those of a workload with an invariant that does
 * not hold, as a user's may be.
 */

import { execFile } from 'node:child_process'
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MAIN, type Ran, runInside, skein } from './run-skein.ts'

/** One client writes one key; after the third answer the invariant does not hold. */
const FAILING_WORKLOAD = `
const request = (data) => ({
  kind: 'transaction',
  operations: [{ kind: 'set', key: 'counter', value: { type: 'text', data }, ttlMs: null }],
  conditions: [], concern: 1, idempotencyKey: null, session: null, timeoutMs: 1000,
})
export default {
  name: 'failing',
  description: 'fails at the third answer',
  start({ random }) {
    let answers = 0
    const asked = new Set()
    const invariant = {
      name: 'LessThanThree',
      observe: ({ number, happening }) => {
        // Besides these clients the simulator asks, when it looks whether the nodes answer.
        if (happening.kind === 'invoked' && happening.request.operations?.[0].key === 'counter') asked.add(happening.call)
        if (happening.kind !== 'answered' || happening.reply.kind !== 'committed' || !asked.has(happening.call)) return null
        answers += 1
        return answers < 3 ? null : { message: 'a third write was answered', events: [number] }
      },
      finish: () => null,
    }
    return {
      next: () => ({ request: request(String(random.below(1000))), node: 'any', onUnknown: 'go-on' }),
      ended: () => undefined,
      invariants: [invariant],
    }
  },
}
`

const SHORT = ['--nodes', '3', '--minutes', '0.1', '--rate', '50']
const CALM = [...SHORT, '--faults', 'none']

let directory: string
let failing: readonly string[]

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skein-sim-'))
  const module = join(directory, 'failing.mjs')
  await writeFile(module, FAILING_WORKLOAD)
  failing = [...CALM, '--workload', module]
})

afterAll(async () => {
  await rm(directory, { recursive: true, force: true })
})

/** The JSON values that a command prints, a line each. */
function valuesOf({ stdout }: Ran): unknown[] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line))
}

describe('skein sim run', () => {
  it('[SIM] says what happened, and that it passed', async () => {
    const { code, stdout, stderr } = await runInside(['sim', 'run', '--seed', '7', ...SHORT])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^seed 7 · 3 nodes · 6 s of faults · mixed at 50 calls\/s\n/)
    expect(stdout).toMatch(/passed.+× real time/)
    expect(stdout).toMatch(/trace +[0-9a-f]{16}/)
  })

  it('[SIM] --json has seed, hash, verdict, violations and counts', async () => {
    const ran = await runInside(['sim', 'run', '--seed', '7', '--json', ...SHORT])
    const [result] = valuesOf(ran)
    expect(ran.code).toBe(0)
    expect(result).toMatchObject({ seed: 7, passed: true, violations: [], traceHash: expect.stringMatching(/^[0-9a-f]{16}$/) })
    expect(result).toMatchObject({ counts: { calls: expect.any(Number), faults: expect.any(Object) } })
  })

  it('[SIM] the same seed in two processes gives the same hash, another seed another', async () => {
    const hashOf = async (seed: string): Promise<unknown> => {
      const ran = await skein(['sim', 'run', '--seed', seed, '--json', ...SHORT])
      const [result] = valuesOf(ran)
      return (result as { traceHash: unknown }).traceHash
    }
    const [first, again, other] = await Promise.all([hashOf('7'), hashOf('7'), hashOf('8')])
    expect(again).toBe(first)
    expect(other).not.toBe(first)
  })

  it('[Determinism] the same seed gives the same hash on an engine without a compiler', async () => {
    const hashOf = async (...flags: string[]): Promise<unknown> => {
      const { stdout } = await promisify(execFile)(process.execPath, [...flags, MAIN, 'sim', 'run', '--seed', '7', '--json', ...SHORT])
      return (JSON.parse(stdout) as { traceHash: unknown }).traceHash
    }
    const compiled = await hashOf()
    expect(compiled).toMatch(/^[0-9a-f]{16}$/)
    expect(await hashOf('--jitless')).toBe(compiled)
  })

  it('[SIM] a failure exits with 1, and shows the invariant, the events that matter and how to see it again', async () => {
    const { code, stdout } = await runInside(['sim', 'run', '--seed', '7', ...failing])
    expect(code).toBe(1)
    expect(stdout).toContain('FAILED')
    expect(stdout).toMatch(/LessThanThree at \d+\.\d{3} s: a third write was answered/)
    expect(stdout).toMatch(/▶ n[123] answers client \d+: done, version n[123]\.[0-9a-f]{8}:\d+/)
    expect(stdout).toContain(
      `skein sim replay 7 --nodes 3 --minutes 0.1 --rate 50 --workload ${join(directory, 'failing.mjs')} --faults none`,
    )
  })

  it('[SIM] writes the report and the trace', async () => {
    const report = join(directory, 'run.html')
    const trace = join(directory, 'run.jsonl')
    const { code, stderr } = await runInside(['sim', 'run', '--seed', '7', ...CALM, '--report', report, '--trace', trace])
    expect(code).toBe(0)
    expect(stderr).toContain(`wrote ${report}`)
    expect(await readFile(report, 'utf8')).toMatch(/^<!doctype html>/i)
    const [first] = (await readFile(trace, 'utf8')).split('\n')
    expect(JSON.parse(first ?? '')).toMatchObject({ number: 0, happening: { kind: expect.any(String) } })
  })
})

describe('the files of a run', () => {
  it.each(['--report', '--trace'])('[SIM] a path for %s that can not be written is refused before the run', async (option) => {
    const path = join(directory, 'nowhere', 'file')
    const { code, stdout, stderr } = await runInside(['sim', 'run', '--seed', '7', ...CALM, option, path])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(`${path} can't be written`)
  })

  it('[SIM] of a failing run the trace is that of the run, once', async () => {
    const trace = join(directory, 'failing.jsonl')
    const report = join(directory, 'failing.html')
    await writeFile(trace, 'what was there before\n')
    const ran = await runInside(['sim', 'run', '--seed', '7', ...failing, '--trace', trace, '--report', report, '--json'])
    const lines = (await readFile(trace, 'utf8')).trimEnd().split('\n')
    expect(valuesOf(ran)[0]).toMatchObject({ counts: { events: lines.length } })
    expect(lines.map((line) => (JSON.parse(line) as { number: number }).number)).toEqual(lines.map((_, number) => number))
  })
})

describe('a workload of a user', () => {
  it('[SIM] with a call that nobody could make fails with its name, and one that throws with its stack', async () => {
    const module = join(directory, 'broken.mjs')
    const broken = (next: string): string =>
      `export default { name: 'broken', description: '', start: () => ({ next() { ${next} }, ended() {}, invariants: [] }) }`
    await writeFile(
      module,
      broken(`return { request: { kind: 'get', key: 'k', consistency: 'local', session: null }, node: 'any', onUnknown: 'go-on' }`),
    )
    const malformed = await skein(['sim', 'run', '--seed', '4', ...CALM, '--workload', module])
    expect(malformed.code).toBe(1)
    expect(malformed.stdout).toMatch(/WorkloadWorks .+: the workload broken hands out a call .+ request\.timeoutMs is missing/)
    await writeFile(module, broken(`throw new TypeError('a mistake')`))
    const thrown = await skein(['sim', 'run', '--seed', '4', ...CALM, '--workload', module])
    expect(thrown.stdout).toMatch(
      /WorkloadWorks .+: the workload broken throws in next\(\d+\): a mistake\n\n +TypeError: a mistake\n +at .+broken\.mjs/,
    )
  })

  it('[SIM] finds skein/sim from any folder', async () => {
    const module = join(directory, 'counters.mjs')
    await copyFile(fileURLToPath(new URL('../../examples/workload.mjs', import.meta.url)), module)
    const one = await skein(['sim', 'run', '--seed', '4', ...SHORT, '--workload', module])
    const many = await skein(['sim', 'search', '--seeds', '2', '--jobs', '2', ...SHORT, '--workload', module])
    expect([one.code, many.code]).toEqual([0, 0])
    expect(one.stdout).toContain('counters.mjs at 50 calls/s')
  })

  it('[DOCS] the one of the examples passes', async () => {
    const module = fileURLToPath(new URL('../../examples/workload.mjs', import.meta.url))
    const { code, stdout } = await skein(['sim', 'run', '--seed', '4', ...SHORT, '--workload', module])
    expect(code).toBe(0)
    expect(stdout).toContain('workload.mjs at 50 calls/s')
  })
})

describe('skein sim search', () => {
  it('[SIM] runs seeds over workers, and adds up what they contained', async () => {
    const { code, stdout, stderr } = await skein(['sim', 'search', '--seeds', '4', '--jobs', '2', ...SHORT])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/4 seeds {2}all passed/)
    expect(stdout).toMatch(/calls +[\d,]+/)
  })

  it('[SIM] tells each failure with the line that does it again, and stops at the first if told so', async () => {
    const ran = await skein(['sim', 'search', '--seeds', '5', '--from', '3', '--jobs', '1', '--fail-fast', '--json', ...failing])
    const [failure, totals, ...rest] = valuesOf(ran)
    expect({ code: ran.code, rest }).toEqual({ code: 1, rest: [] })
    expect(failure).toMatchObject({ seed: 3, passed: false, violations: [{ invariant: 'LessThanThree' }] })
    expect(failure).toMatchObject({ reproduce: expect.stringMatching(/^skein sim replay 3 /) })
    expect(totals).toMatchObject({ seeds: 1, passed: false, failedSeeds: [3] })
  })
})

describe('a failing seed', () => {
  it('[SIM] is shrunk into a file that replays to the same failure', async () => {
    const file = join(directory, 'small.json')
    const shrunk = await runInside(['sim', 'shrink', '7', ...failing, '--output', file])
    expect(shrunk.code).toBe(1)
    expect(shrunk.stdout).toMatch(/0 faults · 3 calls · 1 node · .+ after \d+ attempts/)
    const replayed = await runInside(['sim', 'replay', file, '--json'])
    expect(replayed.code).toBe(1)
    expect(valuesOf(replayed)[0]).toMatchObject({ nodes: 1, violations: [{ invariant: 'LessThanThree' }] })
    // Its seed alone would be another run.
    const again = `skein sim replay ${file}`
    expect(shrunk.stdout).toContain(`${again}\n`)
    expect(valuesOf(replayed)[0]).toMatchObject({ reproduce: again })
    const report = join(directory, 'small.html')
    await runInside(['sim', 'replay', file, '--report', report])
    expect(await readFile(report, 'utf8')).toContain(`<code id="command">${again}</code>`)
  })

  it('[SIM] that was made small is to be kept, if no file was named', async () => {
    const { stdout } = await runInside(['sim', 'shrink', '7', ...failing])
    expect(stdout).toMatch(/keep it +skein sim shrink 7 .+ --output 7\.json\n +then again +skein sim replay 7\.json\n/)
  })

  it('[SIM] takes no options beside a file, which has them all', async () => {
    const file = join(directory, 'kept.json')
    await runInside(['sim', 'shrink', '7', ...failing, '--output', file])
    for (const command of ['replay', 'shrink', 'explain']) {
      const { code, stderr } = await runInside(['sim', command, file, '--nodes', '5', '--minutes', '1'])
      expect(code).toBe(2)
      expect(stderr).toContain(`${file} holds a whole run, --nodes and --minutes included`)
    }
  })

  it('[SIM] is explained in words', async () => {
    const { code, stdout } = await runInside(['sim', 'explain', '7', ...failing])
    expect(code).toBe(1)
    expect(stdout).toMatch(/n[123] seals n[123]\.[0-9a-f]{8}:1 \(counter = \d+\)/)
  })

  it('[SIM] one that passes has nothing to shrink or to explain', async () => {
    const shrunk = await runInside(['sim', 'shrink', '7', ...CALM])
    const explained = await runInside(['sim', 'explain', '7', ...CALM])
    expect([shrunk.code, explained.code]).toEqual([0, 0])
    expect(shrunk.stdout).toContain('nothing to make smaller')
  })
})

describe('skein sim scenario', () => {
  const script = fileURLToPath(new URL('../scenarios/partition-conflict.txt', import.meta.url))

  it('[SIM] plays a script, and says that it came out as expected', async () => {
    const { code, stdout } = await runInside(['sim', 'scenario', script])
    expect(code).toBe(0)
    expect(stdout).toContain(await readFile(script, 'utf8'))
    expect(stdout).toMatch(/passed .+ of virtual time/)
  })

  it('[SIM] names the line that came out otherwise', async () => {
    const { code, stdout } = await runInside(['sim', 'scenario', '-'], { stdin: '# a title\nnodes n1\nset n1 a 1\n    ok n1#1:2\n' })
    expect(code).toBe(1)
    expect(stdout).toMatch(/line 3: set n1 a 1\n {2}expected {2}ok n1#1:2\n {2}printed {3}ok n1#1:1\n/)
  })
})

describe('usage', () => {
  it('[SIM] lists its commands, and each has examples', async () => {
    const { code, stdout } = await runInside(['sim', '--help'])
    expect(code).toBe(0)
    const names = ['run', 'search', 'replay', 'shrink', 'explain', 'workloads', 'scenario']
    for (const name of names) {
      expect(stdout).toMatch(new RegExp(`^ {2}${name}\\b`, 'm'))
      const help = await runInside(['sim', name, '--help'])
      expect(help.stdout).toContain('Examples:')
    }
  })

  it('[SIM] lists the workloads', async () => {
    const { stdout } = await runInside(['sim', 'workloads'])
    expect(stdout).toMatch(/^mixed {2}/m)
  })

  it.each([
    ['a group alone', [], ''],
    ['a command that is none', ['fly'], "unknown command 'fly'"],
    ['a seed that is none', ['run', '--seed', 'x'], '--seed "x" is not a whole number'],
    ['a workload that is none', ['run', '--workload', 'x'], 'there is no workload "x"'],
    ['a module that is not there', ['run', '--workload', './nowhere.mjs'], "can't be loaded"],
    ['a kind of fault that is none', ['run', '--faults', 'meteor'], '"meteor" is none of all, none, partition'],
    ['none and others', ['run', '--faults', 'none,kill'], 'give "none" alone'],
    ['a file that is not there', ['replay', 'nowhere.json'], "nowhere.json can't be read"],
    ['too many nodes', ['run', '--nodes', '10'], 'from 1 to 9'],
  ])('[SIM] %s exits with 2', async (_what, args, message) => {
    const { code, stderr } = await runInside(['sim', ...args])
    expect(code).toBe(2)
    expect(stderr).toContain(message)
  })
})
