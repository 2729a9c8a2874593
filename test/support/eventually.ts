/** Waiting for a condition, with a deadline: tests never sleep for a guessed time. */

const POLL_MS = 10

/** The first value of `probe` that is not null or false; `describe` says what was missing at the deadline. */
export async function eventually<T>(
  probe: () => Promise<T | null | false> | T | null | false,
  deadlineMs: number,
  describe: () => string = () => 'the condition',
): Promise<T> {
  const until = performance.now() + deadlineMs
  for (;;) {
    const value = await probe()
    if (value !== null && value !== false) return value
    if (performance.now() >= until) throw new Error(`${describe()} was not met within ${deadlineMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}
