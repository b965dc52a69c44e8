/**
 * The store: the one place where state lives. Two implementations, `RedisStore` and `MemoryStore`,
 * pass one contract suite (test/contract).
 *
 * It is split into partitions: one for every ECS cluster, and `globalPartition` for what belongs to
 * none (task definitions, account settings, access keys, the authority, the index of clusters). A partition holds
 * records (kind, id, a hash of string fields) and a gapless change feed. Every command is atomic:
 * it checks what it assumes, writes records and indexes, raises each touched record's `version`, and adds
 * each to the feed, or does nothing and answers why.
 *
 * Fields hold opaque JSON written by TypeScript, plus a few plain ones that commands check
 * (store/records.ts names them all). One writer a field: see docs/flow.md.
 */
export type Partition = string;

/** No cluster can have this name. */
export const globalPartition: Partition = '@';

export type RecordKind =
  | 'cluster'
  | 'service'
  | 'task'
  | 'instance'
  | 'task-definition'
  | 'cluster-name'
  | 'setting'
  | 'access-key'
  | 'authority'
  | 'join-token'
  | 'enrolment';

export type Fields = Record<string, string>;

export interface StoredRecord {
  kind: RecordKind;
  id: string;
  fields: Fields;
}

/**
 * A record that changed: its fields now, or undefined when it is gone. Of a task that was there before, only those that change after
 * its creation.
 */
export interface Change {
  kind: RecordKind;
  id: string;
  fields: Fields | undefined;
}

/**
 * Everything that changed after `since`, each record once and as it is at feed position `seq`, read in one atomic
 * step: records applied in full are exactly the partition at `seq`. `reset`: the feed no longer reaches
 * back that far (or the store is another one); load a snapshot.
 */
export type Changes = { reset: false; seq: number; changes: Change[] } | { reset: true };

/** What to look at after a command: `service/<name>` or `placement`. Kept in the partition's dirty set until taken. */
export type WorkHint = string;
export const placementHint: WorkHint = 'placement';
export const serviceHint = (service: string): WorkHint => `service/${service}`;

/**
 * `absent`: no such record. Fields: there is such a record, and each named field holds the value (null: it is not set;
 * '' is the same as not set).
 */
export type Expectation = 'absent' | 'any' | Record<string, string | null>;

export interface PutRecord {
  partition: Partition;
  kind: RecordKind;
  id: string;
  expect: Expectation;
  set: Fields;
  /** Fields raised by one, counted in the store (`specVersion`). */
  raise?: string[];
  unset?: string[];
  hints?: WorkHint[];
}

/** `hints`: what this command marked dirty, for the caller to queue at once. */
export type Written = { ok: true; seq: number; hints: WorkHint[] };
export type PutResult = Written | { ok: false; actual: Fields | undefined };

export interface NewTask {
  id: string;
  /** doc, desired, observed, tags, lastStatus, desiredStatus, cpu, memory, ports, service, … as records.encodeNewTask makes them */
  fields: Fields;
}

export interface CreateTasks {
  cluster: string;
  tasks: NewTask[];
  /** Idempotence of RunTask and StartTask: kept for 24 h. */
  token?: { token: string; requestHash: string; requestId: string };
}

export type CreateTasksResult =
  | (Written & { taskIds: string[]; requestId?: string })
  /** The token was used before, by this request; nothing was written. */
  | { ok: false; reason: 'REPEATED'; taskIds: string[]; requestId: string }
  /** The token was used before, by another request: that one's tasks. */
  | { ok: false; reason: 'TOKEN_CONFLICT'; taskIds?: string[] }
  | { ok: false; reason: 'CLUSTER_NOT_ACTIVE' };

export interface StopTask {
  id: string;
  /** the new `desired` field */
  desired: string;
  /** the `observed` field to write when the task is bound to no instance: it is STOPPED at once */
  observedIfUnplaced: string;
}

export interface CommitService {
  cluster: string;
  service: string;
  /**
   * What the decision was made from. `stateVersion`: two workers may decide at once (one lost its lock), and what the first has
   * told and completed is not the second's to overwrite. `unplaced`: tasks that had no place then, where it matters (a stop
   * ends such a task at once, and frees what it counted for); a placement raises no tasksVersion.
   */
  expect: { specVersion: number; tasksVersion: number; stateVersion: number; unplaced?: readonly string[] };
  state: string;
  status?: 'INACTIVE';
  create: NewTask[];
  stop: StopTask[];
}
export type CommitServiceResult = Written | { ok: false; reason: 'STALE' | 'NOT_FOUND' };

