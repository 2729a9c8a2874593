import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { KIB, MIB, utf8 } from '../../../base/index.ts'
import { LINE_BYTES_MAX, PENDING_LINES_MAX } from '../../../server/json-lines/lines-session.ts'
import { eventually } from '../../support/eventually.ts'
import { type LinesClient, type LinesWorld, openLines } from './lines-client.ts'

const DEADLINE_MS = 5000
const HELD_BYTES_MAX = 12 * MIB

let world: LinesWorld
let client: LinesClient

beforeAll(async () => {
  world = await openLines(HELD_BYTES_MAX)
})

afterAll(() => world.stop())

beforeEach(() => {
  client = world.connect()
})

afterEach(() => {
  client.close()
  expect(world.held.bytes, 'what a closed connection holds').toBe(0)
})

describe('ids', () => {
  it.each(['1', '"a"', 'null', 'true', '12345678901234567890', '1.50', '"\\u0041"'])(
    '[LINES] %s comes back as it was written',
    async (id) => {
      await client.ask(`{"op":"ping","id":${id}}`)
      expect(client.lines.at(-1)).toBe(`{"id":${id},"pong":true}`)
      await client.ask(`{"op":"pong","id": ${id} }`)
      expect(client.lines.at(-1)).toMatch(`{"id":${id},"error":{"code":"BAD_REQUEST"`)
    },
  )

  it.each(['{}', '[1]', `"${'x'.repeat(300)}"`])('[LINES] %s is no id', async (id) => {
    const answer = await client.ask(`{"op":"ping","id":${id}}`)
    expect(answer).toMatchObject({ error: { code: 'BAD_REQUEST', message: expect.stringContaining('id') } })
    expect(answer.id).toBeUndefined()
  })
})

