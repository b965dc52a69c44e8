/**
 * Gathers work announced in one turn of the event loop, or while the work before it is being queued, and queues it in one go.
 * What cannot be queued is kept (it is keyed,
 * so it cannot grow beyond the things there are) and tried again: losing it would cost seconds, until the dirty pass.
 */
import type { Logger } from '@mini-ecs/shared';
import { workKey, type Work } from './work.ts';

const retryMs = 500;
/** Under load, so often at most: a look that starts a moment later sees more at once. */
const gapMs = 5;

export class WorkIntake {
  readonly #enqueue: (work: Work[]) => Promise<void>;
  readonly #log: Logger;
  #pending = new Map<string, Work>();
  #flushing: Promise<void> | undefined;
  /** Of the next flush. */
  #timer: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #flushedAt = 0;
  #isClosed = false;

  constructor(enqueue: (work: Work[]) => Promise<void>, log: Logger) {
    this.#enqueue = enqueue;
    this.#log = log;
  }

  add(work: readonly Work[]): void {
    if (this.#isClosed || work.length === 0) return;
    for (const each of work) this.#pending.set(`${each.kind}/${workKey(each)}`, each);
    this.#schedule();
  }

  /** Queues at once what waits for another try: the queue is back. */
  retryNow(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#schedule();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    clearTimeout(this.#timer);
    await this.#flushing;
  }

  #schedule(): void {
    if (this.#isClosed || this.#pending.size === 0 || this.#retry || this.#timer || this.#flushing) return;
    const dueInMs = this.#flushedAt + gapMs - performance.now();
    this.#timer = setTimeout(() => this.#flush(), Math.max(0, dueInMs));
  }

  #flush(): void {
    this.#timer = undefined;
    this.#flushedAt = performance.now();
    const batch = this.#pending;
    this.#pending = new Map();
    this.#flushing = this.#enqueue([...batch.values()])
      .catch((error: unknown) => this.#keep(batch, error))
      .then(() => {
        this.#flushing = undefined;
        this.#schedule();
      });
  }

  #keep(batch: Map<string, Work>, error: unknown): void {
    if (this.#isClosed) return;
    this.#log.warn({ err: error, count: batch.size }, 'work could not be queued, trying again');
    for (const [key, work] of batch) this.#pending.set(key, work);
    this.#retry ??= setTimeout(() => this.retryNow(), retryMs);
  }
}
