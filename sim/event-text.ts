/**
 * What happened, in words: one line an event, for people who read a failing run. Nodes are called
 * as they call themselves, n1 and up; keys and values are shortened, and quoted where they hold
 * more than printable characters.
 */

import { type Key, unreachable } from '../base/index.ts'
import type { ChainBlock, ChainPlace, Change, Entry, Operation, Reply, Request, Transaction } from '../core/index.ts'
import { formatDot, type ReadonlyVersionVector, type Value } from '../crdt/index.ts'
import type { Direction, Fault, NodeIndex } from './fault.ts'
import type { Happening, Standing } from './trace.ts'

const TEXT_LENGTH_MAX = 24
const LISTED_MAX = 4

export function nodeText(node: NodeIndex): string {
  return `n${node + 1}`
}

/** `12.345 s` */
export function timeText(atMs: number): string {
  return `${(atMs / 1000).toFixed(3)} s`
}

export function keyText(key: Key): string {
  return shortened(key)
}

export function valueText(value: Value | null): string {
  if (value === null) return '(deleted)'
  return value.data.length > TEXT_LENGTH_MAX ? `${shortened(value.data)} (${value.data.length} bytes)` : shortened(value.data)
}

export function happeningText(happening: Happening): string {
  switch (happening.kind) {
    case 'started':
      return `${nodeText(happening.node)} starts, for the ${ordinal(happening.life)} time`
    case 'recovered':
      return `${nodeText(happening.node)} has read all that is on its disk, and serves`
    case 'stopped':
      return `${nodeText(happening.node)} ${stopText(happening.cause)}${happening.failure === null ? '' : `: ${happening.failure.message}`}`
    case 'sealed':
      return sealedText(happening.node, happening.entry)
    case 'chain-sealed':
      return `${nodeText(happening.node)} seals block ${happening.index} of ${happening.writer}: ${chainBlockText(happening.block)}`
    case 'chain':
      return `${nodeText(happening.node)} ${standingText(happening.standing)}`
    case 'persisted':
      return `${nodeText(happening.node)}: what it sealed last is durable`
    case 'appended':
      return `${nodeText(happening.node)} puts block ${span(happening.index, happening.blocks)} of ${happening.writer} into its log`
    case 'applied':
      return `${nodeText(happening.node)} has applied ${listed([...happening.frontier.entries()], ([writer, sequence]) => `${writer}:${sequence}`)}`
    case 'room':
      return `${nodeText(happening.node)} finds its disk ${happening.hasRoom ? 'with room again' : 'full'}`
    case 'log-failed':
      return `${nodeText(happening.node)} takes ${happening.writer} out of service, ${happening.failure.kind}: ${happening.failure.reason}`
    case 'sent':
      return `${nodeText(happening.from)} sends ${nodeText(happening.to)} ${contentText(happening.content)} (#${happening.id})`
    case 'delivered':
      return `#${happening.id} arrives`
    case 'dropped':
      return `#${happening.id} is lost`
    case 'connected':
      return `${nodeText(happening.left)} and ${nodeText(happening.right)} are connected`
    case 'disconnected':
      return `${nodeText(happening.left)} and ${nodeText(happening.right)} have lost each other`
    case 'refused':
      return `${nodeText(happening.by)} refuses ${nodeText(happening.node)}: it knows another directory under that name`
    case 'invoked':
      return `client ${happening.client} asks ${nodeText(happening.node)}: ${requestText(happening.request)}`
    case 'answered':
      return `${nodeText(happening.node)} answers client ${happening.client}: ${replyText(happening.reply)}`
    case 'unknown':
      return `client ${happening.client} hears nothing from ${nodeText(happening.node)}: the outcome is unknown`
    case 'fault-began':
      return faultText(happening.fault)
    case 'fault-ended':
      return `over: ${faultText(happening.fault)}`
    case 'disk-replaced':
      return `the disk of ${nodeText(happening.node)} is ${happening.by === 'wipe' ? 'empty' : 'put back to an older state'}`
    case 'phase':
      return phaseText(happening.phase)
    default:
      return unreachable(happening)
  }
}

export function sealedText(node: NodeIndex, { writer, transactions }: Entry): string {
  return `${nodeText(node)} seals ${listed(transactions, (transaction) => transactionText(writer, transaction))}`
}

