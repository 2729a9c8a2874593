/**
 * The facts of a group that no log holds and that must outlive the process: which logs are
 * forked (LG2; hypercore itself forgets it), and what this member promised (`leader-mode/durable-promise.ts`).
 * They are one journal record; the latest replaces all earlier ones.
 */

import { ByteReader, ByteWriter, MalformedError, SkeinError, type WriterId } from '../base/index.ts'
import { decodeWriterId } from '../crdt/index.ts'
import { LOGS_MAX } from './delivery.ts'
import { type DurablePromise, decodePromise, encodePromise, NO_PROMISE } from './leader-mode/durable-promise.ts'
import type { LogFailure } from './ports.ts'

const FACTS_VERSION = 3
const REASON_LENGTH_MAX = 256

export interface Facts {
  /** Forked logs with the reason that was seen. */
  readonly forked: ReadonlyMap<WriterId, LogFailure>
  readonly promise: DurablePromise
}

export function encodeFacts(facts: Facts): Uint8Array {
  const output = new ByteWriter().byte(FACTS_VERSION).uint(facts.forked.size)
  for (const [writer, failure] of facts.forked) output.binary(writer).binary(printable(failure.reason))
  encodePromise(output, facts.promise)
  return output.finish()
}

/** @throws CORRUPT if the journal holds facts of a kind that this version can't read */
export function decodeFacts(bytes: Uint8Array | null): Facts {
  const forked = new Map<WriterId, LogFailure>()
  if (bytes === null) return { forked, promise: NO_PROMISE }
  try {
    const input = new ByteReader(bytes)
    if (input.byte() !== FACTS_VERSION) throw new MalformedError('its version is unknown')
    const count = input.uint(LOGS_MAX)
    for (let i = 0; i < count; i++) forked.set(decodeWriterId(input), { kind: 'forked', reason: input.binary(REASON_LENGTH_MAX) })
    const promise = decodePromise(input)
    input.end()
    return { forked, promise }
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error
    throw new SkeinError(
      'CORRUPT',
      `the journal's record of facts can't be read (${error.message}): start with the version of Skein that wrote it`,
    )
  }
}

/** One byte a character, and no longer than the record allows. */
function printable(reason: string): string {
  let text = ''
  for (const character of reason.slice(0, REASON_LENGTH_MAX)) text += character >= ' ' && character <= '~' ? character : '?'
  return text
}
