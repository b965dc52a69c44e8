/**
 * Sees every command that the store carries out and every record that it changed, and holds them against what must always
 * be true. It keeps its own sums, made from the tasks alone; what the store counts is checked, not trusted.
 *
 *  capacity    the CPU, memory and static ports of the tasks on an instance never exceed what it has
 *  binding     a task is bound to one instance, for ever
 *  forward     rank and lastStatus never go back, a task told to stop is never wanted again
 *  wanted      an agent ends no task that is to run, but for a reason of the task's own, which it tells
 *  fence       a session that is not the instance's current one writes no status and renews no lease
 *  maximum     a reconcile starts no task beyond maximumPercent of those that its controller could count
 *  kept        a task goes away only by a withdrawal before it had a place, or by a removal an hour after its end
 */
import { decodePorts, taskStatusRank, type TaskStatus } from '@mini-ecs/shared';
import type { ServiceSpec } from '../../packages/controller/src/domain/service.ts';
import type { TaskObservation } from '../../packages/controller/src/domain/task.ts';
import type { Change, Fields } from '../../packages/controller/src/store/store.ts';
import type { RunRecord } from './record.ts';

/** What a command was, as far as its changes are judged by it. */
export interface AppliedCommand {
  name: string;
  /** Of a commitService: its service, how many tasks it creates, and how far its controller had followed the feed. */
  reconcile?: { service: string; created: number; followedTo: number };
  /** Of reportStatus and refreshLeases: the sessions that it wrote for. */
  wroteFor?: { instance: string; session: string }[];
}

interface InstanceSums {
  fields: Fields;
  tasks: Set<string>;
  cpu: number;
  memory: number;
  ports: Map<string, string>;
  /** Feed position at which it was last seen to become connected. */
  connectedSince: number;
}

export type ChangeListener = (change: Change, before: Fields | undefined) => void;

const number = (fields: Fields | undefined, field: string): number => Number(fields?.[field] ?? 0);
const takesPlace = (task: Fields | undefined): boolean => !!task?.['instance'] && task['lastStatus'] !== 'STOPPED';

const endingRank = taskStatusRank('DEACTIVATING');

/** Its containers ended, or could not be started: the agent says so. */
function hasOwnReason(task: Fields): boolean {
  const { stopCode } = JSON.parse(task['observed'] ?? '{}') as TaskObservation;
  return stopCode === 'EssentialContainerExited' || stopCode === 'TaskFailedToStart';
}

export class Auditor {
  readonly tasks = new Map<string, Fields>();
  readonly services = new Map<string, Fields>();
  readonly instances = new Map<string, InstanceSums>();
  tasksCreated = 0;
  readonly #record: RunRecord;
  /** Tasks of a service that have not STOPPED. */
  readonly #aliveOf = new Map<string, Set<string>>();
  readonly #listeners: ChangeListener[] = [];

  constructor(record: RunRecord) {
    this.#record = record;
  }

  onChange(listener: ChangeListener): void {
    this.#listeners.push(listener);
  }

  instanceOf(task: string): string | undefined {
    return this.tasks.get(task)?.['instance'] || undefined;
  }

  /** Before a command is carried out: whose session is the current one then. */
  sessionOf(instance: string): string {
    return this.instances.get(instance)?.fields['session'] ?? '';
  }

  /** `sessions`: the current ones when the command came. */
  applied(command: AppliedCommand, changes: readonly Change[], seq: number, sessions: ReadonlyMap<string, string>): void {
    for (const { instance, session } of command.wroteFor ?? []) {
      if (sessions.get(instance) !== session)
        this.#violated(`fence: ${command.name} of superseded session ${session} of ${instance} was taken`);
    }
    const touched = new Set<string>();
    for (const change of changes) {
      this.#record.tell(`  ${change.kind} ${change.id}`, () => differences(this.#before(change), change.fields));
      for (const listener of this.#listeners) listener(change, this.#before(change));
      if (change.kind === 'task') this.#taskChanged(change, command, touched);
      else if (change.kind === 'instance') this.#instanceChanged(change, seq, touched);
      else if (change.kind === 'service') this.#serviceChanged(change);
    }
    for (const instance of touched) this.#checkCapacity(instance);
    if (command.reconcile && command.reconcile.created > 0) this.#checkMaximum(command.reconcile);
  }

  /** Tasks of a service that have not STOPPED. */
  aliveTasksOf(service: string): ReadonlySet<string> {
    return this.#aliveOf.get(service) ?? new Set();
  }

  #before({ kind, id }: Change): Fields | undefined {
    if (kind === 'task') return this.tasks.get(id);
    if (kind === 'instance') return this.instances.get(id)?.fields;
    return kind === 'service' ? this.services.get(id) : undefined;
  }

