/**
 * What is kept of a message, and shown in a report: its kind and size, and of a heartbeat the sender's digest. A
 * message that can't be read is one of unknown kind, for a report must open whatever was sent.
 */

import { MalformedError } from '../base/index.ts'
import { decodeMessage, type Message } from '../core/index.ts'

export interface MessageEssence {
  readonly of: Message['kind'] | 'message'
  readonly digest: string | null
  /** How long it was. */
  readonly bytes: number
}

export function essenceOf(bytes: Uint8Array): MessageEssence {
  try {
    const message = decodeMessage(bytes)
    return { of: message.kind, digest: message.kind === 'heartbeat' ? message.digest : null, bytes: bytes.length }
  } catch (error) {
    if (error instanceof MalformedError) return { of: 'message', digest: null, bytes: bytes.length }
    throw error
  }
}
