/** The engine of the Redis protocol: what it takes, in which order it answers, when it holds back. */

import { describe, expect, it } from 'vitest'
import { SkeinError } from '../../../base/index.ts'
import { COMMANDS_PER_SHARE } from '../../../server/tcp/turns.ts'
import { eventually } from '../../support/eventually.ts'
import { command } from './running-resp.ts'
import { MAX_VALUE_BYTES, ScriptedSession } from './scripted-session.ts'

const PENDING_MAX = 1024
const DEADLINE_MS = 5000

describe('answers', () => {
  it('[RESP] leave in the order of the commands, whatever is known first', () => {
    const one = new ScriptedSession()
    one.send('set a 1', 'get b', 'echo hi', 'set c 2')
    expect(one.asked.map(({ request }) => request.kind)).toEqual(['transaction', 'inspect', 'transaction'])
    one.answer(2)
    one.answer(1)
    expect(one.answers()).toBe('')
    one.answer(0)
    expect(one.answers()).toBe('+OK\r\n$-1\r\n$2\r\nhi\r\n+OK\r\n')
  })

  it('[RESP] leave as soon as nothing is before them', () => {
    const one = new ScriptedSession()
    one.send('get a', 'get b', 'get c')
    one.answer(1)
    one.answer(0)
    expect(one.answers()).toBe('$-1\r\n$-1\r\n')
    one.send('echo x')
    expect(one.answers()).toBe('')
    one.answer(2)
    expect(one.answers()).toBe('$-1\r\n$1\r\nx\r\n')
  })

  it('[RESP] are written in the version that was spoken when the command came', () => {
    const one = new ScriptedSession()
    one.send('get a', 'resp3', 'get b')
    one.answer(1)
    one.answer(0)
    expect(one.answers()).toBe('$-1\r\n+OK\r\n_\r\n')
  })

  it('[RESP] are kept back where the client wants none', () => {
    const one = new ScriptedSession()
    one.send('replies OFF', 'echo a', 'fail', 'replies ON', 'echo b', 'replies SKIP', 'echo c', 'echo d')
    expect(one.answers()).toBe('+OK\r\n$1\r\nb\r\n$1\r\nd\r\n')
  })

  it('[RESP] that are skipped keep their place until they are known', () => {
    const one = new ScriptedSession()
    one.send('set a 1', 'replies SKIP', 'set b 2', 'echo c')
    one.answer(0)
    expect(one.answers()).toBe('+OK\r\n')
    one.answer(1)
    expect(one.answers()).toBe('$1\r\nc\r\n')
  })

  it.each<[error: SkeinError, text: string]>([
    [new SkeinError('DISK_FULL', 'the disk is full: free some'), 'DISK_FULL the disk is full: free some'],
    [new SkeinError('UNAVAILABLE', 'still reading', { details: { recovering: null } }), 'LOADING still reading'],
    [new SkeinError('UNAVAILABLE', 'too many writes'), 'UNAVAILABLE too many writes'],
    [new SkeinError('REMOVED', 'ask another'), 'READONLY REMOVED: ask another'],
    [new SkeinError('UNAVAILABLE', 'stop one', { details: { reason: 'NAME_IN_USE' } }), 'READONLY NAME_IN_USE: stop one'],
    [new SkeinError('NOT_LEADER', 'n2 leads', { details: { leader: 'n2' } }), 'READONLY NOT_LEADER: n2 leads'],
    [new SkeinError('NO_QUORUM', 'nobody leads'), 'CLUSTERDOWN NO_QUORUM: nobody leads'],
    [new SkeinError('CLOCK_SKEW', 'the clock is ahead'), 'READONLY CLOCK_SKEW: the clock is ahead'],
    [new SkeinError('BAD_REQUEST', 'two\r\nlines – and more'), 'ERR two  lines \xe2\x80\x93 and more'],
  ])('[RESP] to a failure of the core begin with a word that clients know: %s', (error, text) => {
    const one = new ScriptedSession()
    one.send('set a 1')
    one.asked[0]?.answer({ kind: 'failed', error })
    expect(one.answers()).toBe(`-${text}\r\n`)
  })
})