export interface CommitPlacement {
  cluster: string;
  /** ms since the epoch, becomes `placedAt` */
  now: number;
  bind: { task: string; instance: string }[];
  /** Removes tasks of RunTask that found no place, leaving `refusal` (JSON) under the request. */
  withdraw: { task: string; requestId: string; refusal: string }[];
  /** Why tasks of services found no place (field `refusal`, JSON). */
  serviceRefusals: { service: string; refusal: string }[];
}

/** Why the store refused to bind a task. TASK_*: the task is gone, bound, or no longer wanted. */
export type BindRefusal =
  | 'TASK_GONE'
  | 'TASK_BOUND'
  | 'TASK_STOPPING'
  | 'INSTANCE_GONE'
  | 'INSTANCE_NOT_ACTIVE'
  | 'AGENT'
  | 'RESOURCE:CPU'
  | 'RESOURCE:MEMORY'
  | 'RESOURCE:PORTS';

export interface CommitPlacementResult extends Written {
  /** One a binding, in order: undefined when bound. */
  refused: (BindRefusal | undefined)[];
  /** One a withdrawal, in order: false when the task was bound or gone by then. */
  withdrawn: boolean[];
}

export interface EnrolInstance {
  cluster: string;
  instance: string;
  /** Id of the join token, and the SHA-256 of the secret that came with it. */
  token: string;
  secretHash: string;
  /** SHA-256 of the public key: the same instance with the same key again is the same enrolment. */
  keyHash: string;
  /** The `certificates` field of the enrolment. */
  certificates: string;
}
/** UNKNOWN_TOKEN: none such, or the secret is not its own. OTHER_INSTANCE: the token is for another one. */
export type EnrolmentRefusal =
  | 'CLUSTER_NOT_FOUND'
  | 'UNKNOWN_TOKEN'
  | 'TOKEN_EXPIRED'
  | 'TOKEN_USED_UP'
  | 'OTHER_INSTANCE'
  | 'ALREADY_ENROLLED'
  | 'DEREGISTERED';
export type EnrolmentResult = Written | { ok: false; reason: EnrolmentRefusal };

export interface OpenSession {
  cluster: string;
  instance: string;
  session: string;
  /** The `doc` field. `cpu`, `memory` and `ports` are what it has in all. */
  doc: string;
  resources: { cpu: number; memory: number; ports: string };
  /** True: create the instance if the store does not know it. */
  register: boolean;
  leaseMs: number;
}
/** A success makes `session` the only one that may write for the instance, marks it connected and gives it a lease. */
export type OpenSessionResult = Written | { ok: false; reason: 'CLUSTER_NOT_FOUND' | 'UNKNOWN_INSTANCE' };

export interface StatusWrite {
  task: string;
  lastStatus: string;
  /** 0…7, taskStatusRank(lastStatus) */
  rank: number;
  /** healthStatus: another one than before makes the task's service look */
  health: string;
  /** JSON of TaskObservation */
  observed: string;
}

export interface ReportStatus {
  cluster: string;
  instance: string;
  session: string;
  /** ms since the epoch: the score under which a task STOPPED now is removed later */
  now: number;
  reports: StatusWrite[];
}
export type StatusOutcome = 'WRITTEN' | 'BACKWARD' | 'UNKNOWN_TASK';
export type ReportStatusResult = (Written & { outcomes: StatusOutcome[] }) | { ok: false; reason: 'SUPERSEDED' };

export interface RefreshLeases {
  cluster: string;
  leaseMs: number;
  /** Who holds the sessions: any id, its own for as long as it lives. */
  controller: string;
  /** All that it holds in this cluster; none when the last one has ended. `agoMs`: how long ago the agent was heard of; its lease runs from then. @default 0 */
  sessions: { instance: string; session: string; agoMs?: number }[];
}

export interface SweepLeases {
  cluster: string;
  leaseMs: number;
  /** How often the sweep is meant to run; a last tick older than two periods starts a judgement pause. */
  periodMs: number;
  /** A controller that refreshed no lease for longer is gone, and its agents on their way to another. */
  holderSilenceMs: number;
}
export interface SweepResult {
  /** Judged lost by this sweep: `connected` is now 0. */
  lost: string[];
  /** ms for which nobody is judged yet; 0: judging. */
  pausedForMs: number;
  hints: WorkHint[];
  seq: number;
}

export type AbandonTasks = {
  cluster: string;
  instance: string;
  /** Each with the STOPPED observation to write. Tasks that have STOPPED by then are skipped. */
  tasks: { id: string; observed: string }[];
  now: number;
} & (
  | {
      /** Written to the instance with it: deregistration. Refused with TASKS_LEFT if a bound task is neither named nor STOPPED. */
      instanceStatus: 'INACTIVE';
    }
  | {
      /** Refused with NOT_AWAY unless the instance is disconnected, for at least so long by the store's own clock. */
      awayForMs: number;
    }
);
export type AbandonRefusal = 'TASKS_LEFT' | 'NOT_AWAY' | 'UNKNOWN_INSTANCE';
export type AbandonResult = Written | { ok: false; reason: AbandonRefusal };

