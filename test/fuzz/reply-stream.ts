/** A stream of answers of the Redis protocol, cut into the answers: anything that is not well formed is refused. */

/** Nesting of an answer; a client's parser would not go deeper either. */
const DEPTH_MAX = 16

/** Each answer as the text that it is. */
export function readReplies(text: string): string[] {
  const replies: string[] = []
  for (let at = 0; at < text.length; ) {
    const end = endOfReply(text, at, 0)
    replies.push(text.slice(at, end))
    at = end
  }
  return replies
}

function endOfReply(text: string, start: number, depth: number): number {
  if (depth > DEPTH_MAX) throw broken(text, start, 'nests too deep')
  const lineEnd = text.indexOf('\r\n', start)
  const line = text.slice(start + 1, lineEnd)
  if (lineEnd < 0 || line.includes('\n') || line.includes('\r')) throw broken(text, start, 'is no line')
  const next = lineEnd + 2
  switch (text.charAt(start)) {
    case '+':
    case '-':
      return next
    case ':':
    case '(':
      return /^-?\d+$/.test(line) ? next : refuse()
    case ',':
      return line.length > 0 ? next : refuse()
    case '#':
      return line === 't' || line === 'f' ? next : refuse()
    case '_':
      return line === '' ? next : refuse()
    case '$':
    case '=':
    case '!': {
      if (line === '-1') return next
      const end = next + countOf(line)
      return text.slice(end, end + 2) === '\r\n' ? end + 2 : refuse()
    }
    case '*':
    case '~':
    case '>':
      return line === '-1' ? next : endOfItems(countOf(line))
    case '%':
      return endOfItems(2 * countOf(line))
    default:
      return refuse()
  }

  function endOfItems(count: number): number {
    let at = next
    for (let left = count; left > 0; left--) at = endOfReply(text, at, depth + 1)
    return at
  }

  function countOf(digits: string): number {
    return /^\d+$/.test(digits) ? Number(digits) : refuse()
  }

  function refuse(): never {
    throw broken(text, start, 'is no answer')
  }
}

function broken(text: string, at: number, why: string): Error {
  return new Error(`at ${at} ${JSON.stringify(text.slice(at, at + 80))} ${why}`)
}
