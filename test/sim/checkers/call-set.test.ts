import { describe, expect, it } from 'vitest'
import { Prng } from '../../../base/index.ts'
import { CallSet } from '../../../sim/checkers/call-set.ts'

/** Calls are taken nearly in order, so that words fill up and are opened again. */
const CALLS = 100
const NEAR = 40

describe('sets of calls', () => {
  it('copies are equal exactly if the sets are, over 60 random walks', () => {
    const random = new Prng(81)
    let returns = 0
    const wrong: string[] = []
    for (let walk = 0; walk < 60; walk++) {
      const set = new CallSet(CALLS)
      const members: number[] = []
      const known: { text: string; hash: number; copy: ReturnType<CallSet['copy']> }[] = []
      for (let step = 0; step < 120; step++) {
        const next = firstsMissing(members)[random.below(2)]
        if (next !== undefined && random.below(5) > 0) {
          members.push(next)
          set.add(next)
        } else {
          // Undone as a search does it: the latest first, sometimes many.
          for (let count = random.below(NEAR); count > 0; count--) {
            const undone = members.pop()
            if (undone !== undefined) set.delete(undone)
          }
        }
        const text = [...members].sort((left, right) => left - right).join()
        for (const earlier of known) {
          const isSame = earlier.text === text
          // Millions of pairs: what is wrong is collected and expected once.
          if (set.equals(earlier.copy) !== isSame || (isSame && set.hash !== earlier.hash)) wrong.push(`${earlier.text} and ${text}`)
          if (!isSame) continue
          returns += 1
        }
        known.push({ text, hash: set.hash, copy: set.copy() })
      }
    }
    expect(wrong).toEqual([])
    expect(returns).toBeGreaterThan(1000)
  })
})

function firstsMissing(members: readonly number[]): number[] {
  const missing: number[] = []
  for (let call = 0; call < CALLS && missing.length < 2; call++) if (!members.includes(call)) missing.push(call)
  return missing
}
