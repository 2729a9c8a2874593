/**
 * Time as the pure folders see it: an argument, never a call. A step takes both clocks, the one
 * that people agree on and the one that only moves forward.
 */

import { SkeinError } from './error.ts'

export interface Now {
  /** Milliseconds since 1970-01-01 UTC. May jump either way. */
  readonly wallMs: number
  /** Milliseconds since some moment. Never goes back: the clock for time-outs. */
  readonly monotonicMs: number
}

export const SECOND_MS = 1000
export const MINUTE_MS = 60 * SECOND_MS
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS

const DURATION_UNITS = { ms: 1, s: SECOND_MS, m: MINUTE_MS, h: HOUR_MS, d: DAY_MS } as const
const SIZE_UNITS = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 } as const
/** A century: longer than any time-out or time to live that is meant. */
const DURATION_MAX_MS = 36_525 * DAY_MS

/** Milliseconds of a text such as `500ms`, `30s`, `5m`, `2h`, `7d` or `1500` (milliseconds). @throws BAD_REQUEST */
export function parseDuration(text: string, name: string): number {
  const value = parseQuantity(text, DURATION_UNITS, 1)
  if (value !== null && value <= DURATION_MAX_MS) return Math.round(value)
  throw new SkeinError('BAD_REQUEST', `${name} ${JSON.stringify(text.slice(0, 40))} is not a duration: write 500ms, 30s, 5m, 2h or 7d`)
}

/** Bytes of a text such as `64kb`, `1mb` or `4096`. @throws BAD_REQUEST */
export function parseSize(text: string, name: string): number {
  const value = parseQuantity(text.toLowerCase(), SIZE_UNITS, 1)
  if (value !== null && Number.isSafeInteger(Math.round(value))) return Math.round(value)
  throw new SkeinError('BAD_REQUEST', `${name} ${JSON.stringify(text.slice(0, 40))} is not a size: write 4096, 64kb or 1mb`)
}

function parseQuantity(text: string, units: Readonly<Record<string, number>>, unitless: number): number | null {
  let end = 0
  while (end < text.length && '0123456789.'.includes(text.charAt(end))) end++
  const unit = end === text.length ? unitless : Object.hasOwn(units, text.slice(end)) ? units[text.slice(end)] : undefined
  const value = Number(text.slice(0, end))
  return end === 0 || end > 16 || unit === undefined || !Number.isFinite(value) ? null : value * unit
}
