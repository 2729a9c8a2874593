import { describe, expect, it } from 'vitest'
import { MINUTE_MS } from '../../base/index.ts'
import { optionsForLongRun } from '../../cli/heap-room.ts'

const GB = 1024 ** 3

describe('the room that a simulated run gets', () => {
  it('[SIM] is what Node allows itself, for a short one', () => {
    expect(optionsForLongRun(5 * MINUTE_MS, { limit: 4 * GB, memory: 24 * GB })).toBeNull()
  })

  it('[SIM] is most of the machine for a long one, and no more than 8 GiB', () => {
    const room = (memory: number) => optionsForLongRun(30 * MINUTE_MS, { limit: 4 * GB, memory })
    expect(room(10 * GB)).toEqual(['--max-old-space-size=6144', '--max-semi-space-size=64'])
    expect(room(64 * GB)).toEqual(['--max-old-space-size=8192', '--max-semi-space-size=64'])
  })

  it('[SIM] is left as it is where there is no more, or it was given already', () => {
    expect(optionsForLongRun(30 * MINUTE_MS, { limit: 4 * GB, memory: 6 * GB })).toBeNull()
    expect(optionsForLongRun(30 * MINUTE_MS, { limit: 8 * GB, memory: 20 * GB })).toBeNull()
  })
})
