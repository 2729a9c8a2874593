import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/system/**', 'test/browser/**'],
    // Nodes start native libraries and sockets: a process each keeps them apart.
    pool: 'forks',
    maxWorkers: 2,
    // A machine under load is slow, not wrong: what hangs fails all the same.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
