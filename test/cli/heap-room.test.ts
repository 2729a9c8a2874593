import { describe, expect, it } from 'vitest'
import { MINUTE_MS } from '../../base/index.ts'
import { optionsForLongRun } from '../../cli/heap-room.ts'
import { skein } from './run-skein.ts'

const GB = 1024 ** 3

describe('the room that a simulated run gets', () => {
  it('[SIM] is what Node allows itself, for a short one', () => {
    expect(optionsForLongRun(5 * MINUTE_MS, { limit: 4 * GB, memory: 24 * GB, isChosen: false })).toBeNull()
  })

  it('[SIM] is most of the machine for a long one, and no more than 8 GiB', () => {
    const room = (memory: number) => optionsForLongRun(30 * MINUTE_MS, { limit: 4 * GB, memory, isChosen: false })
    expect(room(10 * GB)).toEqual(['--max-old-space-size=6144', '--max-semi-space-size=64'])
    expect(room(64 * GB)).toEqual(['--max-old-space-size=8192', '--max-semi-space-size=64'])
  })

  it('[SIM] is left as it is where there is no more, or it was given already', () => {
    expect(optionsForLongRun(30 * MINUTE_MS, { limit: 4 * GB, memory: 6 * GB, isChosen: false })).toBeNull()
    expect(optionsForLongRun(30 * MINUTE_MS, { limit: 8 * GB, memory: 20 * GB, isChosen: false })).toBeNull()
    expect(optionsForLongRun(30 * MINUTE_MS, { limit: 2 * GB, memory: 20 * GB, isChosen: true })).toBeNull()
  })

  it('[SIM] a long run is done, and answers, as a short one does', async () => {
    const run = await skein(['sim', 'run', '--seed', '1', '--nodes', '3', '--minutes', '8', '--rate', '1', '--faults', 'none', '--json'])
    expect(run).toMatchObject({ code: 0, signal: null })
    expect(JSON.parse(run.stdout)).toMatchObject({ seed: 1, passed: true })
  })
})
