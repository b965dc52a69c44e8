/** What belongs to no cluster: task definitions, the index of clusters, account settings, access keys. */
import type { TaskDefinition } from '../domain/task-definition.ts';
import { decodeTaskDefinition } from '../store/records.ts';
import type { Change, Fields } from '../store/store.ts';
import type { BadRecordListener } from './cluster-projection.ts';
import type { Replica } from './partition-follower.ts';
import type { GlobalView, RecordChange } from './projection.ts';

export class GlobalProjection implements GlobalView, Replica<GlobalProjection> {
  position = 0;
  taskDefinitions = new Map<string, TaskDefinition>();
  clusterNames = new Set<string>();
  settings = new Map<string, string>();
  accessKeys = new Map<string, string>();
  /** family → revision → definition */
  #families = new Map<string, Map<number, TaskDefinition>>();
  readonly #onBadRecord: BadRecordListener;

  constructor(onBadRecord: BadRecordListener) {
    this.#onBadRecord = onBadRecord;
  }

  revisionsOf(family: string): readonly TaskDefinition[] {
    return [...(this.#families.get(family)?.values() ?? [])].sort((a, b) => a.revision - b.revision);
  }

  families(): Iterable<string> {
    return this.#families.keys();
  }

  apply(changes: readonly Change[], position: number): void {
    for (const change of changes) {
      try {
        this.#applyOne(change.kind, change.id, change.fields);
      } catch (error) {
        this.#onBadRecord({ kind: change.kind, id: change.id }, error);
      }
    }
    this.position = position;
  }

  become(other: GlobalProjection): void {
    this.position = other.position;
    this.taskDefinitions = other.taskDefinitions;
    this.clusterNames = other.clusterNames;
    this.settings = other.settings;
    this.accessKeys = other.accessKeys;
    this.#families = other.#families;
  }

  *records(): Iterable<RecordChange> {
    for (const id of this.taskDefinitions.keys()) yield { kind: 'task-definition', id };
    for (const id of this.clusterNames) yield { kind: 'cluster-name', id };
    for (const id of this.settings.keys()) yield { kind: 'setting', id };
    for (const id of this.accessKeys.keys()) yield { kind: 'access-key', id };
  }

  #applyOne(kind: RecordChange['kind'], id: string, fields: Fields | undefined): void {
    switch (kind) {
      case 'task-definition':
        this.#replaceTaskDefinition(id, fields && decodeTaskDefinition(id, fields));
        break;
      case 'cluster-name':
        if (fields) this.clusterNames.add(id);
        else this.clusterNames.delete(id);
        break;
      case 'setting':
        replaceDoc(this.settings, id, fields);
        break;
      case 'access-key':
        replaceDoc(this.accessKeys, id, fields);
        break;
      case 'authority':
        break; // read once, at the start
      case 'cluster':
      case 'service':
      case 'task':
      case 'instance':
      case 'join-token':
      case 'enrolment':
        break; // of a cluster's partition
    }
  }

  #replaceTaskDefinition(id: string, definition: TaskDefinition | undefined): void {
    const old = this.taskDefinitions.get(id);
    if (definition) {
      this.taskDefinitions.set(id, definition);
      const revisions = this.#families.get(definition.family) ?? new Map<number, TaskDefinition>();
      this.#families.set(definition.family, revisions.set(definition.revision, definition));
    } else if (old) {
      this.taskDefinitions.delete(id);
      const revisions = this.#families.get(old.family);
      revisions?.delete(old.revision);
      if (revisions?.size === 0) this.#families.delete(old.family);
    }
  }
}

function replaceDoc(docs: Map<string, string>, id: string, fields: Fields | undefined): void {
  if (fields) docs.set(id, fields['doc'] ?? '');
  else docs.delete(id);
}
