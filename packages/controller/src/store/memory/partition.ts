import { changesLimit, changingTaskFields } from '../store-limits.ts';
import type { Changes, Change, Fields, Partition, RecordKind, WorkHint } from '../store.ts';

/** The state of one partition, in the shape that Redis holds it in (store/keys.ts). */
export class MemoryPartition {
  readonly name: Partition;
  readonly records = new Map<RecordKind, Map<string, Fields>>();
  readonly dirty = new Set<WorkHint>();
  /** Tasks not STOPPED, instances and services not INACTIVE. */
  readonly counts = { tasks: 0, instances: 0, services: 0 };
  /** By instance: tasks bound to it and not STOPPED → their service, or ''. */
  readonly instanceTasks = new Map<string, Map<string, string>>();
  /** STOPPED tasks → ms; INACTIVE instances → ms; connected instances → ms at which the lease ends. */
  readonly stoppedTasks = new Map<string, number>();
  readonly inactiveInstances = new Map<string, number>();
  readonly leases = new Map<string, number>();
  /** Controllers that hold sessions, with their last refresh. */
  readonly leaseHolders = new Map<string, { at: number; sessions: number }>();
  readonly leaseSweep: { tick: number | undefined; judgeFrom: number } = { tick: undefined, judgeFrom: 0 };
  readonly tokens = new Map<string, { requestHash: string; requestId: string; taskIds: string[]; until: number }>();
  readonly refusals = new Map<string, { refusals: string[]; until: number }>();
  readonly revisions = new Map<string, number>();
  feedEnd = 0;
  readonly feed: { kind: RecordKind; id: string }[] = [];
  readonly #feedLength: number;

  constructor(name: Partition, feedLength: number) {
    this.name = name;
    this.#feedLength = feedLength;
  }

  /** Values are replaced by commands, never changed in place: what was read stays as it was. */
  record(kind: RecordKind, id: string): Fields | undefined {
    return this.records.get(kind)?.get(id);
  }

  recordsOf(kind: RecordKind): Map<string, Fields> {
    let records = this.records.get(kind);
    if (!records) this.records.set(kind, (records = new Map()));
    return records;
  }

  tasksOn(instance: string): Map<string, string> {
    let tasks = this.instanceTasks.get(instance);
    if (!tasks) this.instanceTasks.set(instance, (tasks = new Map()));
    return tasks;
  }

  clusterIsActive(): boolean {
    return this.record('cluster', this.name)?.['status'] === 'ACTIVE';
  }

  appendToFeed(kind: RecordKind, id: string): void {
    this.feedEnd += 1;
    this.feed.push({ kind, id });
    const surplus = this.feed.length - this.#feedLength;
    if (surplus > Math.max(100, this.#feedLength / 10)) this.feed.splice(0, surplus);
  }

  readChanges(since: number): Changes {
    const from = this.feed.length - (this.feedEnd - since);
    if (since > this.feedEnd || from < 0) return { reset: true };
    const changed = new Map<string, { kind: RecordKind; id: string; entries: number }>();
    for (let i = from; i < this.feed.length; i++) {
      const { kind, id } = this.feed[i]!;
      const name = `${kind}/${id}`;
      const known = changed.get(name);
      if (known) known.entries += 1;
      else changed.set(name, { kind, id, entries: 1 });
      if (changed.size > changesLimit) return { reset: true };
    }
    const changes = Array.from(changed.values(), ({ kind, id, entries }): Change => {
      const fields = this.record(kind, id);
      const wasThere = kind === 'task' && Number(fields?.['version'] ?? 0) > entries;
      return { kind, id, fields: fields && wasThere ? changingFieldsOf(fields) : fields };
    });
    return { reset: false, seq: this.feedEnd, changes };
  }
}

function changingFieldsOf(fields: Fields): Fields {
  const changing: Fields = {};
  for (const name of ['version', ...changingTaskFields]) if (fields[name] !== undefined) changing[name] = fields[name];
  return changing;
}
