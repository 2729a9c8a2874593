/**
 * What a report keeps of a message: its kind, and of a heartbeat the sender's digest. A message
 * that can't be read is shown as one of unknown kind, for a report must open whatever was sent.
 */

import { MalformedError } from '../../base/index.ts'
import { decodeMessage, type Message } from '../../core/index.ts'

export interface MessageEssence {
  readonly kind: Message['kind'] | 'message'
  readonly digest: string | null
}

export function readMessage(bytes: Uint8Array): MessageEssence {
  try {
    const message = decodeMessage(bytes)
    return { kind: message.kind, digest: message.kind === 'heartbeat' ? message.digest : null }
  } catch (error) {
    if (error instanceof MalformedError) return { kind: 'message', digest: null }
    throw error
  }
}
