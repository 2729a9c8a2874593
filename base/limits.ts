/**
 * Limits that several layers share, each with its unit. What is over a limit is refused with
 * TOO_LARGE (or closes the peer's connection); nothing is cut silently.
 */

export const KIB = 1024
export const MIB = 1024 * KIB

/** A key, in bytes. */
export const KEY_BYTES_MAX = 1024

/** A value, in bytes, unless `--max-value` says otherwise, and the most that it may say. */
export const VALUE_BYTES_DEFAULT = 1 * MIB
export const VALUE_BYTES_MAX = 4 * MIB

/** A batch: operations, and bytes of keys and values together. */
export const BATCH_OPERATIONS_MAX = 10_000
export const BATCH_BYTES_MAX = 4 * MIB

/**
 * The entry of a group commit stays under this, unless one transaction alone is larger: blocks
 * share an ordered stream with the heartbeats, and a large one delays them.
 */
export const ENTRY_BYTES_TARGET = 64 * KIB

/** A lone transaction of `BATCH_BYTES_MAX` with all that goes around its operations. */
export const ENTRY_BYTES_MAX = BATCH_BYTES_MAX + BATCH_OPERATIONS_MAX * 32 + 64 * KIB

/** A block: small entries up to `ENTRY_BYTES_TARGET` together, or one alone, with all its dependencies if it is carried. */
export const BLOCK_BYTES_MAX = ENTRY_BYTES_MAX + 64 * KIB

/** Items of one page of a scan, and what a page has unless asked. */
export const PAGE_ITEMS_MAX = 10_000
export const PAGE_ITEMS_DEFAULT = 100
/** Bytes of keys and values in a page: it ends early past this, with a cursor. */
export const PAGE_BYTES_MAX = 8 * MIB

/** Nesting of a JSON value. */
export const JSON_DEPTH_MAX = 128

/** Length of an idempotency key, in bytes. */
export const IDEMPOTENCY_KEY_BYTES_MAX = 64
