/**
 * Waits for the change feeds of any number of partitions on one blocking connection.
 *
 * One loop serves everyone who waits: it reads where the feeds end, lets go whoever's position differs from that (behind it, or
 * ahead of it when the store is another one), and blocks in XREAD after the ends it read. Somebody new who waits for a
 * feed that XREAD does not watch interrupts it.
 */
import type { Logger } from '@mini-ecs/shared';
import type { RedisConnection } from './redis-connection.ts';
import type { PartitionKeys } from './keys.ts';
import type { Partition } from './store.ts';

/** Shorter than the silence after which a connection counts as dead. */
const blockMs = 4_000;
const retryMs = 100;

interface Waiter {
  positions: ReadonlyMap<Partition, number>;
  resolve(passed: Partition[]): void;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export class FeedWatcher {
  readonly #blocking: RedisConnection;
  readonly #commands: RedisConnection;
  readonly #keysOf: (partition: Partition) => PartitionKeys;
  readonly #log: Logger;
  readonly #waiters = new Set<Waiter>();
  #isRunning = false;
  #isClosed = false;
  /** Of the blocking connection, as Redis numbers it. */
  #clientId = 0;
  /** Where the feeds ended that XREAD watches now. */
  #watched: ReadonlyMap<Partition, number> | undefined;

  /** `blocking` belongs to the watcher; through `commands` it interrupts its own XREAD. */
  constructor(wiring: {
    blocking: RedisConnection;
    commands: RedisConnection;
    keysOf: (partition: Partition) => PartitionKeys;
    log: Logger;
  }) {
    this.#blocking = wiring.blocking;
    this.#commands = wiring.commands;
    this.#keysOf = wiring.keysOf;
    this.#log = wiring.log;
  }

  /** See Store.waitForChanges. */
  wait(positions: ReadonlyMap<Partition, number>, timeoutMs: number, signal?: AbortSignal): Promise<Partition[]> {
    if (signal?.aborted || this.#isClosed) return Promise.resolve([]);
    return new Promise((resolve) => {
      const waiter: Waiter = {
        positions: new Map(positions),
        resolve: (passed) => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', giveUp);
          this.#waiters.delete(waiter);
          resolve(passed);
        },
      };
      const giveUp = (): void => waiter.resolve([]);
      const timer = setTimeout(giveUp, timeoutMs);
      signal?.addEventListener('abort', giveUp);
      this.#waiters.add(waiter);
      if (!this.#isRunning) void this.#serve();
      else if (this.#watched && !this.#isWatched(waiter)) void this.#interrupt(this.#watched);
    });
  }

  close(): void {
    this.#isClosed = true;
    for (const waiter of this.#waiters) waiter.resolve([]);
    this.#blocking.close();
  }

  #isWatched(waiter: Waiter): boolean {
    return [...waiter.positions].every(([partition, position]) => this.#watched?.get(partition) === position);
  }

  async #serve(): Promise<void> {
    this.#isRunning = true;
    while (this.#waiters.size > 0 && !this.#isClosed) {
      try {
        await this.#serveOnce();
      } catch (error) {
        this.#watched = undefined;
        if (this.#isClosed) break;
        this.#log.debug({ error }, 'waiting for the change feed again');
        await pause(retryMs);
      }
    }
    this.#isRunning = false;
  }

  async #serveOnce(): Promise<void> {
    const partitions = [...new Set([...this.#waiters].flatMap(({ positions }) => [...positions.keys()]))];
    if (partitions.length === 0) return pause(retryMs);
    const ends = await this.#feedEnds(partitions);
    this.#release((partition, position) => ends.has(partition) && ends.get(partition) !== position);
    const isAnybodyNew = [...this.#waiters].some(({ positions }) =>
      [...positions.keys()].some((partition) => !ends.has(partition)),
    );
    if (this.#waiters.size === 0 || isAnybodyNew) return;
    this.#watched = ends;
    const passed = await this.#block(ends);
    this.#watched = undefined;
    this.#release((partition) => passed.has(partition));
  }

  /** Lets go of everybody for whom some partition has passed. */
  #release(hasPassed: (partition: Partition, position: number) => boolean): void {
    for (const waiter of this.#waiters) {
      const passed = [...waiter.positions].filter(([partition, position]) => hasPassed(partition, position));
      if (passed.length > 0) waiter.resolve(passed.map(([partition]) => partition));
    }
  }

  async #feedEnds(partitions: readonly Partition[]): Promise<Map<Partition, number>> {
    const [clientId, ends] = await this.#blocking.run((redis) =>
      Promise.all([redis.client('ID'), redis.mget(partitions.map((partition) => this.#keysOf(partition).feedEnd))]),
    );
    this.#clientId = clientId;
    return new Map(partitions.map((partition, i) => [partition, Number(ends[i] ?? 0)]));
  }

  /** The partitions whose feed went on after `ends`; none after `blockMs` or when interrupted. */
  async #block(ends: ReadonlyMap<Partition, number>): Promise<Set<Partition>> {
    const byFeed = new Map([...ends.keys()].map((partition) => [this.#keysOf(partition).feed, partition]));
    const ids = [...ends.values()].map((end) => `${end}-0`);
    const reply = await this.#blocking.run((redis) =>
      redis.xread('COUNT', 1, 'BLOCK', blockMs, 'STREAMS', ...byFeed.keys(), ...ids),
    );
    return new Set((reply ?? []).map(([feed]) => byFeed.get(feed) ?? ''));
  }

  /** Until the XREAD that began with `watched` has ended: CLIENT UNBLOCK may come before it blocks. */
  async #interrupt(watched: ReadonlyMap<Partition, number>): Promise<void> {
    while (this.#watched === watched && !this.#isClosed) {
      try {
        await this.#commands.run((redis) => redis.client('UNBLOCK', this.#clientId));
      } catch {
        // XREAD ends by itself, at the latest with its BLOCK.
      }
      await pause(2);
    }
  }
}
