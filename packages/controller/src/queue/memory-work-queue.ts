/**
 * Work without Redis, for tests and simulations: keyed and coalesced as in WorkQueue (at most one active and one waiting a
 * key), in this process only. Timers run on the given clock's time.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '@mini-ecs/shared';
import { workKey, type Work, type WorkHandler, type WorkSink } from './work.ts';

/** Looks at once, as in one controller. */
const concurrency = 12;

const keyOf = (work: Work): string => `${work.kind}/${workKey(work)}`;

export class MemoryWorkQueue implements WorkSink {
  readonly #clock: Clock;
  readonly #onError: (work: Work, error: unknown) => void;
  readonly #waiting = new Map<string, Work>();
  readonly #active = new Map<string, Promise<void>>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  #handle: WorkHandler | undefined;
  #isClosed = false;

  constructor(clock: Clock, onError: (work: Work, error: unknown) => void) {
    this.#clock = clock;
    this.#onError = onError;
  }

  add(work: readonly Work[]): void {
    if (this.#isClosed) return;
    for (const each of work) this.#waiting.set(keyOf(each), each);
    this.#startWaiting();
  }

  lookAgainAt(work: Work, at: number): void {
    if (this.#isClosed) return;
    const key = keyOf(work);
    clearTimeout(this.#timers.get(key));
    const timer = setTimeout(() => {
      this.#timers.delete(key);
      this.add([work]);
    }, at - this.#clock.now());
    this.#timers.set(key, timer);
  }

  work(handle: WorkHandler): void {
    this.#handle = handle;
    this.#startWaiting();
  }

  /** Nothing waits and nothing runs; timers may. */
  get isIdle(): boolean {
    return this.#waiting.size === 0 && this.#active.size === 0;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#waiting.clear();
    await Promise.all(this.#active.values());
  }

  #startWaiting(): void {
    if (!this.#handle) return;
    for (const [key, work] of this.#waiting) {
      if (this.#active.size >= concurrency) return;
      if (this.#active.has(key)) continue;
      this.#waiting.delete(key);
      this.#active.set(key, this.#look(key, work, this.#handle));
    }
  }

  async #look(key: string, work: Work, handle: WorkHandler): Promise<void> {
    await nextTurn();
    try {
      await handle(work);
    } catch (error) {
      this.#onError(work, error);
    }
    this.#active.delete(key);
    this.#startWaiting();
  }
}
