/**
 * The program: commander splits the command line and writes the help, the options are resolved
 * (`options.ts`), one command runs, and whatever it throws becomes a line on stderr and an exit
 * code. Nothing here ends the process, so that it runs in a test as it runs in a shell.
 */

import { Command as CommanderCommand, CommanderError, Option } from 'commander'
import { SkeinError, toSkeinError } from '../base/index.ts'
import { batch } from './batch.ts'
import { bench } from './bench.ts'
import type { Command, CommandGroup } from './command.ts'
import { JSON_OPTION } from './command.ts'
import { readConfigFile } from './config-file.ts'
import { conflicts } from './conflicts.ts'
import { del } from './del.ts'
import { demo } from './demo.ts'
import { EXIT, type ExitCode, UNREACHABLE } from './exit-codes.ts'
import { get } from './get.ts'
import { join } from './join.ts'
import { mode } from './mode.ts'
import { flagOf, type OptionSources, type OptionSpec, resolveOptions, textOption } from './options.ts'
import { Output, type Terminal } from './output.ts'
import { choosePalette } from './palette.ts'
import { promote } from './promote.ts'
import { remove } from './remove.ts'
import { scan } from './scan.ts'
import { secret } from './secret.ts'
import { set } from './set.ts'
import { sim } from './sim.ts'
import { start } from './start.ts'
import { status } from './status.ts'

const COMMANDS: readonly Command[] = [
  start,
  demo,
  secret,
  get,
  set,
  del,
  batch,
  scan,
  status,
  mode,
  promote,
  join,
  remove,
  conflicts,
  bench,
]
const GROUPS: readonly CommandGroup[] = [sim]

const CONFIG_OPTION = textOption({ summary: 'JSON file with options, for example {"httpPort": 8401}', placeholder: '<file>' }, null)

const HELP_WIDTH_MAX = 110

const FOOTER = `Every option is also an environment variable (--http-port: SKEIN_HTTP_PORT) and a key of the
JSON file given with --config (httpPort). A flag beats a variable, which beats the file.`

const EXIT_CODES = `Exit codes: 0 done · 1 the answer is no · 2 usage · 3 unreachable · 4 refused`

/** Runs one command line, without the program's own name, and answers the exit code. */
export async function runProgram(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const ran: { name: string; isJson: boolean; code: ExitCode } = { name: '', isJson: false, code: EXIT.done }
  // Only this question loads the server's folder, which takes longer than most commands.
  const version = args.includes('--version') ? (await import('../server/index.ts')).readVersion() : ''
  const program = buildProgram(version, terminal, async (name, command, operands, flags) => {
    ran.name = name
    const json = { json: JSON_OPTION }
    ran.isJson = command.options.json !== undefined && flags.get('json')?.at(-1) === 'true'
    const sources = await gatherSources(flags, terminal)
    ran.isJson = command.options.json !== undefined && resolveOptions(json, sources).json
    ran.code = await command.execute(operands, sources, terminal, ran.isJson)
  })
  try {
    if (args.length === 0) {
      program.outputHelp({ error: true })
      return EXIT.usage
    }
    await program.parseAsync(args, { from: 'user' })
    return ran.code
  } catch (error) {
    if (error instanceof CommanderError) return explainUsage(error, args, new Output(terminal, false))
    return new Output(terminal, ran.isJson).failure(error, hintFor(error, ran.name))
  }
}

/** @param name as it is typed: that of its group first */
type Runner = (name: string, command: Command, operands: readonly string[], flags: ReadonlyMap<string, readonly string[]>) => Promise<void>

function buildProgram(version: string, terminal: Terminal, runner: Runner): CommanderCommand {
  const palette = choosePalette({ isTerminal: terminal.stdout.isTTY === true, environment: terminal.environment })
  const width = Math.min(terminal.stdout.columns ?? HELP_WIDTH_MAX, HELP_WIDTH_MAX)
  const program = new CommanderCommand('skein')
  program
    .description('A key-value store in which every node accepts writes, and all of them agree.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void terminal.stdout.write(text),
      writeErr: (text) => void terminal.stderr.write(text),
      // Failures are written in one place, `explainUsage`.
      outputError: () => undefined,
      getOutHelpWidth: () => width,
      getErrHelpWidth: () => width,
      getOutHasColors: () => true,
      getErrHasColors: () => terminal.stderr.isTTY === true,
    })
    .configureHelp({
      styleTitle: palette.strong,
      styleSubcommandText: palette.name,
      styleOptionText: palette.name,
      styleArgumentText: palette.name,
      subcommandTerm: (command) => [command.name(), ...command.registeredArguments.map(operandForm)].join(' '),
    })
    .version(version, '--version', 'the version of this program')
    .helpOption('--help', 'this text')
    .helpCommand(false)
  for (const command of COMMANDS) attachCommand(program, '', command, palette.strong, runner)
  for (const group of GROUPS) attachGroup(program, group, palette.strong, runner)
  program.addHelpText('after', `\n${FOOTER}\n\n${EXIT_CODES}\n\nskein <command> --help shows a command's options and examples.`)
  return program
}

