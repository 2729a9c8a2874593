/**
 * The simulator as a program: the same seed is the same run in two processes, and seeds that
 * nobody has tried before pass. A fresh seed that fails is printed with the line that repeats it.
 */

import { execFile } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { report } from './report.ts'

const PROGRAM = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const SHORT = ['--nodes', '5', '--minutes', '0.3']
const FRESH_FOR = '20s'
/** Room for the fresh seeds to be below it. */
const SEED_MAX = 2 ** 47

interface Ran {
  readonly code: number
  readonly stdout: string
}

function skeinSim(...words: readonly string[]): Promise<Ran> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [PROGRAM, 'sim', ...words], (error, stdout) => {
      if (error === null) resolve({ code: 0, stdout })
      else if (typeof error.code === 'number') resolve({ code: error.code, stdout })
      else reject(error)
    })
  })
}

async function traceHashOf(seed: number): Promise<string> {
  const { stdout } = await skeinSim('run', '--seed', String(seed), ...SHORT, '--json')
  const { traceHash } = JSON.parse(stdout) as { traceHash: string }
  expect(traceHash).toMatch(/^[0-9a-f]{16}$/)
  return traceHash
}

describe('the simulator', () => {
  it('[Determinism] gives the same run for the same seed in two processes, and another for another', async () => {
    const seed = randomInt(SEED_MAX)
    const [first, second, other] = await Promise.all([traceHashOf(seed), traceHashOf(seed), traceHashOf(seed + 1)])
    report(`seed ${seed} has the trace hash ${first}`)
    expect(second).toBe(first)
    expect(other).not.toBe(first)
  })

  it.each([
    { mode: 'multi', rate: '200' },
    { mode: 'leader', rate: '60' },
    { mode: 'mixed', rate: '60' },
  ])('[SIM] finds nothing in fresh seeds of $mode mode', async ({ mode, rate }) => {
    const from = randomInt(SEED_MAX)
    const words = ['--from', String(from), '--seeds', '100000', '--for', FRESH_FOR, '--mode', mode, '--rate', rate]
    const { code, stdout } = await skeinSim('search', ...words, ...SHORT)
    report(`${mode}: ${stdout.split('\n').find((line) => line.includes('seeds  ')) ?? ''} from seed ${from}`.trim())
    expect(code, stdout).toBe(0)
  })
})
