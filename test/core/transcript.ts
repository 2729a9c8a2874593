/**
 * Transcripts: protocol scenarios as text. A line is a command; what it prints stands below it,
 * indented by four spaces. A changed protocol shows as a changed transcript, to be read and
 * judged in the diff: run the tests with UPDATE_TRANSCRIPTS=1 to rewrite them.
 *
 *     nodes n1 n2 n3 [seed=7] [drift=60s] [drop=1] [requests=9] [mode=leader]   start a cluster; everybody reaches everybody
 *     set n1 key value [w=2] [id=retry] [absent] [if=n1#1:3] [session=name] [ttl=5s]
 *     del n1 key · get n1 key [session=name] [read=linearizable] · scan n1 [prefix=p] [limit=2] [reverse]
 *     batch n1 key=value key2=- …                    one transaction; "-" deletes
 *     restore n1 key n2#1:1 · conflicts n1 key
 *     save n1 name                                   keep the last reply's session as `name`
 *     reply n1                                       the last request's answer, if it has one by now
 *     hold / release                                 durable writes wait / go on
 *     persist n1                                     one durable write
 *     deliver                                        messages and blocks, until nothing moves
 *     elapse 500ms · clock n1 +120s
 *     hold-appends n1 · release-appends n1           what is durable waits for the log store / goes on
 *     cut n1 n2 · withhold n3 n1#1                    (that log's blocks don't reach n3) · heal
 *     crash n1 · restart n1 · forget-logs n1 2       (the log store loses its blocks from 2 on)
 *     mode n1 leader|multi · promote n1 n2 · leading    who leads what, as each node sees it
 *     wipe n1                                        an empty disk for a node that is down
 *     copy n1 · put-back n1                          the disk as it is now; again, while the node is down
 *     fork n2 n1#1                                   that node's log store finds the log forked
 *     digests · frontier n1 · logs n1 · state n1 · peers n1
 *
 * Writers are printed as `n1#1` (the first log that n1 minted), so that a transcript reads.
 */

import { binaryFromText, keyFromText, parseDuration, parseNodeName, present, textFromBinary, type WriterId } from '../../base/index.ts'
import { type Condition, keyRange, type Operation, REQUESTS_MAX_DEFAULT, type Reply } from '../../core/index.ts'
import { type Dot, parseDot, type ReadonlyVersionVector, type Version } from '../../crdt/index.ts'
import { ReplicaCluster, type ReplicaNode } from '../support/replica-cluster.ts'

const INDENT = '    '

/** The transcript as it would be written now. */
export function replayTranscript(text: string): string {
  const session = new TranscriptSession()
  const lines: string[] = []
  for (const line of text.split('\n')) {
    if (line.startsWith(INDENT)) continue
    lines.push(line)
    if (line.trim() === '' || line.startsWith('#')) continue
    for (const output of session.run(line)) lines.push(INDENT + output)
  }
  return lines.join('\n')
}

class TranscriptSession {
  #cluster: ReplicaCluster | null = null
  readonly #sessions = new Map<string, ReadonlyVersionVector>()
  /** Aliases in the order in which writers appeared. */
  readonly #aliases = new Map<WriterId, string>()
  readonly #last = new Map<string, number>()

  run(line: string): string[] {
    const [command = '', ...words] = line.split(' ').filter((word) => word !== '')
    const options = new Map(words.filter((word) => word.includes('=')).map((word) => splitOnce(word, '=')))
    const plain = words.filter((word) => !word.includes('='))
    if (command === 'nodes') return this.#start(plain, options)
    return this.#command(command, plain, options, words)
  }

