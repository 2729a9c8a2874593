import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { replayTranscript } from './transcript.ts'

const FOLDER = new URL('./transcripts/', import.meta.url)

describe('protocol transcripts', () => {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.txt'))

  it('there are transcripts', () => expect(files.length).toBeGreaterThan(5))

  for (const file of files) {
    const text = readFileSync(new URL(file, FOLDER), 'utf8')
    const title = text.split('\n')[0]?.replace(/^# /, '') ?? file
    it(title, () => {
      const replayed = replayTranscript(text)
      if (process.env.UPDATE_TRANSCRIPTS === '1') writeFileSync(new URL(file, FOLDER), replayed)
      expect(replayed).toBe(text)
    })
  }
})
