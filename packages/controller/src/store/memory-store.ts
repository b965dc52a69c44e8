/**
 * The store in the memory of one process: what RedisStore does, over maps. For simulations and benchmarks; nothing survives it.
 * Each method runs to its end before it returns its promise, so every command is atomic.
 */
import { newUuid, type Clock } from '@mini-ecs/shared';
import { commitPlacement } from './memory/placement-commands.ts';
import { MemoryPartition } from './memory/partition.ts';
import { enrolInstance } from './memory/enrolment-commands.ts';
import * as records from './memory/record-commands.ts';
import * as sessions from './memory/session-commands.ts';
import * as tasks from './memory/task-commands.ts';
import { defaultFeedLength, recordKinds, schemaVersion } from './store-limits.ts';
import { globalPartition } from './store.ts';
import type * as S from './store.ts';

export interface MemoryStoreOptions {
  /** The time of leases and of what expires; Redis has its own. */
  clock: Clock;
  /** Entries that the feed of a partition keeps at least. @default 100,000 */
  feedLength?: number;
  /** @default a random one */
  id?: string;
}

interface Waiter {
  positions: ReadonlyMap<S.Partition, number>;
  resolve(passed: S.Partition[]): void;
}

const chunkSize = 500;

export class MemoryStore implements S.Store {
  readonly #clock: Clock;
  readonly #feedLength: number;
  #identity: S.StoreIdentity;
  readonly #partitions = new Map<S.Partition, MemoryPartition>();
  readonly #waiters = new Set<Waiter>();

  constructor({ clock, feedLength = defaultFeedLength, id = newUuid() }: MemoryStoreOptions) {
    this.#clock = clock;
    this.#feedLength = feedLength;
    this.#identity = { id, epoch: 1, schemaVersion };
  }

  async identity(): Promise<S.StoreIdentity> {
    return this.#identity;
  }

  async raiseEpoch(): Promise<S.StoreIdentity> {
    const { epoch } = this.#identity;
    this.#identity = { ...this.#identity, epoch: Math.max(epoch + 1, Math.floor(this.#clock.now() / 1000)) };
    return this.#identity;
  }

  // ── reading ──

  async read(partition: S.Partition, kind: S.RecordKind, ids: readonly string[]): Promise<(S.Fields | undefined)[]> {
    const at = this.partition(partition);
    return ids.map((id) => at.record(kind, id));
  }

  async feedEnd(partition: S.Partition): Promise<number> {
    return this.partition(partition).feedEnd;
  }

  async readChanges(partition: S.Partition, since: number): Promise<S.Changes> {
    return this.partition(partition).readChanges(since);
  }

  async *snapshot(partition: S.Partition): AsyncGenerator<S.StoredRecord[]> {
    const at = this.partition(partition);
    for (const kind of recordKinds) {
      const ids = [...at.recordsOf(kind).keys()];
      for (let i = 0; i < ids.length; i += chunkSize) {
        const chunk = ids.slice(i, i + chunkSize).flatMap((id) => {
          const fields = at.record(kind, id);
          return fields ? [{ kind, id, fields }] : [];
        });
        if (chunk.length > 0) yield chunk;
      }
    }
  }

