import { MemoryStateStore } from '../../core/index.ts'
import { describeStateStore } from '../contract/state-store.ts'

describeStateStore('MemoryStateStore', () => new MemoryStateStore())
