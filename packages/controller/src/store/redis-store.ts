/**
 * The store in Redis. Each method frames its arguments, runs one Lua command (commands/*.lua says what it guarantees) and reads the
 * reply; nothing is decided here. A write whose reply was lost is not repeated: StoreUnavailableError.
 */
import type { Logger } from '@mini-ecs/shared';
import { newUuid } from '@mini-ecs/shared';
import type { Redis } from 'ioredis';
import { Batcher } from './batcher.ts';
import { FeedWatcher } from './feed-watcher.ts';
import { defaultKeyPrefix, PartitionKeys } from './keys.ts';
import { each, expectation, fieldList, list, newTasks, stops, type Argument } from './redis-arguments.ts';
import { loadCommands } from './redis-commands.ts';
import type { CommandName, RedisCommand } from './redis-commands.ts';
import { RedisConnection, redisOptions } from './redis-connection.ts';
import { changeOf, identityOf, putResult, written, type Reply } from './redis-replies.ts';
import { changesLimit, defaultFeedLength, recordKinds, schemaVersion } from './store-limits.ts';
import { globalPartition, StoreVersionError } from './store.ts';
import type * as S from './store.ts';

export interface RedisStoreOptions {
  /** `redis://…`, `rediss://…`, `unix:///path/to/socket` or the socket's path. */
  url: string;
  /** @default mini-ecs */
  keyPrefix?: string;
  /** Entries that the feed of a partition keeps at least. @default 100,000 */
  feedLength?: number;
  log: Logger;
}

/** Records read in one round trip. */
const chunkSize = 500;
/** Task statuses in one command: about 10 ms of Redis's time. */
const statusesPerCommand = 500;

export class RedisStore implements S.Store {
  readonly #connection: RedisConnection;
  readonly #watcher: FeedWatcher;
  readonly #commands: Record<CommandName, RedisCommand>;
  readonly #keyPrefix: string;
  readonly #statusReports = new Map<string, Batcher<S.ReportStatus, S.ReportStatusResult>>();

  /** Throws StoreUnavailableError when Redis does not answer within 5 s. */
  static async connect(options: RedisStoreOptions): Promise<RedisStore> {
    const store = new RedisStore(options);
    try {
      await store.#connection.run((redis) => redis.ping());
      return store;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  private constructor({ url, keyPrefix = defaultKeyPrefix, feedLength = defaultFeedLength, log }: RedisStoreOptions) {
    this.#keyPrefix = keyPrefix;
    this.#commands = loadCommands(feedLength);
    this.#connection = new RedisConnection(redisOptions(url), 'mini-ecs-store', log, (redis) => this.#teach(redis));
    this.#watcher = new FeedWatcher({
      blocking: new RedisConnection(redisOptions(url), 'mini-ecs-feed', log),
      commands: this.#connection,
      keysOf: (partition) => this.#keysOf(partition),
      log,
    });
  }

