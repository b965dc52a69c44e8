/**
 * Sees in Redis itself when tasks are RUNNING. Reads each task until it has been RUNNING once and then never again, so that
 * watching ten thousand tasks costs Redis little more than ten thousand HGET in all.
 */
import { Redis } from 'ioredis';
import { setTimeout as delay } from 'node:timers/promises';
import { PartitionKeys, defaultKeyPrefix } from '../../packages/controller/src/store/keys.ts';

const batch = 250;
const pollMs = 20;

export class TaskWatch {
  readonly #redis: Redis;
  readonly #keys = new PartitionKeys(defaultKeyPrefix, 'default');

  constructor(socket: string) {
    this.#redis = new Redis({ path: socket, lazyConnect: false });
  }

  /** How many tasks the cluster has. */
  count(): Promise<number> {
    return this.#redis.scard(this.#keys.ids('task'));
  }

  ids(): Promise<string[]> {
    return this.#redis.smembers(this.#keys.ids('task'));
  }

  /** Resolves once `count` tasks have been seen RUNNING, whoever made them. */
  async untilRunning(count: number, timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while ((await this.count()) < count) await this.#pause(deadline, `${await this.count()} of ${count} tasks exist`);
    const ids = await this.ids();
    let next = 0;
    while (next < ids.length) {
      const running = await this.#runningFrom(ids.slice(next, next + batch));
      next += running;
      if (running < batch && next < ids.length) await this.#pause(deadline, `${next} of ${ids.length} tasks seen RUNNING`);
    }
  }

  close(): void {
    this.#redis.disconnect();
  }

  /** How many from the first on are RUNNING. */
  async #runningFrom(ids: readonly string[]): Promise<number> {
    const pipeline = this.#redis.pipeline();
    for (const id of ids) pipeline.hget(this.#keys.record('task', id), 'lastStatus');
    const replies = (await pipeline.exec()) ?? [];
    if (replies.some(([, status]) => status === 'STOPPED')) throw new Error('a task STOPPED that was to run for ever');
    const firstOther = replies.findIndex(([, status]) => status !== 'RUNNING');
    return firstOther === -1 ? ids.length : firstOther;
  }

  async #pause(deadline: number, state: string): Promise<void> {
    if (performance.now() > deadline) throw new Error(`not in time: ${state}`);
    await delay(pollMs);
  }
}
