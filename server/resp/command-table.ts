/**
 * All commands of the door. A new command is a new entry in the list of its group; `COMMAND` and
 * the documents' list are generated from what stands there. Names that Redis has and this node
 * has not are known apart, in `commands/not-served.ts`.
 */

import type { Command } from './command.ts'
import { clientCommand } from './commands/client.ts'
import { configCommand } from './commands/config.ts'
import { connectionCommands } from './commands/connection.ts'
import { expiryCommands } from './commands/expiry.ts'
import { infoCommand } from './commands/info.ts'
import { introspectionCommand } from './commands/introspection.ts'
import { keyCommands } from './commands/keys.ts'
import { keyspaceCommands } from './commands/keyspace.ts'
import type { CommandLimits } from './commands/limits.ts'
import { objectCommand } from './commands/object.ts'
import { serverCommands } from './commands/server.ts'
import { stringCommands } from './commands/strings.ts'
import { substringCommands } from './commands/substrings.ts'
import { transactionCommands } from './commands/transactions.ts'
import { waitCommand } from './commands/wait.ts'

/** The commands of one door; some of them remember things of it, such as the scans under way. */
export function commandTable(limits: CommandLimits): readonly Command[] {
  const commands: readonly Command[] = [
    ...connectionCommands(),
    clientCommand(),
    ...serverCommands(),
    ...infoCommand(),
    configCommand(limits),
    introspectionCommand(() => commands),
    ...stringCommands(limits),
    ...substringCommands(limits),
    ...keyCommands(),
    ...expiryCommands(),
    ...keyspaceCommands(),
    objectCommand(),
    ...transactionCommands(),
    ...waitCommand(),
  ]
  return commands
}
