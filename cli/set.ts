/** `skein set`: writes one key. */

import { fromUtf8, SkeinError, VALUE_BYTES_MAX } from '../base/index.ts'
import type { WriteConcern } from '../client/index.ts'
import { defineCommand, type Invocation } from './command.ts'
import { CLIENT_OPTIONS, KEY_OPERAND, parseKeyOperand, withDatabase } from './connection.ts'
import { EXIT } from './exit-codes.ts'
import { readInput } from './input.ts'
import { durationOption, type OptionSpec, type OptionValues, switchOption, textOption } from './options.ts'
import { parseTypedValue, type TypedValue } from './value-text.ts'

const CONCERN_MAX = 1000

/** How many nodes must hold a write before it is answered (WR4). */
export const CONCERN_OPTION: OptionSpec<WriteConcern> = {
  ...textOption({ summary: 'nodes that must hold the write durably: a number, majority or all', placeholder: '<nodes>' }, null),
  fallback: 1,
  shownFallback: '1',
  decode: ([text = ''], name) => {
    if (text === 'majority' || text === 'all') return text
    const nodes = Number(text)
    if (text !== '' && Number.isSafeInteger(nodes) && nodes >= 1 && nodes <= CONCERN_MAX) return nodes
    throw new SkeinError('BAD_REQUEST', `${name} ${JSON.stringify(text.slice(0, 40))} is no number of nodes, nor majority or all`)
  },
}

const OPTIONS = {
  ...CLIENT_OPTIONS,
  text: switchOption('store the value as text even if it is valid JSON'),
  file: textOption({ summary: 'take the value from a file, or from a pipe with -, as bytes', placeholder: '<file>' }, null),
  ttl: durationOption({ summary: 'forget the key after this time: 30s, 5m, 7d', placeholder: '<duration>' }, null, null),
  w: CONCERN_OPTION,
  ifVersion: textOption({ summary: 'only if the key is at this version', placeholder: '<version>' }, null),
  ifAbsent: switchOption('only if there is no such key'),
}

export const set = defineCommand({
  name: 'set',
  operands: [KEY_OPERAND, { form: '[value]', summary: 'JSON if it is valid JSON, else text' }],
  summary: 'writes a key and prints its version',
  details: 'The write is durable on the node that answers; the others have it within milliseconds, or as soon as they can be reached.',
  examples: [
    { line: `skein set user:1 '{"name":"Alice"}'`, meaning: 'JSON' },
    { line: 'skein set greeting "good morning"', meaning: 'text' },
    { line: 'skein set code 007 --text --ttl 5m', meaning: 'text, gone after five minutes' },
    { line: 'skein set logo.png --file logo.png --w majority', meaning: 'bytes, on two of three nodes before it returns' },
    { line: 'skein set lock me --if-absent', meaning: 'exits with 1 if the key exists' },
  ],
  options: OPTIONS,
  run: async (invocation) => {
    const { operands, options, output } = invocation
    const key = parseKeyOperand(operands[0] ?? '')
    const { w, ttl, ifVersion, ifAbsent } = options
    if (ifVersion !== null && ifAbsent) throw new SkeinError('BAD_REQUEST', '--if-version and --if-absent exclude each other: give one')
    const { value, as } = await readValue(invocation)
    const { version } = await withDatabase(options, (database, call) =>
      database.set(key, value, { ...call, as, w, ttl: ttl ?? undefined, ifVersion: ifVersion ?? undefined, ifAbsent }),
    )
    if (output.isJson) output.json({ key, version })
    else output.line(version)
    return EXIT.done
  },
})

async function readValue({ operands, options, terminal }: Invocation<OptionValues<typeof OPTIONS>>): Promise<TypedValue> {
  const typed = operands[1]
  if (options.file === null) {
    if (typed === undefined) throw new SkeinError('BAD_REQUEST', 'there is no value: give one after the key, or --file')
    return parseTypedValue(typed, options.text)
  }
  if (typed !== undefined) throw new SkeinError('BAD_REQUEST', 'there is a value and --file: give one of them')
  const bytes = await readInput({ path: options.file, stdin: terminal.stdin, bytesMax: VALUE_BYTES_MAX })
  if (!options.text) return { value: bytes, as: 'json' }
  const text = fromUtf8(bytes)
  if (text === null) throw new SkeinError('BAD_REQUEST', 'the file is not UTF-8 text: leave out --text to store its bytes')
  return { value: text, as: 'text' }
}