describe('refusals', () => {
  it.each([
    ['nope', "-ERR unknown command 'nope', with args beginning with: \r\n"],
    ['nope a "b c"', "-ERR unknown command 'nope', with args beginning with: 'a' 'b c' \r\n"],
    ['GET', "-ERR wrong number of arguments for 'get' command\r\n"],
    ['get a b', "-ERR wrong number of arguments for 'get' command\r\n"],
    [`get ${'x'.repeat(1025)}`, '-TOO_LARGE the key has 1025 bytes: a key has 1 to 1024 bytes\r\n'],
    ['get ""', '-ERR the key is empty: a key has 1 to 1024 bytes\r\n'],
    ['exec', '-ERR EXEC without MULTI\r\n'],
  ])('[RESP] of %j, and the connection goes on', (line, answer) => {
    const one = new ScriptedSession()
    one.send(line, 'echo on')
    expect(one.answers()).toBe(`${answer}$2\r\non\r\n`)
  })

  it('[RESP] of an unknown command repeat only the beginning of what was sent', () => {
    const one = new ScriptedSession()
    one.send(`${'n'.repeat(200)} ${'a'.repeat(200)} b`)
    expect(one.answers()).toBe(`-ERR unknown command '${'n'.repeat(128)}', with args beginning with: '${'a'.repeat(128)}' \r\n`)
  })

  it('[RESP] of a value that is too large come in their place', () => {
    const one = new ScriptedSession()
    one.sendRaw(command('SET', 'a', '1') + command('SET', 'b', 'x'.repeat(MAX_VALUE_BYTES + 1)) + command('ECHO', 'on'))
    expect(one.answers()).toBe('')
    one.answer(0)
    expect(one.answers()).toMatch(/^\+OK\r\n-TOO_LARGE a word has 65537 bytes[^\r]*\r\n\$2\r\non\r\n$/)
  })

  it('[RESP] of what is no protocol end the connection, once what came before is answered', () => {
    const one = new ScriptedSession()
    one.send('set a 1', '*x', 'set b 2')
    expect([one.answers(), one.wire.ending, one.asked.length]).toEqual(['', 'open', 1])
    one.answer(0)
    expect([one.answers(), one.wire.ending]).toEqual(['+OK\r\n-ERR Protocol error: invalid multibulk length\r\n', 'ended'])
    one.send('set c 3')
    expect(one.asked.length).toBe(1)
  })

  it.each(['POST /set HTTP/1.1', 'Host: localhost'])('[RESP] of HTTP say nothing and end the connection at once: %s', (line) => {
    const one = new ScriptedSession()
    one.send(line, 'set a 1')
    expect([one.answers(), one.wire.ending, one.asked.length]).toEqual(['', 'destroyed', 0])
  })
})

describe('the end', () => {
  it('[RESP] QUIT is answered after what came before it, and nothing after it is taken', () => {
    const one = new ScriptedSession()
    one.send('set a 1', 'quit', 'set b 2')
    expect([one.answers(), one.wire.ending]).toEqual(['', 'open'])
    one.answer(0)
    expect([one.answers(), one.wire.ending, one.asked.length]).toEqual(['+OK\r\n+OK\r\n', 'ended', 1])
  })

  it('[RESP] of what the client sends leaves what it sent to be answered', () => {
    const one = new ScriptedSession()
    one.send('set a 1', 'set b 2')
    one.session.inputEnded()
    one.answer(0)
    expect([one.answers(), one.wire.ending]).toEqual(['+OK\r\n', 'open'])
    one.answer(1)
    expect([one.answers(), one.wire.ending]).toEqual(['+OK\r\n', 'ended'])
  })

  it('[RESP] of the node leaves what was taken to be answered, and takes nothing more', () => {
    const one = new ScriptedSession()
    one.send('set a 1')
    one.session.stop()
    one.send('set b 2')
    one.answer(0)
    expect([one.answers(), one.wire.ending, one.asked.length]).toEqual(['+OK\r\n', 'ended', 1])
  })

  it('[RESP] of an idle connection comes at once', () => {
    const one = new ScriptedSession()
    one.session.stop()
    expect(one.wire.ending).toBe('ended')
  })

  it('[RESP] of the connection withdraws what runs for it, and late answers go nowhere', () => {
    const one = new ScriptedSession()
    one.send('node')
    one.session.closed()
    expect(one.withdrawn).toBe(1)
    one.actions[0]?.('late')
    expect(one.answers()).toBe('')
  })
})

