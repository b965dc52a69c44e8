/** Changes a record by what it holds now: read, decide, write only if nothing wrote in between, and again otherwise. */
import type { Fields, Partition, RecordKind, Store } from '../store/store.ts';
import { ApiError } from './api-error.ts';

const attempts = 10;

export interface RecordKey {
  partition: Partition;
  kind: RecordKind;
  id: string;
}

/** The fields to set; undefined: leave the record as it is. What it throws goes to the caller. */
export type RecordChange = (fields: Fields | undefined) => Fields | undefined;

/** Resolves with all fields as they are afterwards; undefined: there is no such record, and `change` made none. */
export async function updateRecord(
  store: Pick<Store, 'read' | 'put'>,
  { partition, kind, id }: RecordKey,
  change: RecordChange,
): Promise<Fields | undefined> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const [fields] = await store.read(partition, kind, [id]);
    const set = change(fields);
    if (!set) return fields;
    const expect = fields ? { version: fields['version'] ?? '' } : 'absent';
    const result = await store.put({ partition, kind, id, expect, set });
    if (result.ok) return { ...fields, ...set };
  }
  throw new ApiError('ServerException', `${kind} ${id} is being changed by too many callers at once. Try again.`);
}
