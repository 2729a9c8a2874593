import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { runScenarioOnProcesses } from '../support/scenario-processes.ts'

const FOLDER = new URL('../scenarios/', import.meta.url)

/** The same files that the simulator runs, with the same expectations. */
describe('scenarios by hand, on real processes', () => {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.txt'))

  it('there are scenarios', () => expect(files.length).toBeGreaterThanOrEqual(3))

  for (const file of files) {
    const text = readFileSync(new URL(file, FOLDER), 'utf8')
    it(text.split('\n')[0]?.replace(/^# /, '') ?? file, async () => {
      const outcome = await runScenarioOnProcesses(text)
      expect(outcome.mismatches).toEqual([])
      expect(outcome.text).toBe(text)
    })
  }
})
