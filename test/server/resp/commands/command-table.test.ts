/** The table of commands as a whole, and the document that lists it. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Command } from '../../../../server/resp/command.ts'
import { commandTable } from '../../../../server/resp/command-table.ts'
import { namesNotServed, notServed } from '../../../../server/resp/commands/not-served.ts'

const commands = commandTable({ maxValueBytes: 1024 })
const all = [...commands, ...commands.flatMap(({ subcommands = [] }) => subcommands)]
const document = readFileSync(join(import.meta.dirname, '../../../../docs/redis.md'), 'utf8')

describe('the table of commands', () => {
  it('[RESP] has each name once, in small letters', () => {
    const names = all.map(({ name }) => name)
    expect(names.length).toBeGreaterThan(80)
    expect(new Set(names).size).toBe(names.length)
    expect(names.filter((name) => name !== name.toLowerCase())).toEqual([])
  })

  it('[RESP] says of every command whether it reads or writes, if it has keys', () => {
    const wrong = all.filter((command) => hasKeys(command) && !isReadOrWrite(command) && command.name !== 'watch')
    expect(wrong.map(({ name }) => name)).toEqual([])
  })

  it('[RESP] asks for the words in which it has its keys', () => {
    const wrong = all.filter(({ arity, keys }) => Math.abs(arity) <= Math.max(keys.first, keys.last))
    expect(wrong.map(({ name }) => name)).toEqual([])
  })

  it('[RESP] is apart from the names that are not served', () => {
    const served = new Set(commands.map(({ name }) => name))
    const names = namesNotServed()
    expect(names.filter((name) => served.has(name))).toEqual([])
    expect(new Set(names).size).toBe(names.length)
    expect(names.filter((name) => notServed(name)?.startsWith('ERR ') !== true)).toEqual([])
    expect(notServed('nosuch')).toBeNull()
  })

  it('[DOCS] is listed in redis.md with its summaries', () => {
    const row = ({ name, summary }: Command): string => `| \`${name.replace('|', ' ').toUpperCase()}\` | ${summary} |`
    const listed = commands.flatMap((command) => (command.subcommands ?? [command]).map(row))
    expect(document.match(/^\| `[A-Z -]+` \| [^|]* \|$/gm)?.sort()).toEqual(listed.sort())
  })

  it('[DOCS] the names that are not served are in redis.md', () => {
    expect(namesNotServed().filter((name) => !document.includes(`\`${name.toUpperCase()}\``))).toEqual([])
  })
})

function hasKeys({ keys }: Command): boolean {
  return keys.first > 0
}

function isReadOrWrite({ flags }: Command): boolean {
  return flags.includes('readonly') !== flags.includes('write')
}
