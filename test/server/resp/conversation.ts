/** Commands and answers in turn, over a real connection, with answers as JavaScript values. */

import { type Answer, answerOf, replyAt } from '../../support/resp-replies.ts'
import { command, type RespClient } from './running-resp.ts'

export class Conversation {
  readonly #client: RespClient

  constructor(client: RespClient) {
    this.#client = client
  }

  /** Sends a command and waits for its answer. */
  async ask(...words: readonly string[]): Promise<Answer> {
    const [answer] = await this.askAll([words])
    return answer ?? null
  }

  /** Sends commands in one piece and waits for all their answers. */
  async askAll(commands: readonly (readonly string[])[]): Promise<readonly Answer[]> {
    this.#client.send(commands.map((words) => command(...words)).join(''))
    return (await takeReplies(this.#client, commands.length)).map(answerOf)
  }

  /** A command as one would type it, without quotes. */
  say(line: string): Promise<Answer> {
    return this.ask(...line.split(' '))
  }
}

/** The next answers of a connection, each as its bytes; nothing may follow them. */
export async function takeReplies(client: RespClient, count: number): Promise<readonly string[]> {
  const replies: string[] = []
  let text = ''
  while (replies.length < count) {
    text += await client.take(1)
    text += await client.take(client.received.length)
    for (let next = replyAt(text, 0); next !== null; next = replyAt(text, 0)) {
      replies.push(next)
      text = text.slice(next.length)
    }
  }
  if (text !== '' || replies.length > count) throw new Error(`more came than ${count} answers: ${JSON.stringify(text.slice(0, 200))}`)
  return replies
}
