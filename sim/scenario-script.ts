/**
 * Scenarios by hand: what is done to a cluster and what it must answer, as text. A line is a
 * command; what it prints stands below it, indented by four spaces. The same file runs in the
 * simulator and against real processes, so no answer may depend on how fast things are: what is
 * not settled yet is waited for (`converged`), and writes whose order in time matters are set
 * apart (`elapse`).
 *
 *     nodes n1 n2 n3           start a cluster in which everybody reaches everybody
 *     set n1 key value · del n1 key · get n1 key
 *     batch n1 a=1 b=-         one transaction; "-" deletes
 *     conflicts n1 key         each conflict with the rule that decided
 *     cut n1 | n2 n3           nothing passes between the two sides, both ways
 *     heal                     every cut ends
 *     kill n2 · stop n2        kill -9, and an orderly stop; returns when it is down
 *     start n2                 returns when it serves
 *     elapse 10ms              the clocks of all nodes move on by at least this
 *     converged [n1 n2]        wait until these nodes (or all that are up) hold the same
 *
 * Lines that start with `#` are comments; the first one is the title. Writers are printed as
 * `n1#1`: the first log of n1 that the scenario saw. The commands are those of the protocol's
 * transcripts, without the ones that reach inside a node.
 */

import { parseDuration, SkeinError, type WriterId } from '../base/index.ts'
import { type Dot, parseDot } from '../crdt/index.ts'

export interface ScenarioOperation {
  readonly key: string
  /** Null deletes. */
  readonly value: string | null
}

export type ScenarioStep =
  | { readonly kind: 'nodes'; readonly count: number }
  | { readonly kind: 'write'; readonly node: number; readonly operations: readonly ScenarioOperation[] }
  | { readonly kind: 'get' | 'conflicts'; readonly node: number; readonly key: string }
  | { readonly kind: 'cut'; readonly left: readonly number[]; readonly right: readonly number[] }
  | { readonly kind: 'heal' }
  | { readonly kind: 'kill' | 'stop' | 'start'; readonly node: number }
  | { readonly kind: 'elapse'; readonly ms: number }
  /** Empty: all that are up. */
  | { readonly kind: 'converged'; readonly nodes: readonly number[] }

/** A value with its version, as text such as `n1.0a1b2c3d:17`. */
export interface ScenarioVersion {
  /** Null: deleted. */
  readonly value: string | null
  readonly version: string
}

/** What a step gave, in words that both worlds share. */
export type ScenarioAnswer =
  | { readonly kind: 'done' }
  | { readonly kind: 'committed'; readonly version: string | null; readonly deleted: number }
  | { readonly kind: 'value'; readonly found: ScenarioVersion | null }
  | {
      readonly kind: 'conflicts'
      readonly conflicts: readonly { readonly winner: ScenarioVersion; readonly loser: ScenarioVersion; readonly rule: string }[]
    }
  | { readonly kind: 'equal'; readonly nodes: readonly number[] }
  | { readonly kind: 'failed'; readonly code: string }

export interface ScenarioCommand {
  /** Number of its line, from 1. */
  readonly line: number
  readonly text: string
  readonly step: ScenarioStep
  readonly expected: readonly string[]
}

export interface ScenarioScript {
  readonly title: string
  readonly commands: readonly ScenarioCommand[]
  /** All lines but the expectations, with the command that each is, if it is one. */
  readonly lines: readonly { readonly text: string; readonly command: ScenarioCommand | null }[]
}

export interface ScenarioMismatch {
  readonly line: number
  readonly command: string
  readonly expected: readonly string[]
  readonly actual: readonly string[]
}

export interface ScenarioOutcome {
  readonly title: string
  readonly passed: boolean
  readonly mismatches: readonly ScenarioMismatch[]
  /** The scenario as it would be written now. */
  readonly text: string
}

export const SCENARIO_NODES_MAX = 9
/** Of a file, in characters. */
export const SCENARIO_LENGTH_MAX = 256 * 1024
const INDENT = '    '

