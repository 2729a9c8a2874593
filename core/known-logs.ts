/** The logs that are known here, whoever wrote them: where delivery is in each, and which are written no more. */

import { type LogKey, type NodeName, nodeOfWriter, present, type WriterId } from '../base/index.ts'
import { type Cursor, newCursor, timestampOf } from './log-cursor.ts'
import type { AnnouncedLog } from './message.ts'

export class KnownLogs {
  readonly #cursors = new Map<WriterId, Cursor>()
  /** Logs that a later one continues: their node writes them no more. */
  readonly #sealed = new Set<WriterId>()
  /** Own logs of this life that are written no more. */
  readonly #retired = new Set<WriterId>()

  get size(): number {
    return this.#cursors.size
  }

  values(): IterableIterator<Cursor> {
    return this.#cursors.values()
  }

  find(writer: WriterId): Cursor | undefined {
    return this.#cursors.get(writer)
  }

  get(writer: WriterId): Cursor {
    return present(this.#cursors.get(writer), 'every log that is spoken of is known')
  }

  has(writer: WriterId): boolean {
    return this.#cursors.has(writer)
  }

  add(writer: WriterId, key: LogKey | null, phase: Cursor['phase'], localLength: number): Cursor {
    const cursor = newCursor(writer, key, phase, localLength)
    this.#cursors.set(writer, cursor)
    return cursor
  }

  /** A later log of the same node says that it continues this one; null: it continues none. */
  seal(writer: WriterId | null): void {
    if (writer !== null) this.#sealed.add(writer)
  }

  isSealed(writer: WriterId): boolean {
    return this.#sealed.has(writer)
  }

  /** This node writes a log of its own no more. */
  retire(writer: WriterId): void {
    this.#retired.add(writer)
  }

  isRetired(writer: WriterId): boolean {
    return this.#retired.has(writer)
  }

  /** The key under which a writer's log is known, if it is. */
  keyOf(writer: WriterId): LogKey | null {
    return this.#cursors.get(writer)?.key ?? null
  }

  /** The last log that `node` wrote, as far as it is known here. */
  lastLogOf(node: NodeName): WriterId | null {
    let last: Cursor | null = null
    for (const cursor of this.#cursors.values()) {
      if (nodeOfWriter(cursor.writer) !== node || this.#sealed.has(cursor.writer)) continue
      if (last === null || timestampOf(cursor) > timestampOf(last)) last = cursor
    }
    return last?.writer ?? null
  }

  announced(): AnnouncedLog[] {
    const logs: AnnouncedLog[] = []
    for (const { writer, key, failure } of this.#cursors.values()) {
      if (key !== null && failure?.kind !== 'forked') logs.push({ writer, key })
    }
    return logs
  }
}