function chainBlockText(block: ChainBlock): string {
  switch (block.kind) {
    case 'header': {
      const { epoch, chain } = block.header
      const after = chain.follows === null ? 'nothing' : placeText(chain.follows)
      const adopted = chain.leadership === null ? '' : `, adopting ${vectorText(chain.leadership.adopts)}`
      return `the header of epoch ${epoch}, after ${after}${adopted}`
    }
    case 'entry':
      return 'an entry'
    case 'adopt':
      return `it adopts ${vectorText(block.adopts)}`
    case 'end':
      return 'the end of its epoch'
    case 'voters':
      return `voters are ${block.voters.map(({ node, directory }) => `${node} ${directory === null ? 'with no directory' : directory.slice(0, 4)}`).join(', ')}`
    case 'expire':
      return `deadlines up to ${block.untilMs} have passed`
    default:
      return unreachable(block)
  }
}

function standingText({ role, epoch, promised, position, committed, applied }: Standing): string {
  const held = `holds ${position.length} of epoch ${position.epoch}`
  return `is ${role} in epoch ${epoch}, promised ${promised}; ${held}, committed ${placeText(committed)}, applied ${placeText(applied)}`
}

function placeText(place: ChainPlace | null): string {
  return place === null ? 'nothing' : `${place.length} of ${place.writer} (epoch ${place.epoch})`
}

function vectorText(vector: ReadonlyVersionVector): string {
  return vector.size === 0 ? 'nothing' : listed([...vector.entries()], ([writer, sequence]) => `${writer}:${sequence}`)
}

export function faultText(fault: Fault): string {
  switch (fault.kind) {
    case 'partition':
      return `partition (${fault.shape}) for ${durationText(fault.durationMs)}: nothing passes ${listed(fault.directions, directionText)}`
    case 'clog':
      return `clog for ${durationText(fault.durationMs)}: ${directionText(fault.direction)} stands still`
    case 'kill':
      return `kill of ${nodesText(fault.nodes)}${fault.point === null ? '' : ` ${fault.point.when} ${fault.point.what}`}, down for ${durationText(fault.downMs)}`
    case 'power':
      return `power loss at ${nodesText(fault.nodes)}, down for ${durationText(fault.downMs)}`
    case 'stop':
      return `${nodesText(fault.nodes)} told to stop, down for ${durationText(fault.downMs)}`
    case 'pause':
      return `${nodeText(fault.node)} stands still for ${durationText(fault.durationMs)}`
    case 'disk-slow':
      return `the disk of ${nodeText(fault.node)} is ${fault.factor} times slower for ${durationText(fault.durationMs)}`
    case 'disk-full':
      return `the disk of ${nodeText(fault.node)} is full but for ${fault.roomBytes} bytes, for ${durationText(fault.durationMs)}`
    case 'write-error':
      return `the next durable write or sync of ${nodesText(fault.nodes)} fails`
    case 'wipe':
      return `wipe of ${nodesText(fault.nodes)}: an empty directory after ${durationText(fault.downMs)}`
    case 'restore':
      return `restore of ${nodesText(fault.nodes)}: the directory of ${durationText(fault.ageMs)} before, after ${durationText(fault.downMs)}`
    case 'logs-rollback':
      return `logs of ${nodesText(fault.nodes)} rolled back by ${durationText(fault.ageMs)}, the journal not`
    case 'torn-tail':
      return `torn tail of the journal of ${nodesText(fault.nodes)}, down for ${durationText(fault.downMs)}`
    case 'clock-step':
      return `the clock of ${nodeText(fault.node)} jumps by ${durationText(fault.byMs)}`
    case 'clock-drift':
      return `the clock of ${nodeText(fault.node)} runs ${fault.partsPerMillion > 0 ? 'fast' : 'slow'} by ${Math.abs(fault.partsPerMillion)} ppm`
    case 'kill-leader':
      return `kill of whoever leads${fault.point === null ? '' : ` ${fault.point.when} ${fault.point.what}`}, down for ${durationText(fault.downMs)}`
    case 'switch-mode':
      return `an operator asks ${nodeText(fault.node)} for ${fault.mode} mode`
    case 'promote':
      return `an operator asks ${nodeText(fault.node)} to let ${nodeText(fault.target)} lead`
    case 'remove':
      return `an operator asks ${nodeText(fault.node)} to remove ${nodeText(fault.target)}`
    default:
      return unreachable(fault)
  }
}

function stopText(cause: Extract<Happening, { kind: 'stopped' }>['cause']): string {
  switch (cause) {
    case 'kill':
      return 'is killed'
    case 'power':
      return 'loses power'
    case 'stop':
      return 'has closed in order'
    case 'failure':
      return 'stops by itself'
    default:
      return unreachable(cause)
  }
}

function phaseText(phase: Extract<Happening, { kind: 'phase' }>['phase']): string {
  switch (phase) {
    case 'safety':
      return 'the run begins'
    case 'liveness':
      return 'faults stop: from now on the cluster has to answer and to converge'
    case 'settled':
      return 'the cluster has settled, and is compared'
    default:
      return unreachable(phase)
  }
}