function attachGroup(program: CommanderCommand, group: CommandGroup, paintTitle: (text: string) => string, runner: Runner): void {
  const attached = program.command(group.name).summary(group.summary).description(`${group.summary}\n\n${group.details}`)
  attached.helpCommand(false).addHelpText('after', `\nskein ${group.name} <command> --help shows a command's options and examples.`)
  for (const command of group.commands) attachCommand(attached, `${group.name} `, command, paintTitle, runner)
}

/** @param path what is typed before the command's own name */
function attachCommand(
  parent: CommanderCommand,
  path: string,
  command: Command,
  paintTitle: (text: string) => string,
  runner: Runner,
): void {
  const attached = parent.command(command.name).summary(command.summary)
  attached.description(command.details === '' ? command.summary : `${command.summary}\n\n${command.details}`)
  for (const operand of command.operands) attached.argument(operand.form, operand.summary)
  const specs = { ...command.options, config: CONFIG_OPTION }
  for (const [name, spec] of Object.entries(specs)) attachOption(attached, name, spec)
  const widest = Math.max(...command.examples.map((example) => example.line.length))
  const examples = command.examples.map(({ line, meaning }) => `  ${line.padEnd(widest)}   ${meaning}`.trimEnd())
  attached.addHelpText('after', `\n${paintTitle('Examples:')}\n${examples.join('\n')}\n\n${FOOTER}`)
  attached.action(() => runner(path + command.name, command, attached.args, givenFlags(attached, Object.keys(specs))))
}

function attachOption(attached: CommanderCommand, name: string, spec: OptionSpec<unknown>): void {
  const flag = flagOf(name)
  const summary = spec.shownFallback === null ? spec.summary : `${spec.summary} (default ${spec.shownFallback})`
  if (spec.placeholder === null) {
    attached.addOption(new Option(flag, summary).hideHelp(spec.isHidden))
    attached.addOption(new Option(flag.replace('--', '--no-')).hideHelp())
    return
  }
  const option = new Option(`${flag} ${valueForm(spec.placeholder)}`, summary).hideHelp(spec.isHidden)
  attached.addOption(option.argParser((text: string, previous: readonly string[] | undefined) => [...(previous ?? []), text]))
}

function valueForm(placeholder: string): string {
  return '<['.includes(placeholder.charAt(0)) ? placeholder : `<${placeholder}>`
}

function operandForm(operand: { readonly name: () => string; readonly required: boolean; readonly variadic: boolean }): string {
  const name = operand.variadic ? `${operand.name()}...` : operand.name()
  return operand.required ? `<${name}>` : `[${name}]`
}

/** The flags of this command line as texts, by option; what was not given is left out. */
function givenFlags(attached: CommanderCommand, names: readonly string[]): Map<string, readonly string[]> {
  const flags = new Map<string, readonly string[]>()
  for (const name of names) {
    const given: unknown = attached.getOptionValue(name)
    if (typeof given === 'boolean') flags.set(name, [String(given)])
    if (Array.isArray(given)) flags.set(name, given.map(String))
  }
  return flags
}

async function gatherSources(flags: ReadonlyMap<string, readonly string[]>, terminal: Terminal): Promise<OptionSources> {
  const { environment } = terminal
  const { config } = resolveOptions({ config: CONFIG_OPTION }, { flags, environment, file: new Map() })
  const file = config === null ? new Map<string, readonly string[]>() : await readConfigFile(config, knownOptionNames())
  return { flags, environment, file }
}

function knownOptionNames(): string[] {
  const commands = [...COMMANDS, ...GROUPS.flatMap((group) => group.commands)]
  return [
    ...new Set(commands.flatMap((command) => Object.keys(command.options).filter((name) => command.options[name]?.isHidden === false))),
  ]
}

/** Help and version were written already; everything else is a mistake in the command line. */
function explainUsage(error: CommanderError, args: readonly string[], output: Output): ExitCode {
  if (error.exitCode === 0) return EXIT.done
  // A group without a command: its help is on stderr.
  if (error.code === 'commander.help') return EXIT.usage
  const message = error.message.replace(/^error: /, '').replaceAll('\n', ' ')
  const name = typedName(args)
  const hint = name === undefined ? 'skein --help lists the commands' : `skein ${name} --help shows its operands, options and examples`
  return output.failure(new SkeinError('BAD_REQUEST', message), hint)
}

/** The command that a command line is for, as far as it names one. */
function typedName(args: readonly string[]): string | undefined {
  const group = GROUPS.find(({ name }) => name === args[0])
  if (group === undefined) return COMMANDS.find(({ name }) => name === args[0])?.name
  return group.commands.some(({ name }) => name === args[1]) ? `${group.name} ${args[1]}` : group.name
}

function hintFor(error: unknown, name: string): string | null {
  const { code, details } = toSkeinError(error)
  if (code === 'UNAVAILABLE' && details?.reason === UNREACHABLE) {
    return 'is a node running there? "skein start" runs one, "skein demo" three; --url names other addresses'
  }
  return code === 'BAD_REQUEST' && name !== '' ? `skein ${name} --help shows its operands, options and examples` : null
}
