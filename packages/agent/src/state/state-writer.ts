import type { Logger } from '@mini-ecs/shared';
import type { Cancel, Timers } from '../timers.ts';
import type { AgentState, StateStore } from './agent-state.ts';

/** A burst of changes is one write. What a crash loses of it, the engine's labels and the store still know. */
const coalesceMs = 1_000;

export class StateWriter {
  readonly #store: StateStore;
  readonly #timers: Timers;
  readonly #log: Logger;
  readonly #snapshot: () => AgentState;
  #cancel: Cancel | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(store: StateStore, timers: Timers, log: Logger, snapshot: () => AgentState) {
    this.#store = store;
    this.#timers = timers;
    this.#log = log;
    this.#snapshot = snapshot;
  }

  changed(): void {
    this.#cancel ??= this.#timers.after(coalesceMs, () => void this.flush());
  }

  /** Writes now, after the write that is under way. */
  flush(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  /** A full disk stops no container: it is told, and the next change tries again. */
  async #write(): Promise<void> {
    try {
      await this.#store.save(this.#snapshot());
    } catch (error) {
      this.#log.error({ err: error }, 'the state file could not be written');
    }
  }
}