  #serviceChanged({ id, fields }: Change): void {
    if (fields) this.services.set(id, fields);
    else this.services.delete(id);
  }

  #taskChanged({ id, fields }: Change, command: AppliedCommand, touched: Set<string>): void {
    const before = this.tasks.get(id);
    if (!before) this.tasksCreated += 1;
    if (before) this.#checkTask(id, before, fields, command);
    this.#move(id, before, fields, touched);
    const service = (fields ?? before)?.['service'];
    if (service) {
      const alive = this.#aliveOf.get(service) ?? new Set();
      this.#aliveOf.set(service, alive);
      if (fields && fields['lastStatus'] !== 'STOPPED') alive.add(id);
      else alive.delete(id);
    }
    if (fields) this.tasks.set(id, fields);
    else this.tasks.delete(id);
  }

  #checkTask(id: string, before: Fields, after: Fields | undefined, { name }: AppliedCommand): void {
    if (!after) {
      const isWithdrawn = name === 'commitPlacement' && !before['instance'];
      const isReaped = name === 'reap' && before['lastStatus'] === 'STOPPED';
      if (!isWithdrawn && !isReaped) this.#violated(`kept: task ${id} went away by ${name}`);
      return;
    }
    if (before['instance'] && after['instance'] !== before['instance'])
      this.#violated(`binding: task ${id} moved from ${before['instance']} to ${after['instance']}`);
    if (number(after, 'rank') < number(before, 'rank'))
      this.#violated(`forward: task ${id} went back from ${before['lastStatus']} to ${after['lastStatus']} by ${name}`);
    if (number(after, 'rank') !== taskStatusRank(after['lastStatus'] as TaskStatus))
      this.#violated(`forward: task ${id} has rank ${after['rank']} and is ${after['lastStatus']}`);
    if (before['desiredStatus'] === 'STOPPED' && after['desiredStatus'] !== 'STOPPED')
      this.#violated(`forward: task ${id} was told to stop and is wanted again by ${name}`);
    const hasStopped = before['lastStatus'] !== 'STOPPED' && after['lastStatus'] === 'STOPPED';
    if (hasStopped && before['instance'] && name !== 'reportStatus' && name !== 'abandonTasks')
      this.#violated(`kept: task ${id} on an instance was made STOPPED by ${name}, without its agent's word`);
    const isEnding = number(before, 'rank') < endingRank && number(after, 'rank') >= endingRank;
    if (isEnding && name === 'reportStatus' && after['desiredStatus'] === 'RUNNING' && !hasOwnReason(after))
      this.#violated(`wanted: task ${id} is to run and was reported to be ${after['lastStatus']}, without a reason of its own`);
  }

  /** What the task takes of its instance, out of the sums as it was and into them as it is. */
  #move(id: string, before: Fields | undefined, after: Fields | undefined, touched: Set<string>): void {
    const had = takesPlace(before);
    const has = takesPlace(after);
    if (had === has) return;
    const task = (has ? after : before)!;
    const sums = this.instances.get(task['instance'] ?? '');
    if (!sums) return this.#violated(`binding: task ${id} is bound to unknown instance ${task['instance']}`);
    const sign = has ? 1 : -1;
    sums.cpu += sign * number(task, 'cpu');
    sums.memory += sign * number(task, 'memory');
    if (has) sums.tasks.add(id);
    else sums.tasks.delete(id);
    for (const port of decodePorts(task['ports'])) {
      const holder = sums.ports.get(port);
      if (has && holder !== undefined)
        this.#violated(`capacity: port ${port} of ${task['instance']} is held by ${holder} and ${id}`);
      if (has) sums.ports.set(port, id);
      else if (holder === id) sums.ports.delete(port);
    }
    touched.add(task['instance'] ?? '');
  }

  #instanceChanged({ id, fields }: Change, seq: number, touched: Set<string>): void {
    if (!fields) return this.#violated(`kept: instance ${id} went away`);
    const known = this.instances.get(id);
    const becameConnected = fields['connected'] === '1' && known?.fields['connected'] !== '1';
    if (known) known.fields = fields;
    const sums = known ?? { fields, tasks: new Set(), cpu: 0, memory: 0, ports: new Map(), connectedSince: seq };
    if (becameConnected) sums.connectedSince = seq;
    this.instances.set(id, sums);
    touched.add(id);
  }

  #checkCapacity(id: string): void {
    const sums = this.instances.get(id);
    if (!sums) return;
    const { fields, cpu, memory, ports } = sums;
    if (cpu > number(fields, 'totalCpu')) this.#violated(`capacity: ${cpu} of ${fields['totalCpu']} CPU units taken on ${id}`);
    if (memory > number(fields, 'totalMemory'))
      this.#violated(`capacity: ${memory} of ${fields['totalMemory']} MiB taken on ${id}`);
    if (
      number(fields, 'totalCpu') - cpu !== number(fields, 'cpu') ||
      number(fields, 'totalMemory') - memory !== number(fields, 'memory')
    )
      this.#violated(`capacity: ${id} says ${fields['cpu']}/${fields['memory']} free, its tasks leave another rest`);
    const free = decodePorts(fields['ports']).filter((port) => !fields['reservedPorts']?.includes(`,${port},`));
    if (free.length !== ports.size || free.some((port) => !ports.has(port)))
      this.#violated(`capacity: ${id} says ports ${fields['ports']} are taken, its tasks take ${[...ports.keys()].join()}`);
  }

  /**
   * Those that the control plane may count: not on an instance that is lost, nor on one that came back after what the
   * decision rests on (its tasks were uncounted then, and scale-in removes what is too many).
   */
  #checkMaximum({ service, created, followedTo }: NonNullable<AppliedCommand['reconcile']>): void {
    const spec = JSON.parse(this.services.get(service)?.['doc'] ?? 'null') as ServiceSpec;
    const limit = Math.floor((spec.desiredCount * spec.maximumPercent) / 100);
    let counted = 0;
    for (const id of this.aliveTasksOf(service)) {
      const instance = this.instances.get(this.instanceOf(id) ?? '');
      if (!instance || (instance.fields['connected'] === '1' && instance.connectedSince <= followedTo)) counted += 1;
    }
    if (counted > limit)
      this.#violated(`maximum: service ${service} has ${counted} tasks after ${created} were started, ${limit} are allowed`);
  }

  #violated(what: string): void {
    this.#record.violated(what);
  }
}

/** For the log of events. */
function differences(before: Fields | undefined, after: Fields | undefined): string {
  if (!after) return 'removed';
  const names = Object.keys(after).filter((name) => name !== 'version' && after[name] !== before?.[name]);
  return names.map((name) => `${name}=${(after[name] ?? '').slice(0, 160)}`).join(' ');
}