  async identity(): Promise<S.StoreIdentity> {
    const identity = identityOf(await this.#run('make-identity', globalPartition, [newUuid(), schemaVersion]));
    if (identity.schemaVersion > schemaVersion) {
      throw new StoreVersionError(
        `The store has schema ${identity.schemaVersion}, this mini-ecs knows ${schemaVersion}: run a newer controller.`,
      );
    }
    return identity;
  }

  async raiseEpoch(): Promise<S.StoreIdentity> {
    await this.identity();
    return identityOf(await this.#run('raise-epoch', globalPartition, []));
  }

  // ── reading ──

  async read(partition: S.Partition, kind: S.RecordKind, ids: readonly string[]): Promise<(S.Fields | undefined)[]> {
    const keys = this.#keysOf(partition);
    const records: (S.Fields | undefined)[] = [];
    for (let i = 0; i < ids.length; i += chunkSize) {
      const chunk = ids.slice(i, i + chunkSize).map((id) => keys.record(kind, id));
      records.push(...(await this.#connection.run((redis) => readHashes(redis, chunk))));
    }
    return records;
  }

  async feedEnd(partition: S.Partition): Promise<number> {
    return Number((await this.#connection.run((redis) => redis.get(this.#keysOf(partition).feedEnd))) ?? 0);
  }

  async readChanges(partition: S.Partition, since: number): Promise<S.Changes> {
    const [outcome, seq, ...records] = await this.#run('read-changes', partition, [since, changesLimit]);
    if (outcome === 'RESET') return { reset: true };
    return { reset: false, seq: seq as number, changes: (records as string[]).map(changeOf) };
  }

  async *snapshot(partition: S.Partition): AsyncGenerator<S.StoredRecord[]> {
    const keys = this.#keysOf(partition);
    for (const kind of recordKinds) {
      let cursor = '0';
      do {
        const [next, ids] = await this.#connection.run((redis) => redis.sscan(keys.ids(kind), cursor, 'COUNT', chunkSize));
        cursor = next;
        const records = await this.read(partition, kind, ids);
        const chunk = ids.flatMap((id, i) => (records[i] ? [{ kind, id, fields: records[i] }] : []));
        if (chunk.length > 0) yield chunk;
      } while (cursor !== '0');
    }
  }

  waitForChanges(positions: ReadonlyMap<S.Partition, number>, timeoutMs: number, signal?: AbortSignal): Promise<S.Partition[]> {
    return this.#watcher.wait(positions, timeoutMs, signal);
  }

  // ── records of any kind ──

  async put(command: S.PutRecord): Promise<S.PutResult> {
    const { partition, kind, id, expect, set, raise = [], unset = [], hints = [] } = command;
    return putResult(
      await this.#run('put', partition, [
        kind,
        id,
        ...expectation(expect),
        ...fieldList(set),
        ...list(raise),
        ...list(unset),
        ...list(hints),
        partition,
      ]),
    );
  }

  async remove(command: { partition: S.Partition; kind: S.RecordKind; id: string; expect: S.Expectation }): Promise<S.PutResult> {
    return putResult(await this.#run('remove', command.partition, [command.kind, command.id, ...expectation(command.expect)]));
  }

  async registerTaskDefinition(command: { family: string; fields: S.Fields }): Promise<{ revision: number; seq: number }> {
    const reply = await this.#run('register-task-definition', globalPartition, [command.family, ...fieldList(command.fields)]);
    return { revision: reply[3] as number, seq: written(reply).seq };
  }

  async deleteCluster(cluster: string): ReturnType<S.Store['deleteCluster']> {
    const reply = await this.#run('delete-cluster', cluster, [cluster]);
    if (reply[0] === 'OK') return written(reply);
    return { ok: false, reason: reply[0] as 'NOT_FOUND' | 'INSTANCES' | 'SERVICES' | 'TASKS' };
  }

  // ── tasks and services ──

  async createTasks({ cluster, tasks, token }: S.CreateTasks): Promise<S.CreateTasksResult> {
    const { token: name = '', requestHash = '', requestId = '' } = token ?? {};
    const reply = await this.#run('create-tasks', cluster, [cluster, name, requestHash, requestId, ...newTasks(tasks)]);
    const [outcome, firstRequestId, ...taskIds] = reply as string[];
    if (outcome === 'CLUSTER_NOT_ACTIVE') return { ok: false, reason: outcome };
    if (outcome === 'REPEATED') return { ok: false, reason: outcome, taskIds, requestId: firstRequestId! };
    if (outcome === 'TOKEN_CONFLICT') return { ok: false, reason: outcome, taskIds };
    return { ...written(reply), taskIds: tasks.map(({ id }) => id), ...(token ? { requestId } : {}) };
  }

  async stopTasks(command: { cluster: string; tasks: S.StopTask[]; now: number }): Promise<S.Written & { found: boolean[] }> {
    const reply = await this.#run('stop-tasks', command.cluster, [command.now, ...stops(command.tasks)]);
    return { ...written(reply), found: (reply[3] as number[]).map((found) => found === 1) };
  }

  async commitService(command: S.CommitService & { now: number }): Promise<S.CommitServiceResult> {
    const { cluster, service, expect, state, status = '', now, create, stop } = command;
    const reply = await this.#run('commit-service', cluster, [
      service,
      expect.specVersion,
      expect.tasksVersion,
      expect.stateVersion,
      state,
      status,
      now,
      ...list(expect.unplaced ?? []),
      ...newTasks(create),
      ...stops(stop),
    ]);
    return reply[0] === 'OK' ? written(reply) : { ok: false, reason: reply[0] as 'STALE' | 'NOT_FOUND' };
  }

  async commitPlacement({ cluster, now, bind, withdraw, serviceRefusals }: S.CommitPlacement): Promise<S.CommitPlacementResult> {
    const reply = await this.#run('commit-placement', cluster, [
      now,
      ...each(bind, ({ task, instance }) => [task, instance]),
      ...each(withdraw, ({ task, requestId, refusal }) => [task, requestId, refusal]),
      ...each(serviceRefusals, ({ service, refusal }) => [service, refusal]),
    ]);
    return {
      ...written(reply),
      refused: (reply[3] as string[]).map((refusal) => (refusal === '' ? undefined : (refusal as S.BindRefusal))),
      withdrawn: (reply[4] as number[]).map((withdrawn) => withdrawn === 1),
    };
  }

  refusals(cluster: string, requestId: string): Promise<string[]> {
    return this.#connection.run((redis) => redis.lrange(this.#keysOf(cluster).refusals(requestId), 0, -1));
  }

  async reap(command: { cluster: string; before: number; limit: number }): ReturnType<S.Store['reap']> {
    const reply = await this.#run('reap', command.cluster, [command.before, command.limit]);
    return { ...written(reply), tasks: reply[3] as string[], instances: reply[4] as string[] };
  }

  // ── identity ──

  async enrolInstance(command: S.EnrolInstance): Promise<S.EnrolmentResult> {
    const { cluster, instance, token, secretHash, keyHash, certificates } = command;
    const reply = await this.#run('enrol-instance', cluster, [cluster, instance, token, secretHash, keyHash, certificates]);
    return reply[0] === 'OK' ? written(reply) : { ok: false, reason: reply[0] as S.EnrolmentRefusal };
  }

  // ── sessions and leases ──

  async openSession(command: S.OpenSession): Promise<S.OpenSessionResult> {
    const { cluster, instance, session, doc, resources, register, leaseMs } = command;
    const { cpu, memory, ports } = resources;
    const mayCreate = register ? 1 : 0;
    const reply = await this.#run('open-session', cluster, [
      cluster,
      instance,
      session,
      doc,
      cpu,
      memory,
      ports,
      mayCreate,
      leaseMs,
    ]);
    return reply[0] === 'OK' ? written(reply) : { ok: false, reason: reply[0] as 'CLUSTER_NOT_FOUND' | 'UNKNOWN_INSTANCE' };
  }

  /** The reports of all sessions that come while one command runs are the next command. */
  reportStatus(command: S.ReportStatus): Promise<S.ReportStatusResult> {
    const { cluster } = command;
    let batcher = this.#statusReports.get(cluster);
    if (!batcher) {
      const send = (reports: S.ReportStatus[]): Promise<S.ReportStatusResult[]> => this.#reportStatuses(cluster, reports);
      batcher = new Batcher(send, { most: statusesPerCommand, sizeOf: ({ reports }) => reports.length });
      this.#statusReports.set(cluster, batcher);
    }
    return batcher.add(command);
  }

  async #reportStatuses(cluster: string, sessions: readonly S.ReportStatus[]): Promise<S.ReportStatusResult[]> {
    const reply = await this.#run('report-status', cluster, [
      Math.max(...sessions.map(({ now }) => now)),
      ...each(sessions, ({ instance, session, reports }) => [
        instance,
        session,
        ...each(reports, ({ task, lastStatus, rank, health, observed }) => [task, lastStatus, rank, health, observed]),
      ]),
    ]);
    const { seq, hints } = written(reply);
    const answers = reply[3] as (S.StatusOutcome[] | 'SUPERSEDED')[];
    // Whoever queues the hints need do it once.
    const teller = answers.findIndex((outcomes) => outcomes !== 'SUPERSEDED');
    return answers.map((outcomes, index) =>
      outcomes === 'SUPERSEDED'
        ? { ok: false, reason: outcomes }
        : { ok: true, seq, hints: index === teller ? hints : [], outcomes },
    );
  }

  async refreshLeases({ cluster, leaseMs, controller, sessions }: S.RefreshLeases): Promise<{ superseded: string[] }> {
    const heard = each(sessions, ({ instance, session, agoMs }) => [instance, session, agoMs ?? 0]);
    return { superseded: (await this.#run('refresh-leases', cluster, [leaseMs, controller, ...heard])) as string[] };
  }

  async sweepLeases({ cluster, leaseMs, periodMs, holderSilenceMs }: S.SweepLeases): Promise<S.SweepResult> {
    const reply = await this.#run('sweep-leases', cluster, [leaseMs, periodMs, holderSilenceMs]);
    const { seq, hints } = written(reply);
    return { seq, hints, lost: reply[3] as string[], pausedForMs: reply[4] as number };
  }

  async abandonTasks(command: S.AbandonTasks): Promise<S.AbandonResult> {
    const { cluster, instance, tasks, now } = command;
    const reason = 'instanceStatus' in command ? [command.instanceStatus, 0] : ['', command.awayForMs];
    const named = each(tasks, ({ id, observed }) => [id, observed]);
    const reply = await this.#run('abandon-tasks', cluster, [instance, ...reason, now, ...named]);
    return reply[0] === 'OK' ? written(reply) : { ok: false, reason: reply[0] as S.AbandonRefusal };
  }

  // ── work hints ──

  hints(cluster: string): Promise<S.WorkHint[]> {
    return this.#connection.run((redis) => redis.smembers(this.#keysOf(cluster).dirty));
  }

  async clearHint(cluster: string, hint: S.WorkHint): Promise<void> {
    await this.#connection.run((redis) => redis.srem(this.#keysOf(cluster).dirty, hint));
  }

  async close(): Promise<void> {
    this.#watcher.close();
    this.#connection.close();
  }

  /** Not kept: strangers who ask to join name what clusters they like. */
  #keysOf(partition: S.Partition): PartitionKeys {
    return new PartitionKeys(this.#keyPrefix, partition);
  }

  /** A Redis that was restarted has forgotten the commands. */
  #teach(redis: Redis): void {
    // One that fails is sent in full by #run.
    for (const { lua } of Object.values(this.#commands)) redis.script('LOAD', lua).catch(() => undefined);
  }

  /** A command that Redis does not know was not run: sent again in full. */
  #run(name: CommandName, partition: S.Partition, args: Argument[]): Promise<Reply> {
    const { sha, lua } = this.#commands[name];
    const framed = ['1', this.#keysOf(partition).base, ...args];
    return this.#connection.run(async (redis) => {
      try {
        return (await redis.call('EVALSHA', [sha, ...framed])) as Reply;
      } catch (error) {
        if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
        return (await redis.call('EVAL', [lua, ...framed])) as Reply;
      }
    });
  }
}

async function readHashes(redis: Redis, keys: readonly string[]): Promise<(S.Fields | undefined)[]> {
  if (keys.length === 0) return [];
  const pipeline = redis.pipeline();
  for (const key of keys) pipeline.hgetall(key);
  const replies = (await pipeline.exec()) ?? [];
  return replies.map(([error, fields]) => {
    if (error) throw error;
    return Object.keys(fields as S.Fields).length === 0 ? undefined : (fields as S.Fields);
  });
}
