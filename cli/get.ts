/** `skein get`: the value of a key, as it was written. */

import { SkeinError } from '../base/index.ts'
import { defineCommand } from './command.ts'
import { CLIENT_OPTIONS, KEY_OPERAND, parseKeyOperand, READ_OPTION, withDatabase } from './connection.ts'
import { EXIT } from './exit-codes.ts'
import type { Output } from './output.ts'
import { inlineText, shownValue } from './value-text.ts'

export const get = defineCommand({
  name: 'get',
  operands: [KEY_OPERAND],
  summary: 'prints the value of a key',
  details:
    'Text and JSON are printed with a line end (JSON laid out at a terminal), bytes exactly as they are. ' +
    'With --json: the value with its version, writer, time and number of conflicts.',
  examples: [
    { line: 'skein get user:1', meaning: 'the value' },
    { line: 'skein get user:1 --json', meaning: 'with version, writer and time' },
    { line: 'skein get balance --read linearizable', meaning: 'the latest, in leader mode' },
    { line: 'skein get logo.png > logo.png', meaning: 'bytes as they were written' },
  ],
  options: { ...CLIENT_OPTIONS, read: READ_OPTION },
  run: async ({ operands: [typedKey = ''], options, output }) => {
    const key = parseKeyOperand(typedKey)
    const item = await withDatabase(options, (database, call) => database.getItem(key, { ...call, consistency: options.read }))
    if (item === undefined) throw new SkeinError('NOT_FOUND', `there is no key ${inlineText(key)}`)
    if (output.isJson) output.json({ ...item, ...shownValue(item.value) })
    else printValue(item.value, output)
    return EXIT.done
  },
})

function printValue(value: unknown, output: Output): void {
  if (value instanceof Uint8Array) output.bytes(value)
  else if (typeof value === 'string') output.line(value)
  else output.line(JSON.stringify(value, null, output.isTerminal ? 2 : 0))
}
