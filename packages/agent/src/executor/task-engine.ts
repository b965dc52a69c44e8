/**
 * All tasks of this container instance: an owner for each, fed by the store's assignments and the engine's events.
 * Level-triggered: an event says where to look, and after every gap in the events everything is looked at.
 */
import type { AssignedTask, DesiredStatus, Logger } from '@mini-ecs/shared';
import type { AgentPolicy } from '../domain/agent-policy.ts';
import { taskIdOf } from '../domain/container-labels.ts';
import type { ObservedContainer } from '../domain/observed-container.ts';
import type { TaskRecord, TaskReport } from '../domain/task-record.ts';
import { withObservation } from '../planner/apply-outcome.ts';
import { isOnHost } from '../planner/container-phase.ts';
import { planRemovals } from '../planner/plan-removals.ts';
import { newTaskRecord, withAssignment, withFoundContainer } from '../planner/task-records.ts';
import type { ContainerChange, ContainerRuntime } from '../runtime/container-runtime.ts';
import type { Cancel, Timers } from '../timers.ts';
import type { StepExecutors } from './step-executors.ts';
import { TaskOwner, type TaskOwnerDependencies } from './task-owner.ts';

export interface TaskAssignment {
  taskId: string;
  desiredStatus: DesiredStatus;
  /** undefined where the agent is expected to have it. */
  spec?: AssignedTask;
}

export interface TaskEngineDependencies {
  runtime: ContainerRuntime;
  executors: StepExecutors;
  timers: Timers;
  policy: AgentPolicy;
  /** The instance, and the store that it is enrolled with ('' before the first time). */
  owner: () => { instanceId: string; storeId: string };
  log: Logger;
  /** Something that the state file holds changed. */
  onChange: () => void;
  /** A task's status is news for the store. */
  onReport: (taskId: string) => void;
}

/** Removals wait a little, so that a burst of acknowledgements is one pass. */
const removalDelayMs = 1_000;

export class TaskEngine {
  readonly #owners = new Map<string, TaskOwner>();
  readonly #deps: TaskEngineDependencies;
  readonly #ownerDeps: TaskOwnerDependencies;
  /** Runtime ids of containers that were told to start, until the engine tells of it. */
  readonly #ownStarts = new Set<string>();
  #cancelRemovals: Cancel | undefined;
  #removalsAt = Infinity;

