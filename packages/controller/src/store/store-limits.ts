/** What both stores agree on beyond the contract's types. */
import type { RecordKind } from './store.ts';

export const recordKinds = [
  'cluster',
  'service',
  'task',
  'instance',
  'task-definition',
  'cluster-name',
  'setting',
  'access-key',
  'authority',
  'join-token',
  'enrolment',
] as const satisfies readonly RecordKind[];

/** Raised when records or keys change in a way that an older controller would misread. */
export const schemaVersion = 1;

/** Entries that the change feed of a partition keeps at least. */
export const defaultFeedLength = 100_000;

/** More changed records than this in one readChanges: loading a snapshot is kinder to everybody. */
export const changesLimit = 20_000;

/**
 * Fields of a task that change after its creation, of those that readers decode (records.decodeTask); `version` does in any case.
 * All that readChanges tells of a task that was there before.
 */
export const changingTaskFields = ['desired', 'observed', 'instance', 'placedAt', 'tags'] as const;

/** How long client tokens and the refusals of a request are kept. */
export const oneDayMs = 24 * 60 * 60 * 1_000;

/** Agents that controllers of a small machine take in a second, each with a TLS handshake: how long a fleet needs to come back. */
export const returnsPerSecond = 250;

/** Instances judged lost by one sweep; the next sweep goes on. */
export const lostPerSweep = 1_000;