describe('what has to wait', () => {
  it('[RESP] an action on the node begins when all before it is answered, and what follows waits for it', async () => {
    const one = new ScriptedSession()
    one.send('set a 1', 'node', 'set b 2')
    expect([one.actions.length, one.asked.length]).toEqual([0, 1])
    one.answer(0)
    expect([one.actions.length, one.asked.length]).toEqual([1, 1])
    one.actions[0]?.('done')
    expect(one.answers()).toBe('+OK\r\n$4\r\ndone\r\n')
    await eventually(() => one.asked.length === 2, DEADLINE_MS)
    one.answer(1)
    expect(one.answers()).toBe('+OK\r\n')
    expect(one.wire.isPaused).toBe(false)
  })

  it('[RESP] EXEC knows what was watched before it', async () => {
    const one = new ScriptedSession()
    one.send('watch a', 'multi', 'set a 1', 'exec')
    expect(one.asked.length).toBe(1)
    one.answer(0)
    await eventually(() => one.asked.length === 2, DEADLINE_MS)
    one.answer(1)
    expect(one.answers()).toBe('+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n')
  })

  it('[RESP] takes no more than a share of a long pipeline at once', async () => {
    const one = new ScriptedSession()
    one.send(...Array.from({ length: 2 * COMMANDS_PER_SHARE + 1 }, () => 'echo x'))
    expect(one.answers().length).toBe(COMMANDS_PER_SHARE * 7)
    expect(one.wire.isPaused).toBe(true)
    await eventually(() => !one.wire.isPaused, DEADLINE_MS)
    expect(one.answers().length).toBe((COMMANDS_PER_SHARE + 1) * 7)
  })

  it('[RESP] carries out one command a turn that takes its time', async () => {
    const one = new ScriptedSession()
    one.send('echo a', 'long a', 'long b', 'echo b')
    expect([one.asked.length, one.wire.isPaused]).toEqual([1, true])
    await eventually(() => one.asked.length === 2, DEADLINE_MS)
    one.answer(0)
    one.answer(1)
    await eventually(() => one.wire.text.endsWith('b\r\n'), DEADLINE_MS)
    expect([one.answers(), one.wire.isPaused]).toEqual(['$1\r\na\r\n$-1\r\n$-1\r\n$1\r\nb\r\n', false])
  })

  it('[RESP] takes no more commands while many are under way, and goes on when there is room', async () => {
    const one = new ScriptedSession()
    const count = PENDING_MAX + 10
    one.send(...Array.from({ length: count }, () => 'get a'))
    await eventually(() => one.asked.length === PENDING_MAX, DEADLINE_MS)
    expect(one.wire.isPaused).toBe(true)
    for (let i = 0; i < PENDING_MAX; i++) one.answer(i)
    await eventually(() => one.asked.length === count, DEADLINE_MS)
    expect(one.wire.isPaused).toBe(false)
    for (let i = PENDING_MAX; i < count; i++) one.answer(i)
    expect(one.answers()).toBe('$-1\r\n'.repeat(count))
  })

  it('[RESP] takes no more commands while the client leaves its answers unread', async () => {
    const one = new ScriptedSession()
    one.wire.isClogged = true
    one.send('echo a')
    expect([one.answers(), one.wire.isPaused]).toEqual(['', true])
    one.wire.isClogged = false
    one.session.drained()
    await eventually(() => !one.wire.isPaused, DEADLINE_MS)
    expect(one.answers()).toBe('$1\r\na\r\n')
  })

  it('[RESP] leaves answers unmade while the client does not take those before', () => {
    const one = new ScriptedSession()
    one.send('get a', 'get b')
    one.wire.isClogged = true
    one.answer(0)
    one.answer(1)
    one.session.inputEnded()
    expect([one.answers(), one.wire.ending]).toEqual(['', 'open'])
    one.wire.isClogged = false
    one.session.drained()
    expect([one.answers(), one.wire.ending]).toEqual(['$-1\r\n$-1\r\n', 'ended'])
  })

  it('[RESP] goes on reading while an action runs, so that it learns when the client is gone, until something arrives', () => {
    const one = new ScriptedSession()
    one.send('node')
    expect(one.wire.isPaused).toBe(false)
    one.send('echo a')
    expect(one.wire.isPaused).toBe(true)
  })

  it('[RESP] does not wait for ever for a client that has ended its side', () => {
    const one = new ScriptedSession()
    one.send('node')
    expect(one.wire.isExpecting).toBe(false)
    one.session.inputEnded()
    expect(one.wire.isExpecting).toBe(true)
  })

  it('[RESP] counts what is queued and watched as long as it is kept', async () => {
    const one = new ScriptedSession()
    one.send('watch key', 'multi', 'set a 12345', 'get abc')
    one.answer(0)
    await eventually(() => one.answers().endsWith('+QUEUED\r\n+QUEUED\r\n'), DEADLINE_MS)
    expect(one.held.bytes).toBe(3 + 6 + 3)
    one.send('exec')
    expect(one.held.bytes).toBe(0)
    one.send('multi', 'set a 12345')
    expect(one.held.bytes).toBe(6)
    one.session.closed()
    expect(one.held.bytes).toBe(0)
  })

  it('[RESP] counts a key once, however often it is watched', async () => {
    const one = new ScriptedSession()
    for (let i = 0; i < 3; i++) {
      one.send('watch key')
      await eventually(() => one.asked.length > i, DEADLINE_MS)
      one.answer(i)
    }
    expect(one.held.bytes).toBe(3)
  })

  it('[RESP] takes no more commands while long answers wait for one before them', () => {
    const one = new ScriptedSession()
    one.send('set a 1')
    for (let i = 0; i < 200; i++) one.sendRaw(command('echo', 'x'.repeat(MAX_VALUE_BYTES)))
    expect(one.wire.isPaused).toBe(true)
  })

  it('[RESP] expects the client to go on only in the middle of a command', () => {
    const one = new ScriptedSession()
    one.sendRaw('*2\r\n$4\r\nec')
    expect(one.wire.isExpecting).toBe(true)
    one.sendRaw('ho\r\n$1\r\na\r\n')
    expect([one.answers(), one.wire.isExpecting]).toEqual(['$1\r\na\r\n', false])
  })
})

