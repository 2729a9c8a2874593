/** The program's version: that of the package it was installed from. */

import { existsSync, readFileSync } from 'node:fs'
import { present } from '../base/index.ts'

export function readVersion(): string {
  // One folder up from the sources, two up from what was built of them.
  const candidates = [new URL('../package.json', import.meta.url), new URL('../../package.json', import.meta.url)]
  const path = present(candidates.find(existsSync), 'the program is installed with its package.json')
  const description: unknown = JSON.parse(readFileSync(path, 'utf8'))
  const version = typeof description === 'object' && description !== null && 'version' in description ? description.version : null
  return typeof version === 'string' ? version : 'unknown'
}
