import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { textFromBinary } from '../../../base/index.ts'
import { type LinesWorld, openLines } from './lines-client.ts'

/** Lines that are sent together, and what the document shows as their answers. */
interface Example {
  readonly lines: readonly string[]
  readonly answers: readonly string[]
}

const examples = examplesOf(readFileSync(new URL('../../../docs/json-lines.md', import.meta.url), 'utf8'))

let world: LinesWorld

beforeAll(async () => {
  world = await openLines()
})

afterAll(() => world.stop())

describe('the examples of docs/json-lines.md', () => {
  it('[DOCS] there are some', () => {
    expect(examples.length).toBeGreaterThan(4)
  })

  it('[DOCS] each is answered as it is shown, but for names and times', async () => {
    for (const { lines, answers } of examples) {
      const client = world.connect()
      client.send(`${lines.join('\n')}\n`)
      client.endInput()
      await client.answered(answers.length)
      expect(client.isEnded).toBe(true)
      expect(
        client.lines.map((line) => withoutChance(textFromBinary(line) ?? '')),
        lines.join('\n'),
      ).toEqual(answers.map(withoutChance))
      client.close()
    }
  })
})

function examplesOf(text: string): Example[] {
  const found: { lines: string[]; answers: string[] }[] = []
  for (const [, block = ''] of text.matchAll(/^```\n([\s\S]*?)^```/gm)) {
    for (const line of block.trimEnd().split('\n')) {
      if (line.startsWith('$ printf '))
        found.push({ lines: [...line.matchAll(/'(\{.*?)'(?= )/g)].map(([, sent = '']) => sent), answers: [] })
      else found.at(-1)?.answers.push(line)
    }
  }
  return found
}

/** Versions, sessions and times differ from run to run; what V8 says of broken JSON, from version to version. */
function withoutChance(answer: string): string {
  return answer
    .replaceAll(/n1\.[0-9a-f]{8}(:\d+)?/g, 'n1.xxxxxxxx:1')
    .replaceAll(/"session":"[^"]+"/g, '"session":"…"')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'some time')
    .replaceAll(/is not JSON \(.*?\):/g, 'is not JSON:')
}