  waitForChanges(positions: ReadonlyMap<S.Partition, number>, timeoutMs: number, signal?: AbortSignal): Promise<S.Partition[]> {
    const passed = this.#passed(positions);
    if (passed.length > 0 || signal?.aborted) return Promise.resolve(signal?.aborted ? [] : passed);
    return new Promise((resolve) => {
      const waiter: Waiter = {
        positions: new Map(positions),
        resolve: (partitions) => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', giveUp);
          this.#waiters.delete(waiter);
          resolve(partitions);
        },
      };
      const giveUp = (): void => waiter.resolve([]);
      const timer = setTimeout(giveUp, timeoutMs);
      signal?.addEventListener('abort', giveUp);
      this.#waiters.add(waiter);
    });
  }

  // ── records of any kind ──

  async put(command: S.PutRecord): Promise<S.PutResult> {
    return this.#wake(records.put(this.partition(command.partition), command, this.#clock.now()));
  }

  async remove(command: { partition: S.Partition; kind: S.RecordKind; id: string; expect: S.Expectation }): Promise<S.PutResult> {
    return this.#wake(records.remove(this.partition(command.partition), command.kind, command.id, command.expect));
  }

  async registerTaskDefinition(command: { family: string; fields: S.Fields }): Promise<{ revision: number; seq: number }> {
    return this.#wake(records.registerTaskDefinition(this.partition(globalPartition), command));
  }

  async deleteCluster(cluster: string): ReturnType<S.Store['deleteCluster']> {
    return this.#wake(records.deleteCluster(this.partition(cluster)));
  }

  // ── tasks and services ──

  async createTasks(command: S.CreateTasks): Promise<S.CreateTasksResult> {
    return this.#wake(tasks.createTasks(this.partition(command.cluster), command, this.#clock.now()));
  }

  async stopTasks(command: { cluster: string; tasks: S.StopTask[]; now: number }): Promise<S.Written & { found: boolean[] }> {
    return this.#wake(tasks.stopTasks(this.partition(command.cluster), command));
  }

  async commitService(command: S.CommitService & { now: number }): Promise<S.CommitServiceResult> {
    return this.#wake(tasks.commitService(this.partition(command.cluster), command));
  }

  async commitPlacement(command: S.CommitPlacement): Promise<S.CommitPlacementResult> {
    return this.#wake(commitPlacement(this.partition(command.cluster), command, this.#clock.now()));
  }

  async refusals(cluster: string, requestId: string): Promise<string[]> {
    const left = this.partition(cluster).refusals.get(requestId);
    return left && left.until > this.#clock.now() ? left.refusals : [];
  }

  async reap(command: { cluster: string; before: number; limit: number }): ReturnType<S.Store['reap']> {
    return this.#wake(tasks.reap(this.partition(command.cluster), command));
  }

  // ── identity ──

  async enrolInstance(command: S.EnrolInstance): Promise<S.EnrolmentResult> {
    return this.#wake(enrolInstance(this.partition(command.cluster), command, this.#clock.now()));
  }

  // ── sessions and leases ──

  async openSession(command: S.OpenSession): Promise<S.OpenSessionResult> {
    return this.#wake(sessions.openSession(this.partition(command.cluster), command, this.#clock.now()));
  }

  async reportStatus(command: S.ReportStatus): Promise<S.ReportStatusResult> {
    return this.#wake(sessions.reportStatus(this.partition(command.cluster), command));
  }

  async refreshLeases(command: S.RefreshLeases): Promise<{ superseded: string[] }> {
    return sessions.refreshLeases(this.partition(command.cluster), command, this.#clock.now());
  }

  async sweepLeases(command: S.SweepLeases): Promise<S.SweepResult> {
    return this.#wake(sessions.sweepLeases(this.partition(command.cluster), command, this.#clock.now()));
  }

  async abandonTasks(command: S.AbandonTasks): Promise<S.AbandonResult> {
    return this.#wake(tasks.abandonTasks(this.partition(command.cluster), command, this.#clock.now()));
  }

  // ── work hints ──

  async hints(cluster: string): Promise<S.WorkHint[]> {
    return [...this.partition(cluster).dirty];
  }

  async clearHint(cluster: string, hint: S.WorkHint): Promise<void> {
    this.partition(cluster).dirty.delete(hint);
  }

  async close(): Promise<void> {
    for (const waiter of this.#waiters) waiter.resolve([]);
  }

  /** Its state as it is, which only commands may change. */
  partition(name: S.Partition): MemoryPartition {
    let partition = this.#partitions.get(name);
    if (!partition) this.#partitions.set(name, (partition = new MemoryPartition(name, this.#feedLength)));
    return partition;
  }

  #passed(positions: ReadonlyMap<S.Partition, number>): S.Partition[] {
    return [...positions].filter(([name, position]) => this.partition(name).feedEnd !== position).map(([name]) => name);
  }

  /** Hands a command's result on, after letting go who waited for what it wrote. */
  #wake<Result>(result: Result): Result {
    for (const waiter of this.#waiters) {
      const passed = this.#passed(waiter.positions);
      if (passed.length > 0) waiter.resolve(passed);
    }
    return result;
  }
}
