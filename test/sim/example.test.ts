/** The example of a user's own workload and invariant runs as a program that depends on the package. */

import { execFile } from 'node:child_process'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const ROOT = resolve(import.meta.dirname, '../..')

it('[DOCS] simulate.mjs finds a seat that is sold twice, and none where each is sold at one node', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [join(ROOT, 'examples', 'simulate.mjs'), '3'])
  expect(stdout.trimEnd().split('\n')).toEqual([
    expect.stringMatching(/^sold anywhere: seed \d fails, seat\/\d+ was sold at node \d and at node \d$/),
    'sold at one node: 3 seeds pass',
  ])
})
