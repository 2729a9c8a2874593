import { defineConfig } from 'vitest/config'

/** The proofs with real processes. Each has the machine to itself: their figures are of one cluster, not of two. */
export default defineConfig({
  test: {
    include: ['test/system/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 1,
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
})
