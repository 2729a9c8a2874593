/**
 * Assertions for bugs. What can't happen unless the program is wrong is asserted and ends
 * the process; what can happen (bad input, a full disk, a lost peer) is a `SkeinError`.
 */

export class AssertionError extends Error {
  override readonly name = 'AssertionError'
}

/** Throws unless `condition` holds. `message` says what would be true if the program were wrong. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message)
}

/** The value, which must be there: `message` says why it can't be missing. */
export function present<T>(value: T | null | undefined, message: string): T {
  if (value === null || value === undefined) throw new AssertionError(message)
  return value
}

/** Ends an exhaustive switch: the compiler proves that no case is left. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${JSON.stringify(value)}`)
}
