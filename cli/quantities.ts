/** Quantities as people read them: at most three significant figures, the unit behind. */

import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../base/index.ts'

/** `8,410` */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US', { maximumFractionDigits: 0 })
}

/** `3 nodes`, `1 node` */
export function formatPlural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`
}

/** A short time: `0.41 ms`, `12 ms`, `2.1 s`, `3 m 05 s`. */
export function formatMs(ms: number): string {
  const size = Math.abs(ms)
  if (size < 10) return `${ms.toFixed(size < 1 ? 2 : 1)} ms`
  if (size < SECOND_MS) return `${ms.toFixed(0)} ms`
  return size < MINUTE_MS ? `${(ms / SECOND_MS).toFixed(size < 10 * SECOND_MS ? 1 : 0)} s` : formatAge(ms)
}

/** A long time in its two largest units: `4 s`, `2 m 13 s`, `5 h 02 m`, `9 d 4 h`. */
export function formatAge(ms: number): string {
  const sign = ms < 0 ? '-' : ''
  const size = Math.abs(ms)
  if (size < MINUTE_MS) return `${sign}${Math.floor(size / SECOND_MS)} s`
  if (size < HOUR_MS) return `${sign}${Math.floor(size / MINUTE_MS)} m ${twoDigits((size % MINUTE_MS) / SECOND_MS)} s`
  if (size < DAY_MS) return `${sign}${Math.floor(size / HOUR_MS)} h ${twoDigits((size % HOUR_MS) / MINUTE_MS)} m`
  return `${sign}${Math.floor(size / DAY_MS)} d ${Math.floor((size % DAY_MS) / HOUR_MS)} h`
}

function twoDigits(value: number): string {
  return String(Math.floor(value)).padStart(2, '0')
}
