/** OBJECT: what Redis tells of how a value is kept, as far as it means something here. */

import type { Item } from '../../../core/index.ts'
import { wallFromTimestamp } from '../../../crdt/index.ts'
import type { Action, Arguments, Command } from '../command.ts'
import { errorReply, type RespReply } from '../reply.ts'
import type { Entry } from './entry.ts'
import { keyAt } from './read-words.ts'
import { familyOf } from './subcommands.ts'

/** Redis's longest string that stands beside its header, and the longest number that may be one of 64 bits. */
const EMBEDDED_BYTES_MAX = 44
const INTEGER_DIGITS_MAX = 20
const SECOND_MS = 1000
const SECOND_WORD = { first: 2, last: 2, step: 1 }

const NO_FREQUENCY =
  'ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at ' +
  'runtime LRU and LFU data will take some time to adjust.'

export function objectCommand(): Command {
  return familyOf({
    name: 'object',
    group: 'generic',
    summary: 'How values are kept',
    members: [
      member('encoding', 'Get the name of the form that Redis would keep a value in', ({ value }) => encodingOf(value.data)),
      member('refcount', 'Get 1: no value is shared', () => 1),
      member('idletime', 'Get the seconds since a key was written last', ({ version }, wallMs) =>
        Math.max(Math.floor((wallMs - wallFromTimestamp(version.timestamp)) / SECOND_MS), 0),
      ),
      member('freq', 'Refused: how often keys are read is not counted', () => errorReply(NO_FREQUENCY)),
    ],
  })
}

function member(name: string, summary: string, answer: (item: Item, wallMs: number) => RespReply): Entry {
  return { name, arity: 3, flags: ['readonly'], keys: SECOND_WORD, summary, read: (words) => readMember(words, answer) }
}

function readMember(words: Arguments, answer: (item: Item, wallMs: number) => RespReply): Action {
  const key = keyAt(words, 2)
  return {
    kind: 'read',
    keys: [key],
    run: (view) => {
      const item = view.read(key)
      return item === null ? null : answer(item, view.wallMs)
    },
  }
}

function encodingOf(data: string): string {
  if (isInteger(data)) return 'int'
  return data.length <= EMBEDDED_BYTES_MAX ? 'embstr' : 'raw'
}

/** True for a whole number of 64 bits, written as Redis writes it. */
function isInteger(data: string): boolean {
  if (data.length === 0 || data.length > INTEGER_DIGITS_MAX) return false
  for (let i = data.startsWith('-') ? 1 : 0; i < data.length; i++) if (!'0123456789'.includes(data.charAt(i))) return false
  return data !== '-' && BigInt.asIntN(64, BigInt(data)) === BigInt(data) && BigInt(data).toString() === data
}
