/** What clients were promised: every answer given is held against the store, then and at every later change. */
import type { Fields } from '../../packages/controller/src/store/store.ts';
import type { Auditor } from './auditor.ts';
import type { RunRecord } from './record.ts';

/** What a service was last asked to be. */
export interface ServiceWish {
  desiredCount: number;
  /** `family:revision` */
  taskDefinition: string;
  isDeleted: boolean;
}

type InstanceWish = 'ACTIVE' | 'DRAINING';

/** One RunTask. */
interface Run {
  /** What it was answered with; undefined: not yet. */
  answered: Set<string> | undefined;
}

export type Outcome = 'acknowledged' | 'refused' | 'unknown';

export class Ledger {
  readonly #auditor: Auditor;
  readonly #record: RunRecord;
  /** Either of these the store may hold: more than one while a request is not answered. */
  readonly #services = new Map<string, ServiceWish[]>();
  readonly #instances = new Map<string, InstanceWish[]>();
  /** By `startedBy`, which is different for each. */
  readonly #runs = new Map<string, Run>();
  readonly #runOfTask = new Map<string, string>();
  readonly #promisedTasks = new Set<string>();

  constructor(auditor: Auditor, record: RunRecord) {
    this.#auditor = auditor;
    this.#record = record;
    auditor.onChange(({ kind, id, fields }, before) => {
      if (kind === 'service' && !(isSame(fields, before, 'doc') && isSame(fields, before, 'status')))
        this.#checkService(id, fields);
      else if (kind === 'instance' && fields) this.#checkInstance(id, fields);
      else if (kind === 'task') this.#taskChanged(id, fields, before);
    });
  }

  // ── services ──

  /** What is asked of a service may be in the store from now on. */
  asking(service: string, wish: ServiceWish): void {
    this.#services.set(service, [...(this.#services.get(service) ?? []), wish]);
  }

  answered(service: string, wish: ServiceWish, outcome: Outcome): void {
    const known = this.#services.get(service) ?? [];
    if (outcome === 'refused') this.#services.set(service, withoutLast(known, wish));
    if (outcome !== 'acknowledged') return;
    this.#services.set(service, [wish]);
    this.#checkService(service, this.#auditor.services.get(service));
  }

  /** What the store must be brought to; undefined where an unanswered request leaves it open: what it says then counts. */
  wishOf(service: string): ServiceWish | undefined {
    const wishes = this.#services.get(service) ?? [];
    return wishes.length === 1 ? wishes[0] : undefined;
  }

  get services(): Iterable<string> {
    return this.#services.keys();
  }

  #checkService(name: string, fields: Fields | undefined): void {
    const wishes = this.#services.get(name) ?? [];
    const isMet = wishes.some((wish) => isWished(wish, fields));
    if (!isMet && (fields !== undefined || wishes.length === 1)) {
      this.#record.violated(
        `acknowledged: service ${name} is ${describe(fields)}, and was asked to be ${wishes.map((wish) => JSON.stringify(wish)).join(' or ')}`,
      );
    }
  }

  // ── container instances ──

  askingInstance(id: string, status: InstanceWish): void {
    this.#instances.set(id, [...(this.#instances.get(id) ?? ['ACTIVE']), status]);
  }

  answeredInstance(id: string, status: InstanceWish, outcome: Outcome): void {
    const known = this.#instances.get(id) ?? ['ACTIVE'];
    if (outcome === 'refused') this.#instances.set(id, withoutLast(known, status));
    if (outcome !== 'acknowledged') return;
    this.#instances.set(id, [status]);
    this.#checkInstance(id, this.#auditor.instances.get(id)?.fields);
  }

  #checkInstance(id: string, fields: Fields | undefined): void {
    const wishes = this.#instances.get(id) ?? ['ACTIVE'];
    if (!wishes.some((status) => status === fields?.['status']))
      this.#record.violated(`acknowledged: instance ${id} is ${fields?.['status']}, and was asked to be ${wishes.join(' or ')}`);
  }

  // ── tasks ──

  askingToRun(startedBy: string): void {
    if (!this.#runs.has(startedBy)) this.#runs.set(startedBy, { answered: undefined });
  }

  /** What was answered runs, and what was not never will. */
  ran(startedBy: string, tasks: readonly string[]): void {
    this.#runs.set(startedBy, { answered: new Set(tasks) });
    for (const id of tasks) {
      this.#promisedTasks.add(id);
      const task = this.#auditor.tasks.get(id);
      if (!task) this.#record.violated(`acknowledged: task ${id} was answered to RunTask and is not there`);
    }
    for (const [id, run] of this.#runOfTask) {
      if (run === startedBy && !tasks.includes(id) && this.#auditor.tasks.has(id))
        this.#record.violated(`acknowledged: task ${id} is there, and RunTask was answered without it`);
    }
  }

  toldToStop(id: string): void {
    const task = this.#auditor.tasks.get(id);
    if (task && task['desiredStatus'] !== 'STOPPED' && task['lastStatus'] !== 'STOPPED')
      this.#record.violated(`acknowledged: task ${id} was told to stop and is wanted`);
  }

  #taskChanged(id: string, fields: Fields | undefined, before: Fields | undefined): void {
    if (!fields) {
      if (this.#promisedTasks.has(id)) this.#record.violated(`acknowledged: task ${id} of RunTask went away`);
      this.#runOfTask.delete(id);
      return;
    }
    if (before || fields['service']) return;
    const { startedBy = '' } = JSON.parse(fields['doc'] ?? '{}') as { startedBy?: string };
    this.#runOfTask.set(id, startedBy);
    if (this.#runs.get(startedBy)?.answered?.has(id) === false)
      this.#record.violated(`acknowledged: task ${id} was created after RunTask was answered without it`);
  }
}

const isSame = (a: Fields | undefined, b: Fields | undefined, field: string): boolean => a?.[field] === b?.[field];

function withoutLast<T>(wishes: readonly T[], wish: T): T[] {
  const index = wishes.lastIndexOf(wish);
  return wishes.filter((_, i) => i !== index);
}

const isDeleted = (fields: Fields | undefined): boolean => fields?.['status'] === 'DRAINING' || fields?.['status'] === 'INACTIVE';

function isWished(wish: ServiceWish, fields: Fields | undefined): boolean {
  if (!fields) return false;
  if (wish.isDeleted) return isDeleted(fields);
  const { desiredCount, taskDefinition } = JSON.parse(fields['doc'] ?? '{}') as ServiceWish;
  return !isDeleted(fields) && desiredCount === wish.desiredCount && taskDefinition === wish.taskDefinition;
}

const describe = (fields: Fields | undefined): string => {
  if (!fields) return 'gone';
  const { desiredCount, taskDefinition } = JSON.parse(fields['doc'] ?? '{}') as ServiceWish;
  return `${fields['status']} ${desiredCount} of ${taskDefinition}`;
};
