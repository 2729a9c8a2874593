/**
 * Reads what strace wrote of a process and its threads: which system calls began and ended, in
 * the order in which the kernel reported them. That order is the proof: a thread that waits for a
 * durable write learns of its end only after strace has seen it.
 */

export interface SystemCall {
  readonly name: string
  /** The arguments as strace prints them: quotes and bytes inside strings are escaped. */
  readonly text: string
  /** What the file descriptor in the first place refers to, or null: a path, or `socket:[…]`. */
  readonly target: string | null
  readonly descriptor: number | null
  /** What it returned, or null if the trace ends before. */
  readonly result: string | null
  /** Lines of the trace: a call that began at a smaller line began earlier. */
  readonly beganAt: number
  /** Infinity if the trace ends before it. */
  readonly endedAt: number
}

/** The command that runs a program under strace in the caller's place: the program keeps its process id. */
export function straceCommand(outputFile: string): readonly string[] {
  const calls = 'trace=openat,pwrite64,pwritev,write,writev,sendto,sendmsg'
  return ['strace', '-D', '-f', '--seccomp-bpf', '-qq', '-ttt', '-y', '-s', '65536', '-e', calls, '-e', 'signal=none', '-o', outputFile]
}

const LINE = /^(\d+) +(\d+\.\d+) (.*)$/
const BEGUN = /^(\w+)\((.*?)(?: <unfinished \.\.\.>|\) += (.*))$/s
const RESUMED = /^<\.\.\. (\w+) resumed>.*\) += (.*)$/s
const FIRST_DESCRIPTOR = /^(\d+)<(.*?)>, /

/** The calls of a trace, in the order in which they began. */
export function readSystemCalls(trace: string): readonly SystemCall[] {
  const calls: SystemCall[] = []
  /** By thread: the call that has begun and not ended, as its place in `calls`. */
  const open = new Map<string, number>()
  for (const [at, line] of trace.split('\n').entries()) {
    const [, thread, , rest] = LINE.exec(line) ?? []
    if (thread === undefined || rest === undefined) continue
    const resumed = RESUMED.exec(rest)
    const place = open.get(thread)
    if (resumed !== null && place !== undefined) {
      const begun = calls[place]
      if (begun !== undefined) calls[place] = { ...begun, result: resumed[2] ?? '', endedAt: at }
      open.delete(thread)
      continue
    }
    const [, name, text, result] = BEGUN.exec(rest) ?? []
    if (name === undefined || text === undefined) continue
    const [, descriptor, target] = FIRST_DESCRIPTOR.exec(text) ?? []
    calls.push({
      name,
      text,
      target: target ?? null,
      descriptor: descriptor === undefined ? null : Number(descriptor),
      result: result ?? null,
      beganAt: at,
      endedAt: result === undefined ? Number.POSITIVE_INFINITY : at,
    })
    if (result === undefined) open.set(thread, calls.length - 1)
  }
  return calls
}

/** True if the descriptor that `call` writes to was opened with `flag`, such as `O_DSYNC`. */
export function wasOpenedWith(calls: readonly SystemCall[], call: SystemCall, flag: string): boolean {
  const opening = calls.findLast(
    ({ name, result, endedAt }) =>
      name === 'openat' && endedAt < call.beganAt && result !== null && Number.parseInt(result, 10) === call.descriptor,
  )
  return opening?.text.includes(flag) ?? false
}
