/**
 * The faults of a run, as a plan made before it starts: what happens to whom, when, for how long. What
 * operators do to a cluster with a leader is in it as well. A plan is data. So a run can be repeated with one fault taken away, which is how a failure is
 * made small, and a person can write one by hand.
 *
 * Faults that strike all the time (a message's delay, a lost packet, a slow write) are no part of
 * the plan; they are drawn as they come from the probabilities of the `Weather`.
 */

/** A node's position in the cluster, from 0. */
export type NodeIndex = number

/** A direction of a link. */
export type Direction = readonly [from: NodeIndex, to: NodeIndex]

/** How the sides of a partition were drawn; `directions` says what is really cut. */
export const PARTITION_SHAPES = ['halves', 'isolated', 'ring', 'bridge', 'one-way', 'custom'] as const
export type PartitionShape = (typeof PARTITION_SHAPES)[number]

/**
 * Where in its work a process dies: before or after its next step of that kind. `seal` and `apply`
 * are steps of the replica, which leave nothing behind but effects: none of those is carried out any
 * more. The others are effects; `persisted` is between the durability of a write and its replies.
 */
export interface KillPoint {
  readonly when: 'before' | 'after'
  readonly what: KilledWork
}

export const KILLED_WORK = ['seal', 'persist', 'persisted', 'append', 'send', 'apply', 'follow', 'read', 'insert'] as const
export type KilledWork = (typeof KILLED_WORK)[number]

interface Timed {
  /** Virtual milliseconds since the start of the run. */
  readonly atMs: number
}

/** Lasts for a while. */
interface Lasting extends Timed {
  readonly durationMs: number
}

/** Stops processes; they start again after `downMs`. */
interface Stopping extends Timed {
  readonly nodes: readonly NodeIndex[]
  readonly downMs: number
}

export type Fault =
  /** Nothing passes in these directions: connections over them break after the detection time. */
  | (Lasting & { readonly kind: 'partition'; readonly shape: PartitionShape; readonly directions: readonly Direction[] })
  /** What is sent in this direction arrives only after the end, in order. */
  | (Lasting & { readonly kind: 'clog'; readonly direction: Direction })
  /** The process ends; the operating system writes what it had taken. A write in flight may be there whole or not at all. */
  | (Stopping & {
      readonly kind: 'kill'
      /** Null: wherever it is in its work. */
      readonly point: KillPoint | null
    })
  /**
   * The machine loses power: what was not synced is gone, the write in flight is torn. A machine whose
   * process is down loses what that had not synced; it starts when the fault that stopped it says.
   */
  | (Stopping & { readonly kind: 'power' })
  /** The process is told to stop and closes in order (SIGTERM). */
  | (Stopping & { readonly kind: 'stop' })
  /** The process stands still and does not know it. */
  | (Lasting & { readonly kind: 'pause'; readonly node: NodeIndex })
  | (Lasting & { readonly kind: 'disk-slow'; readonly node: NodeIndex; readonly factor: number })
  /**
   * The disk fills up. `roomBytes` is what the journal, and what the logs, can still write: the process
   * finds out before they need more (JR4). It ends with room again; a process that ran out is then started.
   */
  | (Lasting & { readonly kind: 'disk-full'; readonly node: NodeIndex; readonly roomBytes: number })
  /**
   * The journal's next write fails, or the next sync of the logs: the node stops by itself (JR4) and is
   * started again after `downMs`.
   */
  | (Stopping & { readonly kind: 'write-error' })
  /** The directory of a stopped node is empty when it starts again. */
  | (Stopping & { readonly kind: 'wipe' })
  /** The directory is put back as it was `ageMs` before the fault, taken from the running node at one instant. */
  | (Stopping & { readonly kind: 'restore'; readonly ageMs: number })
  /** The store of the logs is put back to an older state while the journal stays. */
  | (Stopping & { readonly kind: 'logs-rollback'; readonly ageMs: number })
  /** A bit of the journal's last frame flips while the node is down: the tail is torn (JR3). */
  | (Stopping & { readonly kind: 'torn-tail' })
  /** The wall clock jumps: a moment, which has no end. */
  | (Timed & { readonly kind: 'clock-step'; readonly node: NodeIndex; readonly byMs: number })
  /** The wall clock runs fast or slow from now on: until it drifts in another way, or all faults end. */
  | (Timed & { readonly kind: 'clock-drift'; readonly node: NodeIndex; readonly partsPerMillion: number })

  /** The process of whoever leads at that moment ends, as with `kill`. */
  | (Timed & { readonly kind: 'kill-leader'; readonly downMs: number; readonly point: KillPoint | null })
  /** An operator asks a node to switch the cluster to a mode (EP4, EP5). */
  | (Timed & { readonly kind: 'switch-mode'; readonly node: NodeIndex; readonly mode: 'multi' | 'leader' })
  /** An operator asks a node to hand the leadership over (LM10). */
  | (Timed & { readonly kind: 'promote'; readonly node: NodeIndex; readonly target: NodeIndex })
  /**
   * An operator asks a node to take another one out of the cluster (MB4). What was taken out runs on until the
   * operator sees it; then it joins anew with an empty directory, and is given a vote (MB2).
   */
  | (Timed & { readonly kind: 'remove'; readonly node: NodeIndex; readonly target: NodeIndex })

export type FaultKind = Fault['kind']

export const FAULT_KINDS = [
  'partition',
  'clog',
  'kill',
  'power',
  'stop',
  'pause',
  'disk-slow',
  'disk-full',
  'write-error',
  'wipe',
  'restore',
  'logs-rollback',
  'torn-tail',
  'clock-step',
  'clock-drift',
  'kill-leader',
  'promote',
  'switch-mode',
  'remove',
] as const satisfies readonly FaultKind[]

/** In the order of their times. */
export type FaultPlan = readonly Fault[]
