/** Commands about the server that are not worth a file of their own. */

import { MINUTE_MS, SECOND_MS } from '../../../base/index.ts'
import { readVersion } from '../../version.ts'
import type { Action, Arguments, Command } from '../command.ts'
import { OK, type RespReply } from '../reply.ts'
import { ArgumentError, answer, commandsOf, NOT_AN_INTEGER } from './entry.ts'
import { REDIS_VERSION } from './redis-version.ts'

/** DEBUG SLEEP holds up its own connection alone; still nobody should wait longer. */
const SLEEP_MS_MAX = MINUTE_MS
const MICROSECONDS_PER_MS = 1000
const NO_DEBUG =
  'ERR DEBUG command not allowed: DEBUG SLEEP is the only one that this node has, and it makes the connection wait that sends it'

export function serverCommands(): readonly Command[] {
  return commandsOf('server', [
    {
      name: 'time',
      arity: 1,
      flags: ['loading', 'stale', 'fast'],
      summary: 'Get the time of this node',
      read: () => answer(timeOf(Date.now())),
    },
    { name: 'lolwut', arity: -1, flags: ['readonly', 'fast'], summary: 'Get the version, as a picture', read: () => answer(picture()) },
    {
      name: 'debug',
      arity: -2,
      flags: ['admin', 'noscript', 'loading', 'stale', 'no_multi'],
      summary: 'DEBUG SLEEP makes this connection wait',
      read: readDebug,
    },
  ])
}

/** Seconds since 1970, and microseconds of the second. */
function timeOf(wallMs: number): RespReply {
  return [String(Math.floor(wallMs / SECOND_MS)), String((wallMs % SECOND_MS) * MICROSECONDS_PER_MS)]
}

function picture(): RespReply {
  return { kind: 'verbatim', data: `  ~/\\/\\~\n  \\/\\/\\/  Skein ver. ${readVersion()}, Redis ver. ${REDIS_VERSION}\n  ~\\/\\/~\n` }
}

function readDebug(words: Arguments): Action {
  if (!words.is(1, 'SLEEP') || words.length !== 3) throw new ArgumentError(NO_DEBUG)
  const ms = Number(words.binary(2)) * SECOND_MS
  if (!Number.isFinite(ms)) throw new ArgumentError(NOT_AN_INTEGER)
  return { kind: 'node', run: ({ after }, done) => after(Math.min(Math.max(ms, 0), SLEEP_MS_MAX), () => done(OK)) }
}
