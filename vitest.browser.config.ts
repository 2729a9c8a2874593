import { defineConfig } from 'vitest/config'

/** What is tested in a real browser. It needs Chromium: `apt-get install chromium`, or CHROMIUM=/path/to/it. */
export default defineConfig({
  test: {
    include: ['test/browser/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 1,
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
