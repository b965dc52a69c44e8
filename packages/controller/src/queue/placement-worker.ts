/**
 * Looks at the unplaced tasks of one cluster: load → decide (placeTasks) → commit, in slices short enough that the event
 * loop, and with it the job's lock, is never held up for long.
 *
 * The commit checks every binding again; what it refuses (another controller was first) is decided anew on what is there then.
 * A task that the scheduler refuses is left alone until the next look: a hint follows whatever could change the answer.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock, Logger } from '@mini-ecs/shared';
import type { ServiceRefusal } from '../domain/service.ts';
import type { Task } from '../domain/task.ts';
import { isUnplaced } from '../projection/cluster-projection.ts';
import type { ClusterView, Projections } from '../projection/projection.ts';
import { placeTasks } from '../scheduler/place-tasks.ts';
import type { PlacementDecision } from '../scheduler/placement.ts';
import { placementHint, type CommitPlacement, type CommitPlacementResult, type Store } from '../store/store.ts';
import { inPlacementOrder, instanceSnapshots, taskToPlace } from './placement-snapshot.ts';
import type { WorkSink } from './work.ts';

export interface PlacementWorkerContext {
  /** Queues the hints of each command by itself. */
  store: Store;
  projections: Projections;
  sink: WorkSink;
  clock: Clock;
  log: Logger;
  /** A seed for the `random` strategy and for ties. */
  newSeed: () => number;
}

/** ms that one decision may take. Each group of tasks is held against every instance, so groups are what a slice is measured in. */
const sliceMs = 25;
const firstGroups = 4;
const mostGroups = 100;
const mostTasks = 500;
/** How often bindings that the store refused are decided anew in one look. */
const mostRounds = 5;
/** The same refusal is written again after this long, so that its time stays true without spinning the feed. */
const sameRefusalMs = 60_000;

export async function lookAtPlacement(context: PlacementWorkerContext, cluster: string): Promise<void> {
  await context.store.clearHint(cluster, placementHint);
  const view = await context.projections.current(cluster);
  const look = new PlacementLook(context, view);
  let open = inPlacementOrder(view.unplacedTasks()).map(({ id }) => id);
  for (let round = 1; open.length > 0 && round <= mostRounds; round += 1) open = await look.round(open);
  // Still contended: let others have their turn.
  if (open.length > 0) context.sink.add([{ kind: 'placement', cluster }]);
}

/** One look: what is learnt in one slice holds for the next. */
class PlacementLook {
  readonly #context: PlacementWorkerContext;
  readonly #refusedServices = new Set<string>();
  /** New enough for the next slice: it has passed this look's last commit. */
  #view: ClusterView;
  /** How many groups one decision takes in; fitted to how long the last one took. */
  #groups = firstGroups;

  constructor(context: PlacementWorkerContext, view: ClusterView) {
    this.#context = context;
    this.#view = view;
  }

  /** Decides on each of the tasks once; the ones to decide on again. */
  async round(tasks: string[]): Promise<string[]> {
    const again: string[] = [];
    for (let next = 0; next < tasks.length;) {
      const end = this.#endOfSlice(tasks, next);
      again.push(...(await this.#slice(tasks.slice(next, end))));
      next = end;
      if (next === tasks.length && again.length === 0) break;
      await nextTurn();
      this.#view = await this.#context.projections.current(this.#view.name);
    }
    return again;
  }

  #endOfSlice(tasks: string[], start: number): number {
    const groups = new Set<string | undefined>();
    let end = start;
    for (; end < Math.min(tasks.length, start + mostTasks); end += 1) {
      groups.add(this.#view.tasks.get(tasks[end]!)?.spec.group);
      if (groups.size > this.#groups) break;
    }
    return end;
  }

  async #slice(ids: string[]): Promise<string[]> {
    const { store, clock, log } = this.#context;
    const view = this.#view;
    const tasks = stillUnplaced(view, ids);
    if (tasks.length === 0) return [];
    const commit = this.#commitOf(view, tasks, this.#decide(view, tasks), clock.now());
    if (commit.bind.length + commit.withdraw.length + commit.serviceRefusals.length === 0) return [];
    const refused = refusedBindings(commit, await store.commitPlacement(commit));
    if (refused.length > 0) log.info({ cluster: view.name, refused }, 'the store refused placements, deciding anew');
    return refused.flatMap(({ task, reason }) => (reason.startsWith('TASK_') ? [] : [task]));
  }

  #decide(view: ClusterView, tasks: Task[]): PlacementDecision {
    const started = performance.now();
    const decision = placeTasks({
      tasks: tasks.map(taskToPlace),
      instances: instanceSnapshots(view),
      seed: this.#context.newSeed(),
    });
    const groups = new Set(tasks.map(({ spec }) => spec.group)).size;
    const msEach = Math.max(performance.now() - started, 0.1) / groups;
    this.#groups = Math.max(1, Math.min(mostGroups, Math.floor(sliceMs / msEach)));
    return decision;
  }

  #commitOf(view: ClusterView, tasks: Task[], decision: PlacementDecision, now: number): CommitPlacement {
    const byId = new Map(tasks.map((task) => [task.id, task]));
    const withdraw: CommitPlacement['withdraw'] = [];
    const becauses = new Map<string, string>();
    for (const refusal of decision.refusals) {
      const spec = byId.get(refusal.task)?.spec;
      if (spec?.request) withdraw.push({ task: refusal.task, requestId: spec.request.id, refusal: JSON.stringify(refusal) });
      if (!spec?.service || this.#refusedServices.has(spec.service.name)) continue;
      this.#refusedServices.add(spec.service.name);
      becauses.set(spec.service.name, refusal.because);
    }
    const placed = new Set(decision.placements.flatMap(({ task }) => byId.get(task)?.spec.service?.name ?? []));
    const healed = [...placed].filter((name) => !this.#refusedServices.has(name));
    return {
      cluster: view.name,
      now,
      bind: decision.placements,
      withdraw,
      serviceRefusals: [...newRefusals(view, becauses, now), ...withdrawnRefusals(view, healed)],
    };
  }
}

const stillUnplaced = (view: ClusterView, ids: string[]): Task[] =>
  ids.flatMap((id) => {
    const task = view.tasks.get(id);
    return task && isUnplaced(task) ? [task] : [];
  });

/** One a service, and only if it says something new or the last one has grown old. */
function newRefusals(view: ClusterView, becauses: Map<string, string>, now: number): CommitPlacement['serviceRefusals'] {
  return [...becauses].flatMap(([service, because]) => {
    const last = view.services.get(service)?.refusal;
    if (last?.because === because && now - last.at < sameRefusalMs) return [];
    const refusal: ServiceRefusal = { at: now, because };
    return [{ service, refusal: JSON.stringify(refusal) }];
  });
}

/** A service whose tasks find places again has no refusal any more: the field becomes empty. */
const withdrawnRefusals = (view: ClusterView, services: string[]): CommitPlacement['serviceRefusals'] =>
  services.flatMap((service) => (view.services.get(service)?.refusal ? [{ service, refusal: '' }] : []));

const refusedBindings = (commit: CommitPlacement, { refused }: CommitPlacementResult) =>
  commit.bind.flatMap(({ task, instance }, index) => {
    const reason = refused[index];
    return reason === undefined ? [] : [{ task, instance, reason }];
  });