/** @throws BAD_REQUEST with the line that is wrong, or if nothing in it can fail */
export function parseScenario(text: string): ScenarioScript {
  if (text.length > SCENARIO_LENGTH_MAX) {
    throw new SkeinError('BAD_REQUEST', `the scenario has ${text.length} characters: cut it into files of at most ${SCENARIO_LENGTH_MAX}`)
  }
  const all = text.split('\n')
  const lines: { text: string; command: ScenarioCommand | null }[] = []
  let nodes = 0
  for (const [index, line] of all.entries()) {
    if (line.startsWith(INDENT)) {
      // What stands below a comment or nothing would never be looked at.
      const isExpectation = lines.at(-1)?.command !== null && lines.length > 0
      if (isExpectation) continue
      throw new SkeinError(
        'BAD_REQUEST',
        `line ${index + 1} of the scenario (${line.trim()}): an expectation stands directly below its command`,
      )
    }
    if (line.trim() === '' || line.startsWith('#')) {
      lines.push({ text: line, command: null })
      continue
    }
    const step = new LineParser(line, index + 1, nodes).parse()
    if (step.kind === 'nodes') nodes = step.count
    lines.push({ text: line, command: { line: index + 1, text: line, step, expected: expectationAfter(all, index) } })
  }
  const commands = lines.flatMap(({ command }) => command ?? [])
  if (!commands.some(({ step }) => isTelling(step))) {
    throw new SkeinError(
      'BAD_REQUEST',
      'the scenario checks nothing: add commands that print, such as `get n1 color` or `converged`, and what they should',
    )
  }
  const title = all[0]?.startsWith('# ') === true ? all[0].slice(2) : 'a scenario'
  return { title, lines, commands }
}

/** True of a command that prints what it found; the others pass whatever happens. */
function isTelling({ kind }: ScenarioStep): boolean {
  return kind === 'write' || kind === 'get' || kind === 'conflicts' || kind === 'converged'
}

/** Compares what the commands printed, in their order, with what stands in the script. */
export function judgeScenario({ title, lines }: ScenarioScript, printed: readonly (readonly string[])[]): ScenarioOutcome {
  const mismatches: ScenarioMismatch[] = []
  const written: string[] = []
  let number = 0
  for (const { text, command } of lines) {
    written.push(text)
    if (command === null) continue
    const actual = printed[number] ?? []
    number += 1
    for (const output of actual) written.push(INDENT + output)
    if (actual.join('\n') !== command.expected.join('\n')) {
      mismatches.push({ line: command.line, command: command.text, expected: command.expected, actual })
    }
  }
  return { title, passed: mismatches.length === 0, mismatches, text: written.join('\n') }
}

/** Prints answers, with writers as aliases in the order in which they appear. */
export class ScenarioPrinter {
  readonly #aliases = new Map<WriterId, string>()

  print(step: ScenarioStep, answer: ScenarioAnswer): string[] {
    switch (answer.kind) {
      case 'done':
        return []
      case 'committed': {
        const version = answer.version === null ? 'nothing to write' : this.#version(answer.version)
        return [`ok ${version}${answer.deleted > 0 ? ` deleted ${answer.deleted}` : ''}`]
      }
      case 'value':
        return [answer.found === null ? '(absent)' : this.#found(answer.found)]
      case 'conflicts': {
        const key = step.kind === 'conflicts' ? step.key : ''
        return answer.conflicts.map(({ winner, loser, rule }) => `${key}: ${this.#found(winner)} beat ${this.#found(loser)} by ${rule}`)
      }
      case 'equal':
        return [`equal on ${answer.nodes.map(nameOf).join(' ')}`]
      case 'failed':
        return [answer.code]
    }
  }

  #found({ value, version }: ScenarioVersion): string {
    return `${value ?? '(deleted)'} @${this.#version(version)}`
  }

  #version(text: string): string {
    const dot = parseDot(text)
    return dot === null ? text : `${this.#alias(dot)}:${dot.sequence}`
  }

  #alias({ writer }: Dot): string {
    const known = this.#aliases.get(writer)
    if (known !== undefined) return known
    const node = writer.slice(0, writer.lastIndexOf('.'))
    const count = [...this.#aliases.keys()].filter((other) => other.startsWith(`${node}.`)).length
    const alias = `${node}#${count + 1}`
    this.#aliases.set(writer, alias)
    return alias
  }
}

