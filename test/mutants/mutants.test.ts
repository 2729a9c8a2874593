/** The planted bugs fit the sources of today; `npm run sim:mutants` shows that each is found. */

import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { countOccurrences, plant } from './mutant.ts'
import { MUTANTS } from './mutants.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const MUTANTS_MIN = 24
const PLACES = /^(core|crdt|sim)\/(leader-mode\/)?[a-z-]+\.ts$/

describe('the mutants', () => {
  it('[SIM] are many, and each has a name of its own', () => {
    expect(MUTANTS.length).toBeGreaterThanOrEqual(MUTANTS_MIN)
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length)
  })

  it('[SIM] break rules that the protocol has', () => {
    const protocol = readFileSync(join(ROOT, 'docs/protocol.md'), 'utf8')
    expect(MUTANTS.filter(({ rule }) => !protocol.includes(`**${rule}**`)).map(({ name, rule }) => `${name} ${rule}`)).toEqual([])
  })

  it.each(MUTANTS)('[SIM] $name fits its source exactly once', (mutant) => {
    expect(mutant.file).toMatch(PLACES)
    const source = readFileSync(join(ROOT, mutant.file), 'utf8')
    expect(countOccurrences(source, mutant.find)).toBe(1)
    expect(plant(source, mutant)).not.toBe(source)
  })
})
