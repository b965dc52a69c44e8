/** What one command changes (commands/includes/changes.lua): edited on copies, published at its end as one step. */
import { placementHint, serviceHint } from '../store.ts';
import type { Fields, RecordKind, WorkHint, Written } from '../store.ts';
import type { MemoryPartition } from './partition.ts';

interface Touched {
  kind: RecordKind;
  id: string;
  /** undefined: removed */
  fields: Fields | undefined;
}

export class ChangeSet {
  readonly partition: MemoryPartition;
  readonly #touched = new Map<string, Touched>();
  readonly #hints = new Set<WorkHint>();
  readonly #raisedServices = new Set<string>();

  constructor(partition: MemoryPartition) {
    this.partition = partition;
  }

  /** The record's fields to change in place, a new record if there is none. Marks it changed. */
  edit(kind: RecordKind, id: string): Fields {
    const name = `${kind}/${id}`;
    const touched = this.#touched.get(name);
    if (touched?.fields) return touched.fields;
    const records = this.partition.recordsOf(kind);
    const fields = { ...records.get(id) };
    records.set(id, fields);
    if (touched) touched.fields = fields;
    else this.#touched.set(name, { kind, id, fields });
    return fields;
  }

  remove(kind: RecordKind, id: string): void {
    this.partition.recordsOf(kind).delete(id);
    const touched = this.#touched.get(`${kind}/${id}`);
    if (touched) touched.fields = undefined;
    else this.#touched.set(`${kind}/${id}`, { kind, id, fields: undefined });
  }

  hint(work: WorkHint): void {
    this.#hints.add(work);
    this.partition.dirty.add(work);
  }

  hintPlacement(): void {
    this.hint(placementHint);
  }

  hintService(service: string | undefined): void {
    if (service) this.hint(serviceHint(service));
  }

  /** Once a command: the service's tasks are not those any more that a reconciler decided on. */
  tasksOfServiceChanged(service: string | undefined): void {
    if (!service || this.#raisedServices.has(service) || !this.partition.record('service', service)) return;
    this.#raisedServices.add(service);
    raise(this.edit('service', service), 'tasksVersion');
  }

  publish(): Written {
    for (const { kind, id, fields } of this.#touched.values()) {
      if (fields) raise(fields, 'version');
      this.partition.appendToFeed(kind, id);
    }
    return { ok: true, seq: this.partition.feedEnd, hints: [...this.#hints] };
  }
}

export function raise(fields: Fields, field: string): void {
  fields[field] = String(Number(fields[field] ?? 0) + 1);
}
