import { MemoryStateStore } from '../../storage/index.ts'
import { describeStateStore } from '../contract/state-store.ts'

describeStateStore('MemoryStateStore', () => new MemoryStateStore())
