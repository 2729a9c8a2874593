/** Commands about connections, transactions and the server, over real connections. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { REPLY_BYTES_MAX } from '../../../../server/resp/encoder.ts'
import type { Answer } from '../../../support/resp-replies.ts'
import { Conversation } from '../conversation.ts'
import { openResp, type RunningResp } from '../running-resp.ts'

/** As long as one can be here. */
const VALUE_BYTES = 64 * 1024

let running: RunningResp
let redis: Conversation

beforeAll(async () => {
  running = await openResp()
  redis = await connect()
})

afterAll(() => running.stop())

async function connect(): Promise<Conversation> {
  return new Conversation(await running.connect())
}

describe('connections', () => {
  it.each<[string, readonly (readonly [string, Answer])[]]>([
    [
      'PING and ECHO',
      [
        ['PING', '+PONG'],
        ['PING hello', 'hello'],
        ['ECHO hello', 'hello'],
        ['PING a b', "-ERR wrong number of arguments for 'ping' command"],
      ],
    ],
    [
      'there is one database',
      [
        ['SELECT 0', '+OK'],
        ['SELECT 1', '-ERR DB index is out of range'],
        ['SELECT x', '-ERR value is not an integer or out of range'],
      ],
    ],
    [
      'there is one user, without a password',
      [
        ['AUTH default anything', '+OK'],
        ['AUTH alice secret', '-WRONGPASS invalid username-password pair or user is disabled.'],
        [
          'AUTH secret',
          '-ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?',
        ],
        ['AUTH a b c', '-ERR syntax error'],
      ],
    ],
    [
      'HELLO is refused',
      [
        ['HELLO 4', '-NOPROTO unsupported protocol version'],
        ['HELLO x', '-ERR Protocol version is not an integer or out of range'],
        ['HELLO 2 FOO', "-ERR Syntax error in HELLO option 'FOO'"],
        ['HELLO 2 AUTH alice x', '-WRONGPASS invalid username-password pair or user is disabled.'],
      ],
    ],
    [
      'a connection has a name',
      [
        ['CLIENT GETNAME', null],
        ['CLIENT SETNAME me', '+OK'],
        ['CLIENT GETNAME', 'me'],
        ['CLIENT SETINFO LIB-NAME lib', '+OK'],
        ['CLIENT SETINFO FOO x', "-ERR Unrecognized option 'FOO'"],
      ],
    ],
    [
      'what has no effect is taken',
      [
        ['CLIENT NO-EVICT ON', '+OK'],
        ['CLIENT NO-TOUCH off', '+OK'],
        ['CLIENT NO-EVICT maybe', '-ERR syntax error'],
        ['CLIENT UNBLOCK 5', 0],
        ['CLIENT GETREDIR', -1],
        ['CONFIG RESETSTAT', '+OK'],
      ],
    ],
    [
      'subcommands',
      [
        ['CLIENT nosuch', "-ERR unknown subcommand 'nosuch'. Try CLIENT HELP."],
        ['CLIENT', "-ERR wrong number of arguments for 'client' command"],
        ['CLIENT SETNAME', "-ERR wrong number of arguments for 'client|setname' command"],
      ],
    ],
    ['an unknown command', [['nosuch a b', "-ERR unknown command 'nosuch', with args beginning with: 'a' 'b' "]]],
    [
      'settings can be read and not be changed',
      [
        ['CONFIG GET append*', ['appendonly', 'yes', 'appendfsync', 'always']],
        ['CONFIG GET save nosuch', ['save', '']],
        ['CONFIG SET appendonly no', "-ERR CONFIG SET failed (possibly related to argument 'appendonly') - can't set immutable config"],
        ['CONFIG SET foo bar', "-ERR Unknown option or number of arguments for CONFIG SET - 'foo'"],
      ],
    ],
    [
      'COMMAND GETKEYS',
      [
        ['COMMAND GETKEYS MSET a 1 b 2', ['a', 'b']],
        ['COMMAND GETKEYS OBJECT ENCODING a', ['a']],
        ['COMMAND GETKEYS PING x', '-ERR The command has no key arguments'],
        ['COMMAND GETKEYS GET x y', '-ERR Invalid number of arguments specified for command'],
        ['COMMAND GETKEYS nosuch x', '-ERR Invalid command specified'],
      ],
    ],
    [
      'COMMAND INFO and LIST',
      [
        ['COMMAND INFO get nosuch', [['get', 2, ['+readonly', '+fast'], 1, 1, 1, ['+@read', '+@string', '+@fast'], [], [], []], null]],
        ['COMMAND LIST FILTERBY PATTERN set*', ['set', 'setnx', 'setex', 'setrange']],
        ['COMMAND LIST FILTERBY ACLCAT transaction', ['multi', 'exec', 'discard', 'watch', 'unwatch']],
      ],
    ],
    [
      'DEBUG can only sleep',
      [
        ['DEBUG SLEEP 0.001', '+OK'],
        [
          'DEBUG OBJECT a',
          '-ERR DEBUG command not allowed: DEBUG SLEEP is the only one that this node has, and it makes the connection wait that sends it',
        ],
      ],
    ],
  ])('[RESP] %s', async (_title, lines) => {
    for (const [line, answer] of lines) expect([line, await redis.say(line)]).toEqual([line, answer])
  })

  it('[RESP] HELLO tells what this is, in the protocol that it chose', async () => {
    const client = await connect()
    const id = await client.say('CLIENT ID')
    const told = ['server', 'redis', 'version', '7.0.15', 'proto', 2, 'id', id, 'mode', 'standalone', 'role', 'master', 'modules', []]
    expect(await client.say('HELLO')).toEqual(told)
    const pairs = await client.say('HELLO 3 AUTH default x SETNAME me')
    if (!Array.isArray(pairs)) throw new Error('HELLO answers a map')
    expect(pairs).toContainEqual(['proto', 3])
    expect(pairs).toContainEqual(['id', id])
    expect(await client.say('CLIENT GETNAME')).toBe('me')
    expect(await client.say('CONFIG GET databases')).toEqual([['databases', '1']])
  })

  it('[RESP] RESET makes a connection as it was', async () => {
    const client = await connect()
    for (const line of ['HELLO 3', 'CLIENT SETNAME me', 'WATCH reset', 'MULTI']) await client.say(line)
    expect(await client.say('RESET')).toBe('+RESET')
    expect(await client.say('CLIENT GETNAME')).toBeNull()
    expect(await client.say('EXEC')).toBe('-ERR EXEC without MULTI')
  })

  it('[RESP] CLIENT REPLY turns answers off', async () => {
    const client = await running.connect()
    const talk = new Conversation(client)
    const lines = ['CLIENT REPLY SKIP', 'ECHO a', 'ECHO b', 'CLIENT REPLY OFF', 'ECHO c', 'CLIENT REPLY ON']
    client.send(lines.map((line) => `${line}\r\n`).join(''))
    const expected = '$1\r\nb\r\n+OK\r\n'
    expect(await client.take(expected.length)).toBe(expected)
    expect(await talk.say('ECHO d')).toBe('d')
  })

  it('[RESP] CLIENT LIST shows connections, and CLIENT KILL ends them', async () => {
    const client = await running.connect()
    const doomed = new Conversation(client)
    const id = await doomed.say('CLIENT ID')
    await doomed.say('CLIENT SETNAME doomed')
    expect(await redis.say(`CLIENT LIST ID ${id}`)).toMatch(
      new RegExp(`^id=${id} addr=127\\.0\\.0\\.1:\\d+ name=doomed age=\\d+ flags=N db=0 multi=-1 `),
    )
    expect(String(await redis.say('CLIENT LIST'))).toContain('cmd=client|list')
    expect(await redis.say(`CLIENT KILL ID ${id}`)).toBe(1)
    expect(await client.untilEnd()).toBe('')
    expect(await redis.say(`CLIENT KILL ID ${id}`)).toBe(0)
    expect(await redis.say('CLIENT KILL 1.2.3.4:5')).toBe('-ERR No such client')
    expect(await redis.say('PING')).toBe('+PONG')
  })

  it('[RESP] a connection that kills itself is answered', async () => {
    const client = await running.connect()
    const talk = new Conversation(client)
    const id = await talk.say('CLIENT ID')
    expect(await talk.say(`CLIENT KILL ID ${id} SKIPME no`)).toBe(1)
    expect(await client.untilEnd()).toBe('')
  })

  it('[RESP] INFO tells of the node, by sections', async () => {
    const all = String(await redis.say('INFO'))
    for (const line of ['redis_version:7.0.15', 'role:master', 'cluster_enabled:0', 'node:n1', 'mode:multi'])
      expect(all).toContain(`${line}\r\n`)
    const one = String(await redis.say('INFO REPLICATION'))
    expect(one).toBe('# Replication\r\nrole:master\r\nconnected_slaves:0\r\n')
  })

  it('[RESP] TIME is in seconds and microseconds', async () => {
    const before = Date.now()
    const answer = await redis.say('TIME')
    if (!Array.isArray(answer)) throw new Error('TIME answers an array')
    const ms = Number(answer[0]) * 1000 + Number(answer[1]) / 1000
    expect(ms).toBeGreaterThanOrEqual(before)
    expect(ms).toBeLessThanOrEqual(Date.now())
  })
})

