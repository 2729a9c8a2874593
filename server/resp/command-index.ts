/**
 * Finds a command by the name that a client sent, in any case of letters, without making a string
 * of it: every command that comes in passes here.
 */

import { assert } from '../../base/index.ts'
import type { Command } from './command.ts'
import { hashOfName, type Words } from './words.ts'

interface Entry {
  readonly command: Command
  readonly capitals: string
}

export class CommandIndex {
  /** By the hash of the name. */
  readonly #entries = new Map<number, readonly Entry[]>()

  constructor(commands: readonly Command[]) {
    for (const command of commands) {
      const hash = hashOfName(command.name)
      const others = this.#entries.get(hash) ?? []
      assert(!others.some((other) => other.command.name === command.name), `the command ${command.name} is in the table twice`)
      this.#entries.set(hash, [...others, { command, capitals: command.name.toUpperCase() }])
    }
  }

  find(words: Words): Command | null {
    for (const { command, capitals } of this.#entries.get(words.nameHash()) ?? []) if (words.is(0, capitals)) return command
    return null
  }
}