  #start(names: readonly string[], options: ReadonlyMap<string, string>): string[] {
    this.#cluster = new ReplicaCluster(names, {
      seed: Number(options.get('seed') ?? 1),
      maxClockDriftMs: parseDuration(options.get('drift') ?? '60s', 'drift'),
      dropRateMillionths: Number(options.get('drop') ?? 0) * 1_000_000,
      requestsMax: Number(options.get('requests') ?? REQUESTS_MAX_DEFAULT),
      mode: options.get('mode') === 'leader' ? 'leader' : 'multi',
    })
    return []
  }

  #command(command: string, plain: readonly string[], options: ReadonlyMap<string, string>, words: readonly string[]): string[] {
    const cluster = present(this.#cluster, 'a transcript begins with `nodes`')
    const [name = '', second = ''] = plain
    switch (command) {
      case 'set':
      case 'del':
      case 'batch':
      case 'restore':
        return this.#write(command, name, plain.slice(1), options, words)
      case 'get':
        return this.#ask(
          name,
          (session) => ({ kind: 'get', key: keyFromText(second), consistency: readOf(options), session, timeoutMs: 1000 }),
          options,
        )
      case 'scan': {
        const prefix = options.get('prefix')
        const bounds = { prefix: prefix === undefined ? null : keyFromText(prefix), start: null, end: null, cursor: null }
        const range = keyRange({ ...bounds, reverse: plain.includes('reverse') })
        const limit = Number(options.get('limit') ?? 10)
        return this.#ask(name, (session) => ({ kind: 'scan', range, limit, consistency: 'session', session, timeoutMs: 1000 }), options)
      }
      case 'conflicts':
        return this.#ask(name, () => ({ kind: 'conflicts', key: keyFromText(second), after: null, limit: 10 }), options)
      case 'reply':
        return this.#print(name)
      case 'mode':
        return this.#ask(name, () => ({ kind: 'mode', mode: second === 'leader' ? 'leader' : 'multi', timeoutMs: 5000 }), options)
      case 'promote':
        return this.#ask(name, () => ({ kind: 'promote', node: parseNodeName(second), timeoutMs: 5000 }), options)
      case 'newcomer':
        cluster.join(name)
        return []
      case 'started-with':
        cluster.misconfigure(name, plain.slice(1))
        return []
      case 'join':
      case 'remove':
        return this.#ask(
          name,
          () => ({ kind: 'members', change: command, node: parseNodeName(second), isForced: plain.includes('force'), timeoutMs: 5000 }),
          options,
        )
      case 'wipe':
        cluster.wipeDisk(name)
        return []
      case 'save': {
        const reply = cluster.reply(name, present(this.#last.get(name), 'something was asked'))
        if (reply !== null && 'session' in reply) this.#sessions.set(second, reply.session)
        return []
      }
      case 'hold':
        cluster.isHoldingPersists = true
        return []
      case 'release':
        cluster.isHoldingPersists = false
        cluster.runLocal()
        return []
      case 'persist':
        return cluster.persist(cluster.node(name)) ? [] : ['nothing is in flight']
      case 'hold-appends':
        cluster.node(name).isHoldingAppends = true
        return []
      case 'release-appends':
        cluster.releaseAppends(name)
        return []
      case 'copy':
        cluster.copyDisk(name)
        return []
      case 'put-back':
        cluster.putBackDisk(name)
        return []
      case 'deliver':
        cluster.deliver()
        return []
      case 'elapse':
        cluster.elapse(parseDuration(name, 'time'))
        return []
      case 'clock':
        cluster.node(name).clockOffsetMs = (second.startsWith('-') ? -1 : 1) * parseDuration(second.slice(1), 'offset')
        return []
      case 'cut':
        cluster.cut(name, second)
        return []
      case 'withhold':
        cluster.withhold(name, this.#dotOf(`${second}:1`).writer)
        return []
      case 'fork':
        cluster.fork(name, this.#dotOf(`${second}:1`).writer)
        return []
      case 'heal':
        cluster.heal()
        return []
      case 'crash':
        cluster.crash(name)
        return []
      case 'restart':
        cluster.restart(name)
        return []
      case 'forget-logs':
        for (const [writer, log] of cluster.node(name).disk.logs) {
          if (Number(second) === 0) cluster.node(name).disk.logs.delete(writer)
          else log.blocks.length = Math.min(log.blocks.length, Number(second))
        }
        return []
      default:
        return this.#show(command, name, cluster)
    }
  }

  #write(
    command: string,
    name: string,
    plain: readonly string[],
    options: ReadonlyMap<string, string>,
    words: readonly string[],
  ): string[] {
    const [key = '', value = ''] = plain
    const operations: Operation[] = []
    const ttl = options.get('ttl')
    const ttlMs = ttl === undefined ? null : parseDuration(ttl, 'ttl')
    if (command === 'set') operations.push(setOf(key, value, ttlMs))
    else if (command === 'del') operations.push({ kind: 'delete', key: keyFromText(key) })
    else if (command === 'restore') operations.push({ kind: 'restore', key: keyFromText(key), version: this.#dotOf(value) })
    else {
      for (const word of words.slice(1)) {
        const [target, text] = splitOnce(word, '=')
        operations.push(text === '-' ? { kind: 'delete', key: keyFromText(target) } : setOf(target, text, ttlMs))
      }
    }
    const conditions: Condition[] = []
    if (plain.includes('absent')) conditions.push({ kind: 'absent', key: keyFromText(key) })
    const version = options.get('if')
    if (version !== undefined) conditions.push({ kind: 'version', key: keyFromText(key), version: this.#dotOf(version) })
    const w = options.get('w') ?? '1'
    const concern = w === 'majority' || w === 'all' ? w : Number(w)
    const idempotencyKey = command === 'batch' ? null : (options.get('id') ?? null)
    return this.#ask(
      name,
      (session) => ({ kind: 'transaction', operations, conditions, concern, idempotencyKey, session, timeoutMs: 1000 }),
      options,
    )
  }

  #ask(
    name: string,
    request: (session: ReadonlyVersionVector | null) => Parameters<ReplicaCluster['ask']>[1],
    options: ReadonlyMap<string, string>,
  ): string[] {
    const cluster = present(this.#cluster, 'a transcript begins with `nodes`')
    const session = this.#sessions.get(options.get('session') ?? '') ?? null
    this.#last.set(name, cluster.ask(name, request(session)))
    return this.#print(name)
  }

  #print(name: string): string[] {
    const cluster = present(this.#cluster, 'a transcript begins with `nodes`')
    const reply = cluster.reply(name, present(this.#last.get(name), 'something was asked'))
    return reply === null ? ['(waits)'] : this.#describe(reply)
  }

  #describe(reply: Reply): string[] {
    switch (reply.kind) {
      case 'value':
        return [reply.item === null ? '(absent)' : this.#versionText(reply.item.version)]
      case 'page':
        return [
          ...reply.items.map(({ key, version }) => `${key}: ${this.#versionText(version)}`),
          reply.next === null ? 'end' : `next ${reply.next}`,
        ]
      case 'committed':
        return [
          `ok ${reply.version === null ? 'nothing to write' : this.#dotText(reply.version)}${reply.deleted > 0 ? ` deleted ${reply.deleted}` : ''}`,
        ]
      case 'conflicts':
        return reply.keys.flatMap(({ key, conflicts }) =>
          conflicts.map(({ winner, loser, rule }) => `${key}: ${this.#versionText(winner)} beat ${this.#versionText(loser)} by ${rule}`),
        )
      case 'status':
        return [reply.status.digest]
      case 'mode':
        return [`${reply.mode} mode, epoch ${reply.epoch}, leader ${reply.leader ?? 'none'}`]
      case 'members':
        return [`${reply.voters.join(' ')} vote`]
      case 'inspected':
        return ['looked']
      case 'copies':
        return [`${reply.nodes} nodes`]
      case 'failed':
        return [`${reply.error.code}${reply.error.details === undefined ? '' : ` ${this.#aliased(JSON.stringify(reply.error.details))}`}`]
    }
  }

  #show(command: string, name: string, cluster: ReplicaCluster): string[] {
    const statusOf = (node: ReplicaNode) => node.replica.status(cluster.now(node))
    switch (command) {
      case 'digests': {
        const up = [...cluster.nodes.values()].filter((node) => node.isUp)
        const digests = new Set(up.map((node) => statusOf(node).digest))
        return [digests.size === 1 ? `equal on ${up.map((node) => node.name).join(' ')}` : `${digests.size} different`]
      }
      case 'frontier':
        return [
          [...cluster.node(name).replica.frontier.entries()]
            .map(([writer, sequence]) => `${this.#alias(writer)}:${sequence}`)
            .sort()
            .join(' ') || '(empty)',
        ]
      case 'logs':
        return statusOf(cluster.node(name)).logs.map(
          (log) =>
            `${this.#alias(log.writer)} ${log.state} length ${log.length} applied ${log.applied}${log.waiting > 0 ? ` waiting ${log.waiting}` : ''}${log.reason === null ? '' : ` (${this.#aliased(log.reason)})`}`,
        )
      case 'state': {
        const { state } = statusOf(cluster.node(name))
        return [state.kind === 'read-only' ? `read-only ${state.reason}` : state.kind]
      }
      case 'leading':
        return [...cluster.nodes.values()]
          .filter((node) => node.isUp)
          .map((node) => {
            const { mode, epoch, leader, chain } = statusOf(node)
            const { promised, role, position, committed, applied } = chain
            const places = `holds ${position.epoch}:${position.length}, committed ${placeText(committed)}, applied ${placeText(applied)}`
            return `${node.name} ${role} in ${mode} ${epoch}, promised ${promised}, leader ${leader ?? 'none'}, ${places}`
          })
      case 'peers':
        return statusOf(cluster.node(name)).peers.map((peer) => `${peer.node} ${peer.state} lag ${peer.lag} skew ${peer.clockSkewMs}`)
      default:
        throw new Error(`the transcript has an unknown command: ${command}`)
    }
  }

  #versionText(version: Version): string {
    const value = version.value === null ? '(deleted)' : textFromBinary(version.value.data)
    return `${value} @${this.#dotText(version.dot)}`
  }

  #dotText(dot: Dot): string {
    return `${this.#alias(dot.writer)}:${dot.sequence}`
  }

  #dotOf(text: string): Dot {
    const [alias, sequence] = splitOnce(text, ':')
    for (const [writer, known] of this.#aliases) if (known === alias) return { writer, sequence: Number(sequence) }
    return present(parseDot(text), 'a version is named')
  }

  #alias(writer: WriterId): string {
    const known = this.#aliases.get(writer)
    if (known !== undefined) return known
    const node = writer.slice(0, writer.lastIndexOf('.'))
    const count = [...this.#aliases.keys()].filter((other) => other.startsWith(`${node}.`)).length
    const alias = `${node}#${count + 1}`
    this.#aliases.set(writer, alias)
    return alias
  }

  #aliased(text: string): string {
    let aliased = text
    for (const [writer, alias] of this.#aliases) aliased = aliased.replaceAll(writer, alias)
    return aliased
  }
}

function setOf(key: string, value: string, ttlMs: number | null): Operation {
  return { kind: 'set', key: keyFromText(key), value: { type: 'text', data: binaryFromText(value) }, ttlMs }
}

function readOf(options: ReadonlyMap<string, string>): 'session' | 'linearizable' {
  return options.get('read') === 'linearizable' ? 'linearizable' : 'session'
}

function placeText(place: { readonly epoch: number; readonly length: number } | null): string {
  return place === null ? 'none' : `${place.epoch}:${place.length}`
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}
