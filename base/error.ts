/**
 * Failures that a user or an operator can meet. The code is the identity of a failure: it is
 * stable, tests match it, clients switch on it. The message says what to do next.
 */

/** Every code, with the HTTP status it travels under. */
export const ERROR_STATUS = {
  BAD_REQUEST: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  TOO_LARGE: 413,
  NOT_LEADER: 421,
  WRONG_TYPE: 422,
  RATE_LIMITED: 429,
  INTERNAL: 500,
  UNAVAILABLE: 503,
  NO_QUORUM: 503,
  STALE: 503,
  CLOCK_SKEW: 503,
  TIMEOUT: 504,
  DISK_FULL: 507,
  /** The node is no member of the cluster any more (MB4). */
  REMOVED: 410,
  /** A node that can't start: its directory or its journal is not what it should be. */
  NAME_IN_USE: 409,
  DIRECTORY_IN_USE: 409,
  DIRECTORY_COPIED: 409,
  DIRECTORY_MISMATCH: 409,
  CORRUPT: 500,
} as const

export type ErrorCode = keyof typeof ERROR_STATUS

/** What a failure carries for programs: only JSON values. */
export type ErrorDetails = Readonly<Record<string, unknown>>

export interface SkeinErrorOptions {
  readonly details?: ErrorDetails
  readonly cause?: unknown
}

export class SkeinError extends Error {
  override readonly name = 'SkeinError'
  readonly code: ErrorCode
  readonly details: ErrorDetails | undefined

  constructor(code: ErrorCode, message: string, options: SkeinErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.details = options.details
  }

  get status(): number {
    return ERROR_STATUS[this.code]
  }

  /** The body that every door answers: `{error: {code, message, details?}}`. */
  toJSON(): { error: { code: ErrorCode; message: string; details?: ErrorDetails } } {
    const { code, message, details } = this
    return { error: details === undefined ? { code, message } : { code, message, details } }
  }
}

export function isErrorCode(text: unknown): text is ErrorCode {
  return typeof text === 'string' && Object.hasOwn(ERROR_STATUS, text)
}

/** Any thrown thing as a failure: what is not ours is INTERNAL, with the original as its cause. */
export function toSkeinError(error: unknown): SkeinError {
  if (error instanceof SkeinError) return error
  const message = error instanceof Error ? error.message : String(error)
  return new SkeinError('INTERNAL', message, { cause: error })
}