/** n1, n2, … */
export function nameOf(node: number): string {
  return `n${node + 1}`
}

function expectationAfter(lines: readonly string[], index: number): readonly string[] {
  let end = index + 1
  while (lines[end]?.startsWith(INDENT) === true) end += 1
  return lines.slice(index + 1, end).map((line) => line.slice(INDENT.length))
}

class LineParser {
  readonly #line: string
  readonly #number: number
  /** Of the cluster; 0 before it is started. */
  readonly #nodes: number

  constructor(line: string, number: number, nodes: number) {
    this.#line = line
    this.#number = number
    this.#nodes = nodes
  }

  parse(): ScenarioStep {
    const [command = '', ...words] = this.#line.split(' ').filter((word) => word !== '')
    if (command === 'nodes') return this.#parseNodes(words)
    if (this.#nodes === 0) throw this.#wrong('a scenario begins with a line such as `nodes n1 n2 n3`')
    const [first = '', key = '', value] = words
    switch (command) {
      case 'set':
        if (value === undefined || words.length > 3) throw this.#wrong('a write is `set NODE KEY VALUE`, in one word each')
        return { kind: 'write', node: this.#node(first), operations: [{ key, value }] }
      case 'del':
        return { kind: 'write', node: this.#node(first), operations: [{ key: this.#key(words), value: null }] }
      case 'batch':
        return { kind: 'write', node: this.#node(first), operations: words.slice(1).map((word) => this.#operation(word)) }
      case 'get':
      case 'conflicts':
        return { kind: command, node: this.#node(first), key: this.#key(words) }
      case 'cut':
        return this.#parseCut(words)
      case 'heal':
        return { kind: 'heal' }
      case 'kill':
      case 'stop':
      case 'start':
        return { kind: command, node: this.#node(first) }
      case 'elapse':
        return { kind: 'elapse', ms: parseDuration(first, 'time') }
      case 'converged':
        return { kind: 'converged', nodes: words.map((word) => this.#node(word)) }
      default:
        throw this.#wrong(
          `there is no command ${JSON.stringify(command)}: use nodes, set, del, batch, get, conflicts, cut, heal, kill, stop, start, elapse or converged`,
        )
    }
  }

  #parseNodes(names: readonly string[]): ScenarioStep {
    if (this.#nodes > 0) throw this.#wrong('a scenario has one cluster')
    if (names.length < 1 || names.length > SCENARIO_NODES_MAX || names.some((name, index) => name !== nameOf(index))) {
      throw this.#wrong(`the nodes are n1, n2, … in their order, at most ${SCENARIO_NODES_MAX}`)
    }
    return { kind: 'nodes', count: names.length }
  }

  #parseCut(words: readonly string[]): ScenarioStep {
    const bar = words.indexOf('|')
    const [left, right] = [words.slice(0, bar), words.slice(bar + 1)].map((side) => side.map((word) => this.#node(word)))
    if (bar < 1 || left === undefined || right === undefined || right.length === 0) throw this.#wrong('a cut is `cut n1 | n2 n3`')
    if (left.some((node) => right.includes(node))) throw this.#wrong('a node is on one side of a cut')
    return { kind: 'cut', left, right }
  }

  #operation(word: string): ScenarioOperation {
    const equals = word.indexOf('=')
    if (equals < 1) throw this.#wrong('an operation of a batch is KEY=VALUE, or KEY=- to delete')
    const value = word.slice(equals + 1)
    return { key: word.slice(0, equals), value: value === '-' ? null : value }
  }

  #key(words: readonly string[]): string {
    const [, key] = words
    if (key === undefined || words.length > 2) throw this.#wrong('it takes a node and a key, in one word each')
    return key
  }

  #node(name: string): number {
    for (let node = 0; node < this.#nodes; node++) if (name === nameOf(node)) return node
    throw this.#wrong(`there is no node ${JSON.stringify(name)}: the cluster has n1 to ${nameOf(this.#nodes - 1)}`)
  }

  #wrong(reason: string): SkeinError {
    return new SkeinError('BAD_REQUEST', `line ${this.#number} of the scenario (${this.#line}): ${reason}`)
  }
}
