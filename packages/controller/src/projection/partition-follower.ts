/**
 * Keeps one replica of a partition as new as it is asked to be.
 *
 * One read of the feed runs at a time. `refresh()` resolves after a read that began after the call, so it covers all
 * that was acknowledged before; callers that come while one read runs share the next. The store's `readChanges` answers
 * in one atomic step, so what is applied is the partition at exactly one position.
 * A snapshot is not of one moment: it is taken between a `feedEnd` before and a `readChanges` after, which makes it one.
 */
import type { Change, Partition, RecordKind, Store } from '../store/store.ts';
import type { RecordChange } from './projection.ts';

/** The records of a partition as a projection keeps them. */
export interface Replica<Self> {
  readonly position: number;
  /** Applies records as they are at feed position `position`, in one synchronous step. */
  apply(changes: readonly Change[], position: number): void;
  /** Takes over the contents of another, in one synchronous step. */
  become(other: Self): void;
  /** Every record that it holds. */
  records(): Iterable<RecordChange>;
}

const loadAttempts = 5;

export class PartitionFollower<R extends Replica<R>> {
  readonly partition: Partition;
  readonly replica: R;
  readonly #store: Store;
  readonly #makeReplica: () => R;
  readonly #onChange: (changes: readonly RecordChange[]) => void;
  #loaded = false;
  #running: Promise<void> | undefined;
  #queued: Promise<void> | undefined;

  /** `onChange` is called after each step, in the same turn of the event loop. */
  constructor(
    store: Store,
    partition: Partition,
    makeReplica: () => R,
    onChange: (changes: readonly RecordChange[], replica: R) => void,
  ) {
    this.partition = partition;
    this.replica = makeReplica();
    this.#store = store;
    this.#makeReplica = makeReplica;
    this.#onChange = (changes) => onChange(changes, this.replica);
  }

  get loaded(): boolean {
    return this.#loaded;
  }

  get position(): number {
    return this.replica.position;
  }

  /** Resolves after a read that began after this call; rejects with the store's error. */
  refresh(): Promise<void> {
    if (!this.#running) {
      this.#running = this.#read().finally(() => {
        this.#running = undefined;
      });
      return this.#running;
    }
    this.#queued ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#queued = undefined;
        // One that began in between began after all who wait here.
        return this.#running ?? this.refresh();
      });
    return this.#queued;
  }

  async #read(): Promise<void> {
    if (!this.#loaded) return this.#load();
    const read = await this.#store.readChanges(this.partition, this.position);
    if (read.reset) return this.#load();
    if (read.seq === this.position) return;
    this.replica.apply(read.changes, read.seq);
    this.#onChange(read.changes);
  }

  async #load(): Promise<void> {
    for (let attempt = 1; attempt <= loadAttempts; attempt += 1) {
      const fresh = this.#makeReplica();
      const before = await this.#store.feedEnd(this.partition);
      for await (const chunk of this.#store.snapshot(this.partition)) fresh.apply(chunk, before);
      const after = await this.#store.readChanges(this.partition, before);
      if (after.reset) continue;
      fresh.apply(after.changes, after.seq);
      this.#swapIn(fresh);
      return;
    }
    throw new Error(`the feed of partition ${this.partition} was trimmed faster than its snapshot could be read`);
  }

  #swapIn(fresh: R): void {
    const touched = new Map<string, { kind: RecordKind; id: string }>();
    for (const records of [this.replica.records(), fresh.records()]) {
      for (const { kind, id } of records) touched.set(`${kind}/${id}`, { kind, id });
    }
    this.replica.become(fresh);
    this.#loaded = true;
    this.#onChange([...touched.values()]);
  }
}