describe('lines that are refused', () => {
  it.each([
    ['no JSON', 'get a', 'the line is not JSON'],
    ['half an object', '{"op":"get"', 'the line is not JSON'],
    ['two values', '{"op":"ping"} {"op":"ping"}', 'the line is not JSON'],
    ['a list', '[{"op":"ping"}]', 'the line is not an object'],
    ['null', 'null', 'the line is not an object'],
    ['no op', '{"key":"a"}', 'op is not one of'],
    ['an unknown op', '{"op":"incr","key":"a"}', 'op is not one of'],
    ['an inherited op', '{"op":"constructor"}', 'op is not one of'],
    ['a hidden op', '{"__proto__":{"op":"ping"}}', 'op is not one of'],
    ['an unknown field', '{"op":"get","key":"a","foo":1}', '"foo"'],
    ['__proto__ as a field', '{"op":"get","key":"a","__proto__":{}}', '"__proto__"'],
    ['no key', '{"op":"get"}', 'key'],
    ['an empty key', '{"op":"get","key":""}', 'key'],
    ['a number as key', '{"op":"set","key":1,"value":1}', 'key'],
    ['no value', '{"op":"set","key":"a"}', 'value'],
    ['a limit that is text', '{"op":"scan","limit":"5"}', 'limit is not integer'],
    ['a limit of zero', '{"op":"scan","limit":0}', 'limit'],
    ['a number as prefix', '{"op":"scan","prefix":5}', 'prefix is not string'],
    ['a text as truth', '{"op":"scan","reverse":"true"}', 'reverse is not boolean'],
    ['a foreign cursor', '{"op":"scan","cursor":"abc"}', 'cursor'],
    ['a fraction as ttl', '{"op":"set","key":"a","value":1,"ttl":1.5}', 'ttl is not string or integer'],
    ['a concern of zero', '{"op":"set","key":"a","value":1,"w":0}', 'w is not'],
    ['a concern that is a list', '{"op":"set","key":"a","value":1,"w":[1]}', 'w is not'],
    ['an unknown consistency', '{"op":"get","key":"a","read":"eventual"}', 'read'],
    ['a long time-out', '{"op":"get","key":"a","timeout":"1h"}', 'timeout'],
    ['two conditions', '{"op":"del","key":"a","ifAbsent":true,"ifVersion":"n1.0a1b2c3d:1"}', 'ifVersion'],
    ['a condition that is false', '{"op":"del","key":"a","ifAbsent":false}', 'ifAbsent'],
    ['a bad version', '{"op":"restore","key":"a","version":"x"}', 'version'],
    ['a bad idempotency key', '{"op":"del","key":"a","idempotencyKey":"a b"}', 'idempotencyKey'],
    ['operations that are none', '{"op":"batch","ops":[{"op":"incr"}]}', 'ops[0].op'],
    ['nesting without end', `{"op":"set","key":"a","value":${'['.repeat(10_000)}`, 'nests deeper'],
    ['129 levels', `{"op":"set","key":"a","value":${'['.repeat(129)}${']'.repeat(129)}}`, 'nests deeper'],
  ])('[LINES] %s is BAD_REQUEST, and the connection goes on', async (_name, line, culprit) => {
    expect((await client.ask(line)).error).toMatchObject({ code: 'BAD_REQUEST', message: expect.stringContaining(culprit) })
    expect(await client.ask({ op: 'ping', id: 7 })).toEqual({ id: 7, pong: true })
  })

  it('[LINES] 128 levels are taken', async () => {
    const answer = await client.ask(`{"op":"set","key":"a","value":${'['.repeat(128)}${']'.repeat(128)}}`)
    expect(answer.version).toBeDefined()
  })

  it('[LINES] bytes that are not UTF-8 are BAD_REQUEST', async () => {
    client.send(Buffer.from('{"op":"get","key":"\xff"}\n', 'latin1'))
    const [answer] = await client.answered(1)
    expect(answer?.error).toMatchObject({ code: 'BAD_REQUEST', message: expect.stringContaining('UTF-8') })
  })

  it('[Bounded] a line over the limit is TOO_LARGE and discarded as it arrives', async () => {
    const piece = 'x'.repeat(64 * KIB)
    client.send('{"op":"set","key":"a","value":"')
    for (let sent = 0; sent <= LINE_BYTES_MAX; sent += piece.length) {
      client.send(piece)
      expect(world.held.bytes).toBeLessThanOrEqual(LINE_BYTES_MAX)
    }
    expect(world.held.bytes).toBe(0)
    client.send('"}\n{"op":"ping","id":1}\n')
    const answers = await client.answered(2)
    expect(answers.map(({ error, id }) => error?.code ?? id)).toEqual(['TOO_LARGE', 1])
  })

  it('[Bounded] what all connections hold together is bounded', async () => {
    const other = world.connect()
    other.send('x'.repeat(LINE_BYTES_MAX))
    client.send(`{"op":"set","key":"a","value":"${'x'.repeat(6 * MIB)}`)
    client.send('"}\n')
    expect((await client.answered(1))[0]?.error?.code).toBe('UNAVAILABLE')
    other.close()
    expect((await client.ask({ op: 'ping' })).error).toBeUndefined()
  })
})