function contentText(content: Extract<Happening, { kind: 'sent' }>['content']): string {
  if (content.kind === 'blocks') return `block ${span(content.from, content.count)} of ${content.writer}`
  return `a message of ${content.kind === 'message' ? content.bytes.length : content.bytes} bytes`
}

function transactionText(writer: string, { sequence, changes }: Transaction): string {
  return `${writer}:${sequence} (${listed(changes, changeText)})`
}

function changeText({ key, version }: Change): string {
  return `${keyText(key)} = ${valueText(version.value)}`
}

function requestText(request: Request): string {
  switch (request.kind) {
    case 'get':
      return `get ${keyText(request.key)}${request.session === null ? '' : ', with its session'}`
    case 'scan':
      return `scan, at most ${request.limit} keys`
    case 'transaction': {
      const condition = request.conditions.length === 0 ? '' : ', on a condition'
      const concern = request.concern === 1 ? '' : `, w=${request.concern}`
      return `${listed(request.operations, operationText)}${condition}${concern}`
    }
    case 'inspect':
      return listed(request.inspection.keys, (key) => `look at ${keyText(key)}`)
    case 'procedure':
      return `${listed(request.procedure.keys, (key) => `compute on ${keyText(key)}`)}${request.conditions.length === 0 ? '' : ', on a condition'}`
    case 'copies':
      return `wait until ${request.wanted} nodes hold ${formatDot(request.version)}`
    case 'conflicts':
      return 'list conflicts'
    case 'status':
      return 'status'
    case 'mode':
      return `switch to ${request.mode} mode`
    case 'promote':
      return `make ${request.node} the leader`
    case 'members':
      return request.change === 'join' ? `give ${request.node} a vote` : `remove ${request.node}`
    default:
      return unreachable(request)
  }
}

function operationText(operation: Operation): string {
  switch (operation.kind) {
    case 'set':
      return `set ${keyText(operation.key)} ${valueText(operation.value)}`
    case 'delete':
      return `delete ${keyText(operation.key)}`
    case 'restore':
      return `restore ${formatDot(operation.version)} of ${keyText(operation.key)}`
    default:
      return unreachable(operation)
  }
}

function replyText(reply: Reply): string {
  switch (reply.kind) {
    case 'value':
      return reply.item === null ? 'absent' : `${valueText(reply.item.value)}, version ${formatDot(reply.item.version.dot)}`
    case 'page':
      return `${reply.items.length} keys`
    case 'committed':
      return reply.version === null ? 'done, nothing to write' : `done, version ${formatDot(reply.version)}`
    case 'inspected':
      return 'looked'
    case 'copies':
      return `${reply.nodes} nodes hold it`
    case 'conflicts':
      return `${reply.keys.length} keys with conflicts`
    case 'status':
      return `its status: ${reply.status.state.kind}`
    case 'mode':
      return `${reply.mode} mode, epoch ${reply.epoch}`
    case 'members':
      return `${reply.voters.join(', ')} vote`
    case 'failed':
      return `${reply.error.code}: ${reply.error.message}`
    default:
      return unreachable(reply)
  }
}

function directionText([from, to]: Direction): string {
  return `${nodeText(from)} → ${nodeText(to)}`
}

function nodesText(nodes: readonly NodeIndex[]): string {
  return nodes.map(nodeText).join(', ')
}

/** `250 ms`, `3.2 s` */
export function durationText(ms: number): string {
  return Math.abs(ms) < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}

function span(from: number, count: number): string {
  return count === 1 ? String(from) : `${from} to ${from + count - 1}`
}

function ordinal(count: number): string {
  const names = ['first', 'second', 'third']
  return names[count - 1] ?? `${count}th`
}

function listed<Item>(items: readonly Item[], format: (item: Item) => string): string {
  const shown = items.slice(0, LISTED_MAX).map(format).join(', ')
  return items.length > LISTED_MAX ? `${shown} and ${items.length - LISTED_MAX} more` : shown
}

/** Binary strings come from anywhere: nothing in them may play tricks on a terminal. */
function shortened(binary: string): string {
  const text = binary.length > TEXT_LENGTH_MAX ? `${binary.slice(0, TEXT_LENGTH_MAX)}…` : binary
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x20 || (code >= 0x7f && code <= 0xff)) return quoted(text)
  }
  return text
}

function quoted(text: string): string {
  let result = ''
  for (const character of text) {
    const code = character.charCodeAt(0)
    result += code < 0x20 || (code >= 0x7f && code <= 0xff) ? `\\x${code.toString(16).padStart(2, '0')}` : character
  }
  return `"${result}"`
}
