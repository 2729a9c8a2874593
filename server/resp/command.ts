/**
 * What a command of the Redis protocol is: one entry of a table. `COMMAND` is generated from it,
 * the connection looks up in it what to check before a command runs, and a new command is a new
 * entry. A command reads its arguments once and gives back an action, with everything that can be
 * wrong about the arguments found by then; so MULTI can queue actions and EXEC run them.
 */

import type { Key } from '../../base/index.ts'
import type { KeyEditor, KeyView } from '../../core/index.ts'
import type { Value } from '../../crdt/index.ts'
import type { Gateway } from '../gateway.ts'
import type { ConnectionState } from './connection-state.ts'
import type { RespReply } from './reply.ts'

/** A command's words as the parser found them; index 0 is its name. Valid only while the command is being read. */
export interface Arguments {
  readonly length: number
  /** The word as a binary string, copied out of the receive buffer. */
  binary(index: number): string
  /** True if the word is `word`, which is in capitals, in any case of letters. */
  is(index: number, word: string): boolean
  /** Its value if it is a whole number as Redis takes it (no sign but `-`, no leading zeros, 64 bits), or null. */
  integer(index: number): bigint | null
}

export type CommandGroup = 'connection' | 'server' | 'string' | 'generic' | 'transactions'

/** As `COMMAND` lists them. */
export type CommandFlag = 'readonly' | 'write' | 'fast' | 'denyoom' | 'admin' | 'loading' | 'stale' | 'noscript' | 'no_auth' | 'no_multi'

/** Where the keys are among the words, as `COMMAND` says it: 0, 0, 0 for none; a negative last counts from the end. */
export interface KeyPositions {
  readonly first: number
  readonly last: number
  readonly step: number
}

export interface Command {
  /** In small letters. */
  readonly name: string
  readonly group: CommandGroup
  /** Words, the name included; negative: at least so many. */
  readonly arity: number
  /** `no_multi`: it takes its time, so MULTI refuses it, and of a pipeline one is carried out a turn. */
  readonly flags: readonly CommandFlag[]
  readonly keys: KeyPositions
  /** One line for `COMMAND DOCS` and the documents. */
  readonly summary: string
  /** Of a container such as CLIENT, each named `client|id`: the second word says which one is meant. */
  readonly subcommands?: readonly Command[]
  /** The number of words fits `arity` already. What is wrong with them is answered as an `ErrorReply`. */
  read(words: Arguments): Action
}

/** What is left to do of a command. Those of one connection are answered in order. */
export type Action =
  /** Known already: errors, and what needs no state. */
  | { readonly kind: 'answer'; readonly reply: RespReply }
  /** Looks at keys. */
  | { readonly kind: 'read'; readonly keys: readonly Key[]; run(view: KeyView, connection: ConnectionState): RespReply }
  /** One value for one key, whatever was there: the write that there is most of. Answered with OK. */
  | { readonly kind: 'set'; readonly key: Key; readonly value: Value }
  /** Looks at keys and changes them, as one transaction. It may be run more than once: the last run counts. */
  | {
      readonly kind: 'write'
      readonly keys: readonly Key[]
      /** About how many bytes of keys and values it writes. */
      readonly bytes: number
      run(editor: KeyEditor): RespReply
    }
  /** Concerns the connection: runs in its turn, before any later command is read. */
  | { readonly kind: 'connection'; run(connection: ConnectionState): RespReply }
  /** Runs what MULTI queued, as one transaction, unless a watched key has changed. */
  | { readonly kind: 'exec' }
  /**
   * Asks the node for more than keys, or takes its time: begins when all earlier commands of the
   * connection are answered, and later ones wait for it. Not inside MULTI. Returns what withdraws it.
   */
  | { readonly kind: 'node'; run(node: NodeAccess, done: (reply: RespReply) => void): () => void }

/** What a `node` action can use. */
export interface NodeAccess {
  readonly gateway: Gateway
  readonly connection: ConnectionState
  /** All connections of the door, for CLIENT LIST and INFO. */
  connections(): readonly ConnectionState[]
  /** Ends another connection at once, for CLIENT KILL. False if there is none with this id. */
  close(id: number): boolean
  /** Calls back after `ms`, unless withdrawn (the connection closed): for what waits. */
  after(ms: number, action: () => void): () => void
}