export interface StoreIdentity {
  /** Random; made with the store. */
  id: string;
  /** Raised by a restore. */
  epoch: number;
  schemaVersion: number;
}

export interface Store {
  /** Makes the identity on an empty store. Throws StoreVersionError for a newer schema. */
  identity(): Promise<StoreIdentity>;
  /** Of a store that was restored from a backup: agents that have seen the epoch follow no other copy of it any more. */
  raiseEpoch(): Promise<StoreIdentity>;

  // ── reading ──
  /** In the order asked for; undefined for what is not there. */
  read(partition: Partition, kind: RecordKind, ids: readonly string[]): Promise<(Fields | undefined)[]>;
  /** The last feed position of a partition; 0 for an empty one. */
  feedEnd(partition: Partition): Promise<number>;
  readChanges(partition: Partition, since: number): Promise<Changes>;
  /** Every record, in chunks; not of one moment: read feedEnd before, readChanges after. */
  snapshot(partition: Partition): AsyncIterable<StoredRecord[]>;
  /** Resolves with the partitions whose feed has passed the given position, or [] after `timeoutMs`. */
  waitForChanges(positions: ReadonlyMap<Partition, number>, timeoutMs: number, signal?: AbortSignal): Promise<Partition[]>;

  // ── records of any kind ──
  /**
   * Creates or changes a record. Refused too: creating a task or an instance (createTasks and openSession do), and making a
   * service active in a cluster that is INACTIVE. An instance that it makes INACTIVE loses its session and lease, and its
   * enrolment is revoked.
   */
  put(command: PutRecord): Promise<PutResult>;
  /** Refused too for an instance with tasks that have not STOPPED. */
  remove(command: { partition: Partition; kind: RecordKind; id: string; expect: Expectation }): Promise<PutResult>;
  /** Gives the record `<family>:<n>` with the next n of the family: counted up atomically, never used twice. */
  registerTaskDefinition(command: { family: string; fields: Fields }): Promise<{ revision: number; seq: number }>;
  /**
   * Marks it INACTIVE unless it holds what `DeleteCluster` refuses: active instances, services not INACTIVE, tasks not STOPPED.
   * Its join tokens, and enrolments that were never used, go with it.
   */
  deleteCluster(cluster: string): Promise<Written | { ok: false; reason: 'NOT_FOUND' | 'INSTANCES' | 'SERVICES' | 'TASKS' }>;

  // ── tasks and services ──
  createTasks(command: CreateTasks): Promise<CreateTasksResult>;
  stopTasks(command: { cluster: string; tasks: StopTask[]; now: number }): Promise<Written & { found: boolean[] }>;
  commitService(command: CommitService & { now: number }): Promise<CommitServiceResult>;
  commitPlacement(command: CommitPlacement): Promise<CommitPlacementResult>;
  /** What was left under a request by withdrawals: JSON, in order. Kept for 24 h. */
  refusals(cluster: string, requestId: string): Promise<string[]>;
  /** Removes tasks STOPPED, and instances INACTIVE, before `before` (ms), at most `limit` of each; the ids that went. */
  reap(command: { cluster: string; before: number; limit: number }): Promise<Written & { tasks: string[]; instances: string[] }>;

  // ── identity ──
  /**
   * Takes one use of a join token and writes the instance's enrolment. An instance that is known already needs a token made for it,
   * unless it asks again with the same key and token (its answer was lost): that takes no further use.
   */
  enrolInstance(command: EnrolInstance): Promise<EnrolmentResult>;

  // ── sessions and leases ──
  openSession(command: OpenSession): Promise<OpenSessionResult>;
  reportStatus(command: ReportStatus): Promise<ReportStatusResult>;
  /** The instances that got no lease: their session was superseded, or they were judged lost or deregistered since. */
  refreshLeases(command: RefreshLeases): Promise<{ superseded: string[] }>;
  sweepLeases(command: SweepLeases): Promise<SweepResult>;
  abandonTasks(command: AbandonTasks): Promise<AbandonResult>;

  // ── work hints ──
  hints(cluster: string): Promise<WorkHint[]>;
  /** Forgets a hint: called by a worker before it looks. */
  clearHint(cluster: string, hint: WorkHint): Promise<void>;

  close(): Promise<void>;
}

export class StoreVersionError extends Error {
  override readonly name = 'StoreVersionError';
  readonly code = 'STORE_VERSION';
}

/** The store cannot be reached now. What was asked may or may not have been done. The API answers ServiceUnavailableException. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError';
  readonly code = 'STORE_UNAVAILABLE';
}
