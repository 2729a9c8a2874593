/** A connection as CLIENT LIST shows it: Redis's names, for what is known here. */

import { SECOND_MS } from '../../../base/index.ts'
import type { ConnectionState } from '../connection-state.ts'

export function clientLine(state: ConnectionState): string {
  const { id, remote, openedAtMs, name, library, protocol, queue, watched, lastCommand } = state
  const age = Math.max(Math.floor((Date.now() - openedAtMs) / SECOND_MS), 0)
  return [
    `id=${id}`,
    `addr=${remote}`,
    `name=${name}`,
    `age=${age}`,
    `flags=${queue === null ? 'N' : 'x'}`,
    'db=0',
    `multi=${queue === null ? -1 : queue.length}`,
    `watch=${watched.size}`,
    `cmd=${lastCommand}`,
    'user=default',
    `lib-name=${library.name}`,
    `lib-ver=${library.version}`,
    `resp=${protocol}`,
  ].join(' ')
}
