import { describe, expect, it } from 'vitest'
import { binaryFromText, Prng, textFromBinary } from '../../base/index.ts'
import { fuzz, INPUTS, SEED, withDoors } from './fuzz-world.ts'
import { converse, converseCut } from './fuzzed-wire.ts'
import { mutate } from './mutation.ts'

const INPUTS_PER_CONNECTION = 8

/** What is opened and never closed. */
const NESTING = ['[', '{"a":', '"', '[{"op":']

const VALID = [
  '{"op":"get","key":"a","id":1}',
  '{"op":"set","key":"a","value":{"b":[1,2,{"c":null}],"__proto__":1},"id":"x"}',
  '{"op":"set","key":"é👋","value":"\\ud83d\\udc4b \\"quoted\\" \\\\","type":"text","ttl":"10s"}',
  '{"op":"set","key":"b","value":"/wAB","encoding":"base64","ifAbsent":true}',
  '{"op":"set","key":"c","value":12345678901234567890,"ifVersion":"n1.0a1b2c3d:17","w":1,"timeout":50}',
  '{"op":"del","key":"a","id":null}',
  '{"op":"batch","ops":[{"op":"set","key":"a","value":1},{"op":"del","key":"b"},{"op":"restore","key":"c","version":"n1.0a1b2c3d:1"}],"if":[{"key":"z","absent":true}]}',
  '{"op":"scan","prefix":"a","start":"a","end":"z","limit":10,"reverse":true,"values":false}',
  '{"op":"conflicts","key":"a"}',
  '{"op":"conflicts","limit":5}',
  '{"op":"status"}',
  '{"op":"ping","id":1.50}',
  '{"op":"get","key":"a","idempotencyKey":"x"}',
  '{"op":"set","key":"a","value":1,"idempotencyKey":"4f1c9b1e"}',
  '  \t\r',
  '',
].map(binaryFromText)

describe('JSON lines under mutated input', () => {
  it(`[LINES] [Bounded] ${INPUTS} inputs: each line has its answer in its place`, { timeout: 600_000 }, async () => {
    let refused = 0
    await fuzz(async ({ lines }, index) => {
      const random = new Prng(SEED * 1_000_000_007 + index)
      const text = conversation(random)
      const sent = await converse(lines, text, random)
      try {
        refused += check(text, sent)
      } catch (error) {
        throw new Error(`connection ${index} of seed ${SEED}, which sent ${JSON.stringify(text)} and got ${JSON.stringify(sent)}`, {
          cause: error,
        })
      }
      return INPUTS_PER_CONNECTION
    })
    expect(refused).toBeGreaterThan(INPUTS / 10)
  })

  it('[LINES] lines cut in two anywhere are answered the same', { timeout: 60_000 }, async () => {
    await withDoors(async ({ lines }) => {
      for (const valid of VALID) {
        const text = `${valid}\n${sentinel(0)}\n{"op":"get","key":"nothing"}`
        await converseCut(lines, text, 0)
        // The second time finds what the first one wrote, as all later ones do.
        const whole = await converseCut(lines, text, 0)
        for (let cut = 1; cut < text.length; cut++) {
          expect(shapeOf(await converseCut(lines, text, cut)), `${JSON.stringify(text)} cut at ${cut}`).toEqual(shapeOf(whole))
        }
      }
    })
  })
})

function conversation(random: Prng): string {
  let text = ''
  for (let input = 0; input < INPUTS_PER_CONNECTION; input++) {
    const valid = VALID[random.below(VALID.length)] ?? ''
    text += `${random.below(4) === 0 ? valid : mutate(valid, random, VALID, NESTING)}\n${sentinel(input)}\n`
  }
  return text
}

function sentinel(index: number): string {
  return `{"op":"ping","id":"sentinel:${index}"}`
}

/** How many lines were refused. Compared by hand: a million calls of `expect` take longer than what is tested. */
function check(text: string, sent: string): number {
  const asked = text.split('\n').filter((line) => !/^[ \t\r]*$/.test(line))
  const answers = sent.split('\n')
  if (answers.pop() !== '') throw new Error('the last answer has no end')
  if (answers.length !== asked.length) throw new Error(`${asked.length} answers were due, ${answers.length} came`)
  let refused = 0
  for (const [index, line] of asked.entries()) {
    const answer = answers[index] ?? ''
    const parsed: unknown = JSON.parse(textFromBinary(answer) ?? '')
    if (typeof parsed !== 'object' || parsed === null) throw new Error(`${answer} is no object`)
    if ('error' in parsed) refused += 1
    const sentinelId = /^\{"op":"ping","id":("sentinel:\d")\}$/.exec(line)?.[1]
    if (sentinelId !== undefined && answer !== `{"id":${sentinelId},"pong":true}`) throw new Error(`${answer} answers ${line}`)
  }
  return refused
}

/** Answers without what differs from time to time. */
function shapeOf(sent: string): string[] {
  return sent.split('\n').map((line) => (line.startsWith('{"node"') ? '(status)' : line.replaceAll(/"session":"[^"]*"|\d+/g, '0')))
}
