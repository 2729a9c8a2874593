import { describe, expect, it } from 'vitest'
import { Prng } from '../../base/index.ts'
import { COMMANDS, fuzz, INPUTS, MAX_VALUE_BYTES, SEED, withDoors } from './fuzz-world.ts'
import { converse, converseCut } from './fuzzed-wire.ts'
import { mutate } from './mutation.ts'
import { readReplies } from './reply-stream.ts'
import { type Expected, readRequests } from './request-reference.ts'

const INPUTS_PER_CONNECTION_MAX = 8
const WORDS = ['a', '1', '2', 'b', 'c', '0']
/** Commands after which the answers can't be counted, or may never come. */
const UNCOUNTED = /^(client|wait|debug|post|host:|quit|shutdown|monitor|subscribe)$/i

/** Valid ones. */
const REQUESTS = [
  ['PING'],
  ['ECHO', 'hello'],
  ['SET', 'a', '1'],
  ['GET', 'a'],
  ['SET', 'binary\0\r\n', '\xff\0\r\n*1\r\n$4\r\nPING\r\n'],
  ['SET', 'b', 'x'.repeat(200)],
  ['SET', 'c', '2', 'EX', '100', 'NX'],
  ['SET', 'c', '2', 'XX', 'GET', 'PXAT', '9999999999999'],
  ['MSET', 'a', '1', 'b', '2', 'c', '3'],
  ['MGET', 'a', 'b', 'c', 'nothing'],
  ['DEL', 'a', 'b'],
  ['EXISTS', 'a', 'a'],
  ['APPEND', 'd', 'more'],
  ['SETRANGE', 'e', '100', 'far'],
  ['GETRANGE', 'e', '0', '-1'],
  ['EXPIRE', 'a', '100'],
  ['TTL', 'a'],
  ['SCAN', '0', 'MATCH', '[a-c]*', 'COUNT', '10'],
  ['KEYS', 'a*'],
  ['RENAME', 'a', 'z'],
  ['LCS', 'a', 'b', 'IDX'],
  ['HELLO', '3'],
  ['HELLO', '2'],
  ['MULTI'],
  ['EXEC'],
  ['DISCARD'],
  ['WATCH', 'a'],
  ['COMMAND', 'COUNT'],
  ['CONFIG', 'GET', 'save'],
  ['INFO', 'server'],
  ['DBSIZE'],
  ['INCR', 'a'],
  ['NOSUCH', 'a\r\nb'],
  [''],
].map(requestOf)

/** What is opened and never closed. */
const NESTING = ['*1\r\n', '*2\r\n$1\r\n', '$4\r\n', '"']
const INLINE = ['PING\r\n', 'SET a "b \\x41\\n c"\r\n', "get 'it\\'s'\n", '\r\n', 'GET a\n', '*0\r\n', '*-1\r\n']
const CUT = [...REQUESTS, ...INLINE]
/** Each command of the table with few and with many words, sensible or not. */
const OF_TABLE = COMMANDS.filter(({ name }) => !UNCOUNTED.test(name)).flatMap(({ name, arity }) =>
  [0, 1, 2].map((more) => requestOf([name, ...WORDS.slice(0, Math.abs(arity) - 1 + more)])),
)
const VALID = [...CUT, ...OF_TABLE]

describe('the Redis protocol under mutated input', () => {
  it(`[RESP] [Bounded] ${INPUTS} inputs: each command has its answer in its place, a protocol error ends the connection`, {
    timeout: 600_000,
  }, async () => {
    let answered = 0
    let errors = 0
    await fuzz(async ({ resp }, index) => {
      const random = new Prng(SEED * 1_000_000_007 + index)
      const { text, inputs, expected } = conversation(random)
      const sent = await converse(resp, text, random)
      try {
        answered += check(expected, sent)
      } catch (error) {
        throw new Error(`connection ${index} of seed ${SEED}, which sent ${JSON.stringify(text)} and got ${JSON.stringify(sent)}`, {
          cause: error,
        })
      }
      if (expected.at(-1)?.kind === 'protocol-error') errors += 1
      return inputs
    })
    // Damage that let nothing through, or that broke nothing, would show nothing.
    expect(answered).toBeGreaterThan(INPUTS)
    expect(errors).toBeGreaterThan(INPUTS / 10)
  })

  it('[RESP] a pipeline cut in two anywhere is answered the same', { timeout: 60_000 }, async () => {
    await withDoors(async ({ resp }) => {
      for (const command of CUT) {
        const text = `${command}${sentinel(0)}GET nothing\r\n`
        await converseCut(resp, text, 0)
        // The second time finds what the first one wrote, as all later ones do.
        const whole = await converseCut(resp, text, 0)
        for (let cut = 1; cut < text.length; cut++) {
          expect(shapeOf(await converseCut(resp, text, cut)), `${JSON.stringify(text)} cut at ${cut}`).toEqual(shapeOf(whole))
        }
      }
    })
  })
})

/** Damaged inputs, each followed by one whose answer can be recognised, until the damage hides what follows. */
function conversation(random: Prng): { text: string; inputs: number; expected: readonly Expected[] } {
  let text = ''
  let expected: readonly Expected[] = []
  for (let inputs = 1; ; inputs++) {
    const valid = VALID[random.below(VALID.length)] ?? ''
    text += (random.below(4) === 0 ? valid : mutate(valid, random, VALID, NESTING)) + sentinel(inputs)
    expected = readRequests(text, MAX_VALUE_BYTES)
    const last = expected.at(-1)
    const isUnderstood = last?.kind === 'command' && last.words[1] === `sentinel:${inputs}`
    if (!isUnderstood || inputs === INPUTS_PER_CONNECTION_MAX) return { text, inputs, expected }
  }
}

function requestOf(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`
}

function sentinel(index: number): string {
  return requestOf(['PING', `sentinel:${index}`])
}

/** How many commands were answered. Compared by hand: a million calls of `expect` take longer than what is tested. */
function check(expected: readonly Expected[], sent: string): number {
  const replies = readReplies(sent)
  const uncounted = expected.findIndex((each) => each.kind === 'command' && UNCOUNTED.test(each.words[0] ?? ''))
  const counted = uncounted < 0 ? expected : expected.slice(0, uncounted)
  if (uncounted < 0 && replies.length !== expected.length) throw new Error(`${expected.length} answers were due, ${replies.length} came`)
  for (const [index, each] of counted.entries()) {
    const reply = replies[index] ?? ''
    if (!isAnswerTo(each, reply, index === replies.length - 1)) throw new Error(`${JSON.stringify(reply)} answers ${JSON.stringify(each)}`)
  }
  return counted.length
}

function isAnswerTo(expected: Expected, reply: string, isLast: boolean): boolean {
  switch (expected.kind) {
    case 'command': {
      const [name, word = ''] = expected.words
      if (expected.words.length !== 2 || name !== 'PING' || !word.startsWith('sentinel:')) return !reply.startsWith('-ERR Protocol error')
      return reply === `$${word.length}\r\n${word}\r\n` || reply === '+QUEUED\r\n'
    }
    case 'too-large':
      return reply.startsWith('-TOO_LARGE ')
    case 'protocol-error':
      return reply.startsWith('-ERR Protocol error: ') && isLast
  }
}

/** Answers without what may differ from time to time. */
function shapeOf(sent: string): string[] {
  return readReplies(sent).map((reply) => (reply.startsWith('$') && reply.length > 200 ? '(long)' : reply.replaceAll(/\d+/g, '0')))
}
