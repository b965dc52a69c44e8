/** The store of a run: each command is carried out by the store itself, counted, and judged by the auditor. */
import type * as S from '../../packages/controller/src/store/store.ts';
import type { AppliedCommand, Auditor } from './auditor.ts';
import type { RunRecord } from './record.ts';

const noSessions: ReadonlyMap<string, string> = new Map();

export class AuditedStore {
  /** For what only reads. */
  readonly plain: S.Store;
  readonly #cluster: string;
  readonly #auditor: Auditor;
  readonly #record: RunRecord;
  /** False: every instance lives and can be reached, so none may be judged lost. */
  readonly #mayJudge: boolean;
  #audited = 0;

  constructor(options: { store: S.Store; cluster: string; auditor: Auditor; record: RunRecord; mayJudge: boolean }) {
    this.plain = options.store;
    this.#cluster = options.cluster;
    this.#auditor = options.auditor;
    this.#record = options.record;
    this.#mayJudge = options.mayJudge;
  }

  put(command: S.PutRecord): Promise<S.PutResult> {
    return this.#judged('put', this.plain.put(command), (result) => {
      if (!result.ok) this.#record.refusal('UNEXPECTED');
    });
  }

  remove(command: Parameters<S.Store['remove']>[0]): Promise<S.PutResult> {
    return this.#judged('remove', this.plain.remove(command));
  }

  registerTaskDefinition(command: Parameters<S.Store['registerTaskDefinition']>[0]): Promise<{ revision: number; seq: number }> {
    return this.#judged('registerTaskDefinition', this.plain.registerTaskDefinition(command));
  }

  deleteCluster(cluster: string): ReturnType<S.Store['deleteCluster']> {
    return this.#judged('deleteCluster', this.plain.deleteCluster(cluster));
  }

  createTasks(command: S.CreateTasks): Promise<S.CreateTasksResult> {
    return this.#judged('createTasks', this.plain.createTasks(command), (result) => {
      if (!result.ok) this.#record.refusal(result.reason);
    });
  }

  stopTasks(command: Parameters<S.Store['stopTasks']>[0]): ReturnType<S.Store['stopTasks']> {
    return this.#judged('stopTasks', this.plain.stopTasks(command));
  }

  /** `followedTo`: the feed position that the caller had seen when it decided. */
  async commitService(command: Parameters<S.Store['commitService']>[0], followedTo: number): Promise<S.CommitServiceResult> {
    const result = await this.plain.commitService(command);
    if (!result.ok) this.#record.refusal(result.reason);
    const reconcile = result.ok ? { service: command.service, created: command.create.length, followedTo } : undefined;
    await this.#judge({ name: 'commitService', ...(reconcile ? { reconcile } : {}) });
    return result;
  }

  commitPlacement(command: S.CommitPlacement): Promise<S.CommitPlacementResult> {
    return this.#judged('commitPlacement', this.plain.commitPlacement(command), ({ refused, withdrawn }) => {
      for (const reason of refused) if (reason) this.#record.refusal(reason);
      for (const done of withdrawn) if (!done) this.#record.refusal('NOT_WITHDRAWN');
    });
  }

  reap(command: Parameters<S.Store['reap']>[0]): ReturnType<S.Store['reap']> {
    return this.#judged('reap', this.plain.reap(command));
  }

  openSession(command: S.OpenSession): Promise<S.OpenSessionResult> {
    return this.#judged('openSession', this.plain.openSession(command), (result) => {
      if (!result.ok) this.#record.refusal(result.reason);
    });
  }

  async reportStatus(command: S.ReportStatus): Promise<S.ReportStatusResult> {
    const { instance, session } = command;
    const sessions = new Map([[instance, this.#auditor.sessionOf(instance)]]);
    const result = await this.plain.reportStatus(command);
    if (!result.ok) this.#record.refusal(result.reason);
    for (const outcome of result.ok ? result.outcomes : []) if (outcome !== 'WRITTEN') this.#record.refusal(outcome);
    const hasWritten = result.ok && result.outcomes.includes('WRITTEN');
    await this.#judge({ name: 'reportStatus', ...(hasWritten ? { wroteFor: [{ instance, session }] } : {}) }, sessions);
    return result;
  }

  async refreshLeases(command: S.RefreshLeases): Promise<{ superseded: string[] }> {
    const sessions = new Map(command.sessions.map(({ instance }) => [instance, this.#auditor.sessionOf(instance)]));
    const result = await this.plain.refreshLeases(command);
    for (const _ of result.superseded) this.#record.refusal('LEASE');
    const superseded = new Set(result.superseded);
    const wroteFor = command.sessions.filter(({ instance }) => !superseded.has(instance));
    await this.#judge({ name: 'refreshLeases', wroteFor }, sessions);
    return result;
  }

  sweepLeases(command: S.SweepLeases): Promise<S.SweepResult> {
    return this.#judged('sweepLeases', this.plain.sweepLeases(command), ({ lost }) => {
      for (const _ of lost) this.#record.request('instance judged lost');
      if (!this.#mayJudge && lost.length > 0) this.#record.violated(`judged: ${lost.join()} live and were judged lost`);
    });
  }

  abandonTasks(command: S.AbandonTasks): Promise<S.AbandonResult> {
    return this.#judged('abandonTasks', this.plain.abandonTasks(command));
  }

  async #judged<R>(name: string, command: Promise<R>, count?: (result: R) => void): Promise<R> {
    const result = await command;
    count?.(result);
    await this.#judge({ name });
    return result;
  }

  /** One command is carried out at a virtual moment, so what the feed has since the last one is its doing. */
  async #judge(command: AppliedCommand, sessions = noSessions): Promise<void> {
    const read = await this.plain.readChanges(this.#cluster, this.#audited);
    if (read.reset) throw new Error('the auditor lost the feed');
    this.#audited = read.seq;
    this.#record.fold(read.seq);
    for (const { fields } of read.changes) this.#record.fold(Number(fields?.['version'] ?? -1));
    this.#auditor.applied(command, await this.#whole(read.changes), read.seq, sessions);
  }

  /** Of a task that was there before, the feed tells only what readers need; the auditor looks at everything. */
  async #whole(changes: readonly S.Change[]): Promise<S.Change[]> {
    const tasks = changes.filter(({ kind, fields }) => kind === 'task' && fields);
    const ids = tasks.map(({ id }) => id);
    const records = await this.plain.read(this.#cluster, 'task', ids);
    const byId = new Map(ids.map((id, index) => [id, records[index]]));
    return changes.map((change) => (change.kind === 'task' ? { ...change, fields: byId.get(change.id) } : change));
  }
}
