/** What a call was answered, in few words, and the transaction that it made. */

import { unreachable } from '../../base/index.ts'
import type { Reply } from '../../core/index.ts'
import type { Dot } from '../../crdt/index.ts'
import { previewValue } from './intern.ts'

export function answerOf(reply: Reply): { readonly detail: string | null; readonly dot: Dot | null } {
  switch (reply.kind) {
    case 'value':
      return reply.item === null
        ? { detail: 'nothing there', dot: null }
        : { detail: previewValue(reply.item.value), dot: reply.item.version.dot }
    case 'page':
      return { detail: `${reply.items.length} items`, dot: null }
    case 'committed':
      return { detail: reply.deleted > 0 ? `${reply.deleted} deleted` : null, dot: reply.version }
    case 'conflicts':
      return { detail: `${reply.keys.length} keys`, dot: null }
    case 'copies':
      return { detail: `${reply.nodes} nodes`, dot: null }
    case 'mode':
      return { detail: `${reply.mode} mode, epoch ${reply.epoch}`, dot: null }
    case 'members':
      return { detail: `${reply.voters.join(', ')} vote`, dot: null }
    case 'inspected':
    case 'status':
      return { detail: null, dot: null }
    case 'failed':
      return { detail: `${reply.error.code}: ${reply.error.message}`, dot: null }
    default:
      return unreachable(reply)
  }
}
