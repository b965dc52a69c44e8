/**
 * The projections of a controller: every cluster and the global partition, followed for the controller's life.
 *
 * One loop waits on the feeds of all of them at once. Whoever needs the present (`current`) has it read at once rather than
 * wait for the loop. While the store is away the last views stay, `current` rejects, and the loop tries again with growing pauses.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { afterWakingTime, withinWakingTime, type Logger } from '@mini-ecs/shared';
import { globalPartition, StoreUnavailableError, type Partition, type Store } from '../store/store.ts';
import { ClusterProjection, type BadRecordListener } from './cluster-projection.ts';
import { GlobalProjection } from './global-projection.ts';
import { PartitionFollower } from './partition-follower.ts';
import type { ChangeListener, ClusterView, GlobalView, Projections, RecordChange } from './projection.ts';

export interface StoreProjectionsOptions {
  store: Store;
  log: Logger;
  /** ms that `current` waits for a store that does not answer. @default 5000 */
  readTimeoutMs?: number;
}

/** The store did not answer within the time that `current` waits for it. */
export class ProjectionTimeoutError extends Error {
  readonly code = 'PROJECTION_TIMEOUT';
}

const waitMs = 5_000;
/** Under load the loop reads so often at most, and finds more each time. Who needs the present has it read at once. */
const readGapMs = 4;
const firstRetryMs = 50;
const lastRetryMs = 2_000;

type Follower = PartitionFollower<ClusterProjection> | PartitionFollower<GlobalProjection>;

export class StoreProjections implements Projections {
  readonly #store: Store;
  readonly #log: Logger;
  readonly #readTimeoutMs: number;
  readonly #onBadRecord: BadRecordListener;
  readonly #global: PartitionFollower<GlobalProjection>;
  readonly #clusters = new Map<string, PartitionFollower<ClusterProjection>>();
  readonly #listeners = new Set<ChangeListener>();
  /** cluster → checks of those who wait for something in it */
  readonly #waiting = new Map<string, Set<(view: ClusterView) => void>>();
  readonly #closing = new AbortController();
  /** Aborted to make the loop wait on another set of partitions. */
  #waitEnds = new AbortController();
  #loop: Promise<void> = Promise.resolve();
  #readAt = 0;

  private constructor(options: StoreProjectionsOptions) {
    this.#store = options.store;
    this.#log = options.log;
    this.#readTimeoutMs = options.readTimeoutMs ?? 5_000;
    this.#onBadRecord = (record, error) => this.#log.error({ ...record, err: error }, 'a record could not be read');
    this.#global = new PartitionFollower(
      options.store,
      globalPartition,
      () => new GlobalProjection(this.#onBadRecord),
      () => this.#followNewClusters(),
    );
  }

  /** Loads the global partition, then follows it and every cluster in it. Rejects with the store's error. */
  static async start(options: StoreProjectionsOptions): Promise<StoreProjections> {
    const projections = new StoreProjections(options);
    try {
      await projections.currentGlobal();
    } catch (error) {
      await projections.close();
      throw error;
    }
    projections.#loop = projections.#follow();
    return projections;
  }

