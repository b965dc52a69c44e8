/**
 * Work without Redis, for tests and simulations: keyed and coalesced as in WorkQueue (at most one active and one waiting a
 * key), in this process only. Timers run on the given clock's time.
 */
import type { Clock } from '@mini-ecs/shared';
import { workKey, type Work, type WorkHandler, type WorkSink } from './work.ts';

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
    for (const each of work) {
      this.#waiting.set(keyOf(each), each);
      this.#startNext(keyOf(each));
    }
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
    for (const key of this.#waiting.keys()) this.#startNext(key);
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

  #startNext(key: string): void {
    const work = this.#waiting.get(key);
    if (!work || !this.#handle || this.#active.has(key)) return;
    this.#waiting.delete(key);
    const look = this.#handle(work)
      .catch((error: unknown) => this.#onError(work, error))
      .then(() => {
        this.#active.delete(key);
        this.#startNext(key);
      });
    this.#active.set(key, look);
  }
}
