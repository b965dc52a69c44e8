/** How the commands' replies are read. */
import type { Change, Fields, PutResult, RecordKind, StoreIdentity, WorkHint, Written } from './store.ts';

/** What a command replied: 'OK' or why not, then what its file says. */
export type Reply = [outcome: string, ...rest: unknown[]];

export const written = (reply: Reply): Written => ({ ok: true, seq: reply[1] as number, hints: reply[2] as WorkHint[] });

/** HGETALL's reply as fields; undefined when there was no such record. */
function fieldsOf(flat: readonly string[]): Fields | undefined {
  if (flat.length === 0) return undefined;
  const fields: Fields = {};
  for (let i = 0; i < flat.length; i += 2) fields[flat[i]!] = flat[i + 1]!;
  return fields;
}

export const identityOf = ([id, epoch, schema]: Reply): StoreIdentity => ({
  id,
  epoch: Number(epoch),
  schemaVersion: Number(schema),
});

export const putResult = (reply: Reply): PutResult =>
  reply[0] === 'OK' ? written(reply) : { ok: false, actual: fieldsOf(reply[1] as string[]) };

/** A record as read-changes.lua tells of it. */
export function changeOf(record: string): Change {
  const [kind, id, ...flat] = record.split('\0').map(ofItsOwn);
  return { kind: kind as RecordKind, id: id!, fields: fieldsOf(flat) };
}

/**
 * A short value is kept as it is by whoever decodes the record (ids, most of all), and a part of a string keeps the whole string
 * in memory: V8 copies only what is shorter than 13 characters. Long values are JSON, parsed and let go.
 */
const ofItsOwn = (text: string): string => (text.length < 13 || text.length > 64 ? text : Buffer.from(text).toString());