  async current(cluster: string): Promise<ClusterView> {
    const known = this.#clusters.get(cluster);
    if (known) {
      await this.#bounded(() => known.refresh());
      return known.replica;
    }
    // A name that nothing was ever written under is not followed: anyone may ask for any name.
    if ((await this.#bounded(() => this.#store.feedEnd(cluster))) === 0) return new ClusterProjection(cluster, this.#onBadRecord);
    const follower = this.#followCluster(cluster);
    await this.#bounded(() => follower.refresh());
    return follower.replica;
  }

  async currentGlobal(): Promise<GlobalView> {
    await this.#bounded(() => this.#global.refresh());
    return this.#global.replica;
  }

  peek(cluster: string): ClusterView | undefined {
    const follower = this.#clusters.get(cluster);
    return follower?.loaded ? follower.replica : undefined;
  }

  peekGlobal(): GlobalView {
    return this.#global.replica;
  }

  async waitUntil<T>(cluster: string, timeoutMs: number, done: (view: ClusterView) => T | undefined): Promise<T | undefined> {
    const loaded = this.peek(cluster);
    const already = loaded && done(loaded);
    if (already !== undefined) return already;
    if (!loaded) this.#followCluster(cluster);
    return new Promise<T | undefined>((resolve, reject) => {
      const checks = this.#waiting.get(cluster) ?? new Set();
      this.#waiting.set(cluster, checks);
      const end = (): void => {
        cancel();
        checks.delete(check);
        if (checks.size === 0 && this.#waiting.get(cluster) === checks) this.#waiting.delete(cluster);
      };
      const check = (view: ClusterView): void => {
        try {
          const answer = done(view);
          if (answer === undefined) return;
          end();
          resolve(answer);
        } catch (error) {
          end();
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      };
      const cancel = afterWakingTime(timeoutMs, () => {
        end();
        resolve(undefined);
      });
      checks.add(check);
    });
  }

  onChange(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The clusters that are followed and loaded. */
  clusters(): ClusterView[] {
    return [...this.#clusters.values()].filter(({ loaded }) => loaded).map(({ replica }) => replica);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#waitEnds.abort();
    await this.#loop;
  }

  #followCluster(cluster: string): PartitionFollower<ClusterProjection> {
    const known = this.#clusters.get(cluster);
    if (known) return known;
    const follower = new PartitionFollower<ClusterProjection>(
      this.#store,
      cluster,
      () => new ClusterProjection(cluster, this.#onBadRecord),
      (changes, view) => this.#clusterChanged(changes, view),
    );
    this.#clusters.set(cluster, follower);
    void this.#loadInBackground(follower);
    return follower;
  }

  /** Apart from the loop, so that a large cluster holds up no other. */
  async #loadInBackground(follower: Follower): Promise<void> {
    for (let retryMs = firstRetryMs; !this.#closing.signal.aborted; retryMs = Math.min(retryMs * 2, lastRetryMs)) {
      try {
        await follower.refresh();
        this.#waitEnds.abort();
        return;
      } catch (error) {
        this.#log.warn({ err: error, partition: follower.partition }, 'could not load a partition, trying again');
        await this.#pause(retryMs);
      }
    }
  }

  async #follow(): Promise<void> {
    let retryMs = firstRetryMs;
    while (!this.#closing.signal.aborted) {
      try {
        await this.#followOnce();
        if (retryMs !== firstRetryMs) this.#log.info('following the store again');
        retryMs = firstRetryMs;
      } catch (error) {
        if (this.#closing.signal.aborted) return;
        this.#log.warn({ err: error }, 'cannot follow the store, trying again');
        await this.#pause(retryMs);
        retryMs = Math.min(retryMs * 2, lastRetryMs);
      }
    }
  }

  async #followOnce(): Promise<void> {
    if (this.#waitEnds.signal.aborted) this.#waitEnds = new AbortController();
    const followers = new Map<Partition, Follower>([[globalPartition, this.#global]]);
    for (const [cluster, follower] of this.#clusters) if (follower.loaded) followers.set(cluster, follower);
    const positions = new Map([...followers].map(([partition, { position }]) => [partition, position]));
    const changed = await this.#waitForChanges(positions);
    const gap = this.#readAt + readGapMs - performance.now();
    if (gap > 0) await this.#pause(gap);
    this.#readAt = performance.now();
    const behind = changed.flatMap((partition) => {
      const follower = followers.get(partition);
      // A caller of `current` may have had it read in the meantime.
      return follower && follower.position === positions.get(partition) ? [follower.refresh()] : [];
    });
    await Promise.all(behind);
  }

  async #waitForChanges(positions: ReadonlyMap<Partition, number>): Promise<Partition[]> {
    const { signal } = this.#waitEnds;
    if (this.#closing.signal.aborted) return [];
    try {
      return await this.#store.waitForChanges(positions, waitMs, signal);
    } catch (error) {
      if (signal.aborted) return [];
      throw error;
    }
  }

  #followNewClusters(): void {
    for (const name of this.#global.replica.clusterNames) if (!this.#clusters.has(name)) this.#followCluster(name);
  }

  #clusterChanged(changes: readonly RecordChange[], view: ClusterView): void {
    for (const check of this.#waiting.get(view.name) ?? []) check(view);
    for (const listener of this.#listeners) {
      try {
        listener(view.name, changes, view);
      } catch (error) {
        // One listener's fault is not the others'.
        this.#log.error({ err: error, cluster: view.name }, 'a listener to changes failed');
      }
    }
  }

  /** Reads may be repeated: a Redis that restarts costs its readers a moment, not an error. */
  async #bounded<T>(read: () => Promise<T>): Promise<T> {
    const deadline = performance.now() + this.#readTimeoutMs;
    for (;;) {
      try {
        return await withinWakingTime(deadline - performance.now(), read(), () => this.#timeout());
      } catch (error) {
        const isOver = this.#closing.signal.aborted || performance.now() + firstRetryMs >= deadline;
        if (!(error instanceof StoreUnavailableError) || isOver) throw error;
      }
      await this.#pause(firstRetryMs);
    }
  }

  #timeout(): ProjectionTimeoutError {
    return new ProjectionTimeoutError(`the store did not answer within ${this.#readTimeoutMs} ms`);
  }

  async #pause(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#closing.signal }).catch(() => undefined);
  }
}
