/** Changes a record by what it holds now: read, decide, write only if nothing wrote in between, and again otherwise. */
import type { Fields, Partition, RecordKind, Store } from '../store/store.ts';
import { ApiError } from './api-error.ts';

const attempts = 10;

export interface RecordKey {
  partition: Partition;
  kind: RecordKind;
  id: string;
}

/** `change` gives the fields to set, or throws ApiError; undefined: there is no such record. Resolves with all fields as written. */
export async function updateRecord(
  store: Pick<Store, 'read' | 'put'>,
  { partition, kind, id }: RecordKey,
  change: (fields: Fields | undefined) => Fields,
): Promise<Fields> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const [fields] = await store.read(partition, kind, [id]);
    const set = change(fields);
    const expect = fields ? { version: fields['version'] ?? '' } : 'absent';
    const result = await store.put({ partition, kind, id, expect, set });
    if (result.ok) return { ...fields, ...set };
  }
  throw new ApiError('ServerException', `${kind} ${id} is being changed by too many callers at once. Try again.`);
}
