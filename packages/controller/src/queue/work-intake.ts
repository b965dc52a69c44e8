/**
 * Gathers work announced in one turn of the event loop and queues it in one go. What cannot be queued is kept (it is keyed,
 * so it cannot grow beyond the things there are) and tried again: losing it would cost seconds, until the dirty pass.
 */
import type { Logger } from '@mini-ecs/shared';
import { workKey, type Work } from './work.ts';

const retryMs = 500;

export class WorkIntake {
  readonly #enqueue: (work: Work[]) => Promise<void>;
  readonly #log: Logger;
  #pending = new Map<string, Work>();
  #flushing: Promise<void> | undefined;
  #timer: NodeJS.Immediate | undefined;
  #retry: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(enqueue: (work: Work[]) => Promise<void>, log: Logger) {
    this.#enqueue = enqueue;
    this.#log = log;
  }

  add(work: readonly Work[]): void {
    if (this.#isClosed || work.length === 0) return;
    for (const each of work) this.#pending.set(`${each.kind}/${workKey(each)}`, each);
    if (!this.#retry) this.#timer ??= setImmediate(() => this.#flush());
  }

  /** Queues at once what waits for another try: the queue is back. */
  retryNow(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    if (this.#pending.size > 0 && !this.#isClosed) this.#timer ??= setImmediate(() => this.#flush());
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    clearImmediate(this.#timer);
    await this.#flushing;
  }

  #flush(): void {
    this.#timer = undefined;
    const batch = this.#pending;
    this.#pending = new Map();
    const flush = this.#enqueue([...batch.values()]).catch((error: unknown) => this.#keep(batch, error));
    this.#flushing = Promise.all([this.#flushing, flush]).then(() => undefined);
  }

  #keep(batch: Map<string, Work>, error: unknown): void {
    if (this.#isClosed) return;
    this.#log.warn({ err: error, count: batch.size }, 'work could not be queued, trying again');
    for (const [key, work] of batch) this.#pending.set(key, work);
    this.#retry ??= setTimeout(() => this.retryNow(), retryMs);
  }
}
