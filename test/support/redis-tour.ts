/**
 * A tour through the commands of the Redis protocol as clients send them: words that can be sent
 * to Redis and to a node alike. Each is answered the same by both, unless it is said to differ:
 * by the moment, by the server, or by chance; then it only must not be an error.
 */

export interface TourStop {
  readonly words: readonly string[]
  readonly isAnsweredAlike: boolean
}

/** Commands that a client of a library can't send through it without losing its connection or its answers. */
export const NOT_FOR_LIBRARIES: readonly string[] = ['quit', 'reset', 'hello', 'client reply']

const ALIKE = [
  'PING',
  'PING hello',
  'ECHO hello',
  'SELECT 0',
  'SELECT 77',
  'AUTH nobody nothing',
  'CLIENT SETNAME tourist',
  'CLIENT GETNAME',
  'CLIENT GETREDIR',
  'CLIENT NO-EVICT on',
  'CLIENT UNBLOCK 999999',
  'CLIENT KILL ID 999999',
  'SET a 1',
  'GET a',
  'SET a 2 NX',
  'SET a 2 XX GET',
  'SET a 3 EX 100 KEEPTTL',
  'SET a',
  'SETNX a 4',
  'SETNX b 4',
  'SETEX c 100 five',
  'PSETEX c 100000 five',
  'PSETEX c 0 five',
  'GETSET c six',
  'TTL c',
  'MSET d 1 e 2 f 3',
  'MSETNX d 1 g 2',
  'MSETNX h 1 i 2',
  'MGET d e f g nothing',
  'APPEND d 23',
  'STRLEN d',
  'SETRANGE d 5 x',
  'GETRANGE d 0 2',
  'SUBSTR d 0 1',
  'SET l1 ohmytext',
  'SET l2 mynewtext',
  'LCS l1 l2',
  'LCS l1 l2 LEN',
  'LCS l1 l2 IDX MINMATCHLEN 4 WITHMATCHLEN',
  'GETDEL e',
  'GETEX f EX 100',
  'GETEX f PERSIST',
  'EXISTS a b nothing a',
  'TOUCH a nothing',
  'TYPE a',
  'TYPE nothing',
  'EXPIRE a 100',
  'EXPIRE a 200 LT',
  'PEXPIRE a 100000 XX',
  'EXPIREAT a 4000000000',
  'PEXPIREAT a 4000000000000',
  'EXPIRETIME a',
  'PEXPIRETIME a',
  'PERSIST a',
  'TTL a',
  'PTTL nothing',
  'RENAME a aa',
  'RENAME nothing bb',
  'RENAMENX aa b',
  'COPY aa ab',
  'COPY aa b REPLACE',
  'DEL aa nothing',
  'UNLINK ab',
  'OBJECT ENCODING l1',
  'OBJECT REFCOUNT d',
  'MULTI',
  'SET m 1',
  'GET m',
  'EXEC',
  'MULTI',
  'NOSUCH x',
  'EXEC',
  'MULTI',
  'DISCARD',
  'EXEC',
  'WATCH m',
  'UNWATCH',
  'WATCH m',
  'SET m 2',
  'MULTI',
  'GET m',
  'EXEC',
  'WAIT 0 10',
  'NOSUCH command',
  'COMMAND COUNT x',
  'CONFIG GET appendonly',
  'CONFIG RESETSTAT',
  'OBJECT FREQ m',
  'DBSIZE',
  'FLUSHDB',
  'SET last 1',
  'FLUSHALL ASYNC',
  'DBSIZE',
  'RANDOMKEY',
  'SCAN 0',
  'KEYS *',
  'SET only 1',
  'RANDOMKEY',
  'SCAN 0 MATCH o* COUNT 100 TYPE string',
  'KEYS on[a-z]y',
]

const OF_ITS_OWN = [
  'CLIENT ID',
  'CLIENT INFO',
  'CLIENT LIST',
  'CLIENT HELP',
  'TIME',
  'LOLWUT',
  'INFO',
  'INFO server',
  'COMMAND COUNT',
  'COMMAND INFO get set',
  'COMMAND LIST',
  'COMMAND DOCS get',
  'COMMAND GETKEYS mset a 1 b 2',
  'COMMAND HELP',
  'CONFIG GET max*',
  'CONFIG HELP',
  'OBJECT HELP',
  'OBJECT IDLETIME only',
  'DEBUG SLEEP 0',
]

/** What depends on the connection: for bare connections alone. */
const BARE = ['HELLO 2', 'RESET']

/** For client libraries. */
export const TOUR: readonly TourStop[] = [...stops(ALIKE, true), ...stops(OF_ITS_OWN, false)]

/** For redis-cli, which takes what comes. */
export const BARE_TOUR: readonly TourStop[] = [...TOUR, ...stops(BARE, false)]

function stops(lines: readonly string[], isAnsweredAlike: boolean): TourStop[] {
  return lines.map((line) => ({ words: line.split(' '), isAnsweredAlike }))
}
