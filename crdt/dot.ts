/**
 * A dot names one transaction for ever: the writer of a log and the transaction's number in it.
 * (Preguiça, Baquero et al., "Dotted Version Vectors", 2010.) Its text, `n1.0a1b2c3d:17`, is the
 * version that users see: the ETag of a value, the answer to a write.
 */

import { isWriterId, type WriterId } from '../base/index.ts'

export interface Dot {
  readonly writer: WriterId
  /** From 1 up, without gaps in a log. */
  readonly sequence: number
}

export function formatDot(dot: Dot): string {
  return `${dot.writer}:${dot.sequence}`
}

/** The dot that a text names, or null. */
export function parseDot(text: string): Dot | null {
  const colon = text.lastIndexOf(':')
  const writer = text.slice(0, colon)
  const digits = text.slice(colon + 1)
  const sequence = Number(digits)
  if (colon < 0 || !isWriterId(writer) || !Number.isSafeInteger(sequence) || sequence < 1 || String(sequence) !== digits) return null
  return { writer, sequence }
}

export function sameDot(left: Dot, right: Dot): boolean {
  return left.sequence === right.sequence && left.writer === right.writer
}