describe('a connection of JSON lines', () => {
  it('[LINES] it reads the same wherever a line is cut', async () => {
    const line = utf8('{"op":"set","key":"é","value":"👋","id":1}\n\r\n{"op":"get","key":"é","id":2}\n')
    for (let cut = 0; cut <= line.length; cut++) {
      const each = world.connect()
      each.send(line.subarray(0, cut))
      each.send(line.subarray(cut))
      const answers = await each.answered(2)
      expect(
        answers.map(({ id, value }) => [id, value]),
        `cut at ${cut}`,
      ).toEqual([
        [1, undefined],
        [2, '👋'],
      ])
      each.close()
    }
  })

  it('[LINES] answers come in the order of the lines, reads behind the writes before them', async () => {
    const lines = Array.from({ length: 200 }, (_, id) =>
      id % 2 === 0 ? `{"op":"set","key":"turn","value":${id},"id":${id}}` : `{"op":"get","key":"turn","id":${id}}`,
    )
    client.send(`${lines.join('\n')}\n`)
    const answers = await client.answered(lines.length)
    expect(answers.map(({ id }) => id)).toEqual(lines.map((_, id) => id))
    for (const { id, value } of answers) if (Number(id) % 2 === 1) expect(value).toBe(Number(id) - 1)
  })

  it('[JR1] lines that arrive together share durable writes', async () => {
    const before = world.node.status().logs[0]?.length ?? 0
    client.send(Array.from({ length: 100 }, (_, index) => `{"op":"set","key":"shared:${index}","value":1}\n`).join(''))
    await client.answered(100)
    expect((world.node.status().logs[0]?.length ?? 0) - before).toBeLessThan(50)
  })

  it('[SS1] a line that waits for its session is not overtaken', async () => {
    // A session with a write that this node will never see.
    const unseen = 'AQELbjkuMGExYjJjM2QB'
    client.send(`{"op":"get","key":"waits","session":"${unseen}","timeout":"50ms","id":1}\n{"op":"set","key":"waits","value":1,"id":2}\n`)
    const answers = await client.answered(2)
    expect(answers.map(({ id, error }) => [id, error?.code])).toEqual([
      [1, 'STALE'],
      [2, undefined],
    ])
  })

  it('[Bounded] a client that does not read is not read from, and loses nothing', async () => {
    client.isClogged = true
    const count = 3 * PENDING_LINES_MAX
    client.send(Array.from({ length: count }, (_, id) => `{"op":"ping","id":${id}}\n`).join(''))
    expect(client.isPaused).toBe(true)
    expect(client.sent).toBe('')
    client.unclog()
    const answers = await client.answered(count)
    expect(answers.map(({ id }) => id)).toEqual(answers.map((_, id) => id))
    await eventually(() => !client.isPaused, DEADLINE_MS)
  })

  it('[Bounded] no more lines than allowed are under way', async () => {
    client.send(Array.from({ length: 2 * PENDING_LINES_MAX }, (_, id) => `{"op":"set","key":"k","value":${id},"id":${id}}\n`).join(''))
    expect(client.isPaused).toBe(true)
    const answers = await client.answered(2 * PENDING_LINES_MAX)
    expect(answers.map(({ id }) => id)).toEqual(answers.map((_, id) => id))
    await eventually(() => !client.isPaused, DEADLINE_MS)
  })

  it('[LINES] a client that has said all is answered all, also the last line without an end', async () => {
    client.send('{"op":"set","key":"a","value":1}\n{"op":"get","key":"a"}')
    client.endInput()
    const answers = await client.answered(2)
    expect(answers[1]?.value).toBe(1)
    await eventually(() => client.isEnded, DEADLINE_MS)
  })

  it('[LINES] a pipeline that is longer than what may be under way is answered whole after its end', async () => {
    const count = 3 * PENDING_LINES_MAX
    client.send(Array.from({ length: count }, (_, id) => `{"op":"set","key":"k","value":${id},"id":${id}}\n`).join(''))
    client.endInput()
    await client.answered(count)
    await eventually(() => client.isEnded, DEADLINE_MS)
  })

  it('[LINES] when it is stopped, what was taken is answered first', async () => {
    client.send('{"op":"set","key":"a","value":1,"id":1}\n{"op":"se')
    client.stopSession()
    await eventually(() => client.isEnded, DEADLINE_MS)
    expect(client.answers.map(({ id }) => id)).toEqual([1])
    client.send('{"op":"ping"}\n')
    expect(client.answers.length).toBe(1)
  })

  it('[Bounded] it tells when it waits for the rest of a line', () => {
    client.send('{"op":"pi')
    expect(client.isExpecting).toBe(true)
    client.send('ng"}\n')
    expect(client.isExpecting).toBe(false)
  })

  it('[LINES] a connection that is gone gets no answer', async () => {
    const other = world.connect()
    other.send('{"op":"set","key":"gone","value":1}\n')
    other.close()
    await eventually(async () => (await client.ask({ op: 'ping' })).error === undefined, DEADLINE_MS)
    await client.ask({ op: 'set', key: 'after', value: 1 })
    expect(other.sent).toBe('')
  })
})
