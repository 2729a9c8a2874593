import { defineConfig } from 'vitest/config'

/** A million mutated inputs, half for each protocol of the TCP door. `npm test` has some thousands of them. */
export default defineConfig({
  test: {
    include: ['test/fuzz/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    env: { SKEIN_FUZZ_INPUTS: process.env.SKEIN_FUZZ_INPUTS ?? '500000' },
    testTimeout: 600_000,
  },
})