describe('transactions', () => {
  it('[RESP] are one request, answered as one array', () => {
    const one = new ScriptedSession()
    one.send('multi', 'set a 1', 'get a', 'append a 2', 'echo x', 'fail', 'exec')
    expect(one.asked.map(({ request }) => request.kind)).toEqual(['procedure'])
    one.answer(0)
    expect(one.answers()).toBe(`+OK\r\n${'+QUEUED\r\n'.repeat(5)}*5\r\n+OK\r\n$-1\r\n:1\r\n$1\r\nx\r\n-ERR as told\r\n`)
  })

  it('[RESP] that write nothing are a read', () => {
    const one = new ScriptedSession()
    one.send('multi', 'get a', 'exec', 'multi', 'exec')
    expect(one.asked.map(({ request }) => request.kind)).toEqual(['inspect', 'inspect'])
    one.answer(0)
    one.answer(1)
    expect(one.answers()).toBe('+OK\r\n+QUEUED\r\n*1\r\n$-1\r\n+OK\r\n*0\r\n')
  })

  it.each([
    ['an unknown command', 'nope', "-ERR unknown command 'nope', with args beginning with: \r\n"],
    ['a wrong number of words', 'get', "-ERR wrong number of arguments for 'get' command\r\n"],
    ['a command that takes its time', 'long a', '-ERR Command not allowed inside a transaction\r\n'],
    ['a command that asks the node', 'node', '-ERR Command not allowed inside a transaction\r\n'],
  ])('[RESP] are given up for %s', (_what, line, answer) => {
    const one = new ScriptedSession()
    one.send('multi', 'set a 1', line, 'exec', 'echo on')
    expect(one.asked).toEqual([])
    const refusal = '-EXECABORT Transaction discarded because of previous errors.\r\n'
    expect(one.answers()).toBe(`+OK\r\n+QUEUED\r\n${answer}${refusal}$2\r\non\r\n`)
  })

  it.each([
    ['what they write', ['set', 'a']],
    ['what they answer', ['echo']],
  ])('[RESP] have a bound for %s', (_what, words) => {
    const one = new ScriptedSession()
    one.send('multi')
    const value = 'x'.repeat(MAX_VALUE_BYTES)
    for (let i = 0; i < 64; i++) one.sendRaw(command(...words, value))
    one.send('exec')
    expect(one.answers()).toMatch(/-TOO_LARGE a transaction has at most 10000 commands and 4194304 bytes: split it\r\n-EXECABORT /)
  })

  it('[RESP] what they change about the connection holds for what follows', () => {
    const one = new ScriptedSession()
    one.send('multi', 'resp3', 'exec', 'get a')
    expect(one.asked.length).toBe(1)
    one.answer(0)
    expect(one.answers()).toBe('+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n')
  })
})