  constructor(deps: TaskEngineDependencies) {
    this.#deps = deps;
    this.#ownerDeps = {
      ...deps,
      onChange: (taskId, reportChanged) => this.#changed(taskId, reportChanged),
      onStart: (runtimeId) => void this.#ownStarts.add(runtimeId),
      onFinished: (taskId) => this.#forget(taskId),
    };
  }

  /** Takes up what the state file remembers. To be followed by `look`, before anything else. */
  restore(records: readonly TaskRecord[]): void {
    for (const record of records) this.#owners.set(record.id, new TaskOwner(record, this.#ownerDeps));
  }

  /** Compares everything with what the engine holds; adopts containers of tasks that nobody remembers. */
  async look(): Promise<void> {
    const expected = this.#onHost();
    const found = await this.#deps.runtime.list(this.#deps.owner().instanceId);
    const foundIds = new Set(found.map(({ id }) => id));
    const news = new Map<string, ((record: TaskRecord) => TaskRecord)[]>();
    const note = (taskId: string, change: (record: TaskRecord) => TaskRecord): void =>
      void news.set(taskId, [...(news.get(taskId) ?? []), change]);
    for (const container of found) {
      const taskId = taskIdOf(container.labels);
      if (taskId !== undefined) note(taskId, (record) => withFoundContainer(record, container));
    }
    for (const [id, { taskId, container }] of expected) {
      if (!foundIds.has(id) && this.#owners.has(taskId)) note(taskId, (record) => withObservation(record, container, undefined));
    }
    // One update a task: whoever plans on half of what was found asks the engine again for the other half.
    for (const [taskId, changes] of news) {
      this.#owner(taskId).update((record) => changes.reduce((changed, change) => change(changed), record));
    }
    for (const owner of this.#owners.values()) owner.update();
    this.#removeLater(removalDelayMs);
  }

  /** Something happened to a container. A start of this agent's own is inspected where it is made. */
  async notice({ id, what }: ContainerChange): Promise<void> {
    const isOwn = this.#ownStarts.delete(id);
    if (what === 'started' && isOwn) return;
    await this.#lookAt(id);
  }

  async #lookAt(id: string): Promise<void> {
    const observed = await this.#deps.runtime.inspect(id);
    if (observed) return this.#adopt(observed);
    const known = this.#onHost().get(id);
    if (known) this.#owners.get(known.taskId)?.update((record) => withObservation(record, known.container, undefined));
  }

  /**
   * Everything that the store assigns; what is not among it is to be stopped, unless the store has never heard of it. False: a spec
   * is missing.
   */
  assignAll(assignments: readonly TaskAssignment[], unknown: readonly string[] = []): boolean {
    const spared = new Set([...assignments.map(({ taskId }) => taskId), ...unknown]);
    const complete = assignments.map((assignment) => this.#assign(assignment)).every(Boolean);
    for (const taskId of this.#owners.keys()) if (!spared.has(taskId)) this.#unassign(taskId);
    return complete;
  }

  /** False: a spec is missing, ask for everything again. */
  assignSome(changed: readonly TaskAssignment[], removed: readonly string[]): boolean {
    const complete = changed.map((assignment) => this.#assign(assignment)).every(Boolean);
    for (const taskId of removed) {
      this.#unassign(taskId);
      this.acknowledge(taskId);
    }
    return complete;
  }

  /** The store knows that the task is STOPPED, or does not know the task. */
  acknowledge(taskId: string): void {
    const owner = this.#owners.get(taskId);
    if (!owner || owner.record.stoppedAt === undefined) return;
    owner.update((record) => ({ ...record, acknowledged: true }));
    this.#removeLater(removalDelayMs);
  }

  recordOf(taskId: string): TaskRecord | undefined {
    return this.#owners.get(taskId)?.record;
  }

  reportOf(taskId: string): TaskReport | undefined {
    return this.#owners.get(taskId)?.report;
  }

  taskIds(): string[] {
    return [...this.#owners.keys()];
  }

  records(): TaskRecord[] {
    return [...this.#owners.values()].map(({ record }) => record);
  }

  close(): void {
    this.#cancelRemovals?.();
    for (const owner of this.#owners.values()) owner.close();
  }

  #assign({ taskId, desiredStatus, spec }: TaskAssignment): boolean {
    const known = this.#owners.get(taskId);
    if (!known?.record.spec && !spec && desiredStatus === 'RUNNING') return false;
    const repeated = known?.record.acknowledged === true;
    this.#owner(taskId).update((record) => withAssignment(record, desiredStatus, spec));
    if (repeated) this.#deps.onReport(taskId);
    return true;
  }

  #unassign(taskId: string): void {
    this.#owners.get(taskId)?.update((record) => ({ ...record, desiredStatus: 'STOPPED' }));
  }

  #owner(taskId: string): TaskOwner {
    const known = this.#owners.get(taskId);
    if (known) return known;
    const owner = new TaskOwner(newTaskRecord(taskId, this.#deps.timers.now()), this.#ownerDeps);
    this.#owners.set(taskId, owner);
    return owner;
  }

  #adopt(container: ObservedContainer): void {
    const taskId = taskIdOf(container.labels);
    if (taskId !== undefined) this.#owner(taskId).update((record) => withFoundContainer(record, container));
  }

  #onHost(): Map<string, { taskId: string; container: string }> {
    const found = new Map<string, { taskId: string; container: string }>();
    for (const { id: taskId, containers } of this.records()) {
      for (const record of Object.values(containers)) {
        if (isOnHost(record)) found.set(record.runtimeId ?? '', { taskId, container: record.name });
      }
    }
    return found;
  }

  #changed(taskId: string, reportChanged: boolean): void {
    this.#deps.onChange();
    if (reportChanged) this.#deps.onReport(taskId);
  }

  #forget(taskId: string): void {
    this.#owners.get(taskId)?.close();
    this.#owners.delete(taskId);
    this.#deps.onChange();
  }

  #removeLater(delayMs: number): void {
    const at = this.#deps.timers.now() + delayMs;
    if (at >= this.#removalsAt) return;
    this.#cancelRemovals?.();
    this.#removalsAt = at;
    this.#cancelRemovals = this.#deps.timers.after(delayMs, () => this.#removeKeptLongEnough());
  }

  #removeKeptLongEnough(): void {
    this.#removalsAt = Infinity;
    const { timers, policy } = this.#deps;
    const { discard, wakeAt } = planRemovals(this.records(), timers.now(), policy);
    for (const taskId of discard) this.#owners.get(taskId)?.update((record) => ({ ...record, discarded: true }));
    if (wakeAt !== undefined) this.#removeLater(wakeAt - timers.now());
  }
}