describe('transactions', () => {
  it('[RESP] EXEC runs what was queued, and a command that fails does not undo the others', async () => {
    const answers = await redis.askAll([
      ['MULTI'],
      ['SET', 't1', 'a'],
      ['RENAME', 'none', 't2'],
      ['APPEND', 't1', 'b'],
      ['GET', 't1'],
      ['EXEC'],
    ])
    expect(answers).toEqual(['+OK', '+QUEUED', '+QUEUED', '+QUEUED', '+QUEUED', ['+OK', '-ERR no such key', 2, 'ab']])
  })

  it('[RESP] a command that is refused makes EXEC refuse', async () => {
    const answers = await redis.askAll([['MULTI'], ['SET', 't3', 'a'], ['GET'], ['EXEC'], ['EXISTS', 't3']])
    expect(answers.slice(-2)).toEqual(['-EXECABORT Transaction discarded because of previous errors.', 0])
  })

  it('[RESP] DISCARD forgets', async () => {
    const answers = await redis.askAll([['MULTI'], ['SET', 't4', 'a'], ['DISCARD'], ['EXISTS', 't4'], ['DISCARD'], ['EXEC', 'now']])
    expect(answers.slice(2)).toEqual([
      '+OK',
      0,
      '-ERR DISCARD without MULTI',
      "-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command",
    ])
  })

  it.each<[string, Answer]>([
    ['SET w other', null],
    ['EXPIRE w 1000', null],
    ['DEL w', null],
    ['GET w', ['+OK']],
    ['DEL none', ['+OK']],
  ])('[RESP] after WATCH and %s of another connection EXEC answers %j', async (line, answer) => {
    const other = await connect()
    await redis.say('SET w first')
    await redis.say('WATCH w')
    await other.say(line)
    const [, , executed] = await redis.askAll([['MULTI'], ['SET', 'w', 'mine'], ['EXEC']])
    expect(executed).toEqual(answer)
  })

  it('[RESP] EXEC tells what it did where one of the answers is too long', async () => {
    await redis.ask('SET', 'long', 'x'.repeat(VALUE_BYTES))
    const many = Array.from({ length: REPLY_BYTES_MAX / VALUE_BYTES }, () => 'long')
    const answers = await redis.askAll([['MULTI'], ['SET', 't5', 'a'], ['MGET', ...many], ['GET', 't5'], ['EXEC']])
    expect(answers.at(-1)).toEqual(['+OK', '-TOO_LARGE the answer has more than 33554432 bytes: ask for less at a time', 'a'])
  })

  it.each([
    ['CLIENT', 'SETNAME'],
    ['CLIENT', 'SETINFO', 'LIB-NAME'],
    ['HELLO', '3', 'SETNAME'],
  ])('[RESP] %s %s takes a short name', async (...words) => {
    expect(await redis.ask(...words, 'n'.repeat(257))).toBe('-TOO_LARGE it has 257 bytes, at most 256 are kept: shorten it')
  })

  it('[RESP] UNWATCH lets EXEC run', async () => {
    const answers = await redis.askAll([['WATCH', 'u'], ['SET', 'u', 'a'], ['UNWATCH'], ['MULTI'], ['GET', 'u'], ['EXEC']])
    expect(answers.at(-1)).toEqual(['a'])
  })
})

describe('WAIT', () => {
  it.each([
    ['WAIT 0 0', 0],
    ['WAIT 1 20', 0],
    ['WAIT a 0', '-ERR value is not an integer or out of range'],
    ['WAIT 0 b', '-ERR timeout is not an integer or out of range'],
    ['WAIT 0 -1', '-ERR timeout is negative'],
  ])('[WR4] %s on a node by itself', async (line, answer) => {
    await redis.say('SET waited a')
    expect(await redis.say(line)).toBe(answer)
  })
})
