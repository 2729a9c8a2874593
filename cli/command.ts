/**
 * What a command is: a name, operands, a table of options, examples and a function. The table
 * gives the function its typed options; the program sees every command alike.
 */

import type { ExitCode } from './exit-codes.ts'
import { type OptionSources, type OptionTable, type OptionValues, resolveOptions, switchOption } from './options.ts'
import { Output, type Terminal } from './output.ts'

export interface Operand {
  /** As in the usage line: `<key>`, `[key]`, `<key...>`. */
  readonly form: string
  readonly summary: string
}

export interface Example {
  readonly line: string
  readonly meaning: string
}

export interface Invocation<Options> {
  readonly operands: readonly string[]
  readonly options: Options
  readonly output: Output
  readonly terminal: Terminal
}

export interface CommandDefinition<Table extends OptionTable> {
  readonly name: string
  readonly operands: readonly Operand[]
  readonly summary: string
  /** What the help says below the summary; empty if the summary says it all. */
  readonly details: string
  readonly examples: readonly Example[]
  readonly options: Table
  /** Does the work and answers the exit code. Failures are thrown. */
  run(invocation: Invocation<OptionValues<Table>>): Promise<ExitCode>
}

/** A command whose types are its own affair. */
export interface Command {
  readonly name: string
  readonly operands: readonly Operand[]
  readonly summary: string
  readonly details: string
  readonly examples: readonly Example[]
  readonly options: OptionTable
  /** Resolves the options and runs. @throws BAD_REQUEST, and what the work throws */
  execute(operands: readonly string[], sources: OptionSources, terminal: Terminal, isJson: boolean): Promise<ExitCode>
}

/** Commands that belong together, under a name of their own: `skein sim run`. */
export interface CommandGroup {
  readonly name: string
  readonly summary: string
  readonly details: string
  readonly commands: readonly Command[]
}

/** The option that most commands share. */
export const JSON_OPTION = switchOption('machine-readable output: JSON values, one a line')

export function defineCommand<Table extends OptionTable>(definition: CommandDefinition<Table>): Command {
  const { name, operands, summary, details, examples, options } = definition
  return {
    name,
    operands,
    summary,
    details,
    examples,
    options,
    execute: (given, sources, terminal, isJson) =>
      definition.run({ operands: given, options: resolveOptions(options, sources), output: new Output(terminal, isJson), terminal }),
  }
}
