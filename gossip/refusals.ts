/**
 * Why connections were refused, counted. The counts are what an operator sees of strangers,
 * mistyped secrets and doubled names; the messages of a connection carry no reason, for the one
 * who was refused has no right to know (the exceptions are a member whose name is in use, and one that was removed).
 */

export const REFUSAL_REASONS = [
  /** It addressed a node that is not here: another secret, or another name than this node's. */
  'wrong-secret',
  /** Its key is not the one derived from the name that it claims (ID2). */
  'wrong-name',
  /** No complete hello within the time for it. */
  'silent',
  /** A hello or a message that can't be decoded. */
  'malformed',
  /** It speaks another version of the protocol: upgrade one of the two nodes. */
  'wrong-version',
  /** A message over the limit, or more than a hello before the hello. */
  'oversized',
  /** Over the number of connections, in total or from one key. */
  'too-many-connections',
  /** Another live process has its name (ID5). */
  'name-in-use',
  /** Its data directory was removed from the cluster (MB4). */
  'removed',
  /** It did not read what was sent to it until the buffer was full. */
  'not-reading',
] as const

export type RefusalReason = (typeof REFUSAL_REASONS)[number]

export class RefusalCounts {
  readonly #counts = new Map<RefusalReason, number>()

  add(reason: RefusalReason): void {
    this.#counts.set(reason, this.count(reason) + 1)
  }

  count(reason: RefusalReason): number {
    return this.#counts.get(reason) ?? 0
  }

  toRecord(): Record<RefusalReason, number> {
    return {
      'wrong-secret': this.count('wrong-secret'),
      'wrong-name': this.count('wrong-name'),
      silent: this.count('silent'),
      malformed: this.count('malformed'),
      'wrong-version': this.count('wrong-version'),
      oversized: this.count('oversized'),
      'too-many-connections': this.count('too-many-connections'),
      'name-in-use': this.count('name-in-use'),
      removed: this.count('removed'),
      'not-reading': this.count('not-reading'),
    }
  }
}
