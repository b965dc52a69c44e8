/** What one session was told of its assignments, and what it must still be told. */
import type { ClusterView, Projections } from '../projection/projection.ts';
import type { Logger } from '@mini-ecs/shared';
import type { AgentStream } from './agent-stream.ts';
import { fullSet, nextIncrement, nothingTold, tellFullSet, tellIncrement } from './assignment-increments.ts';
import type { TaskSpecs } from './task-specs.ts';

export class SessionAssignments {
  readonly #cluster: string;
  readonly #instance: string;
  readonly #stream: AgentStream;
  readonly #projections: Projections;
  readonly #specs: TaskSpecs;
  readonly #log: Logger;
  readonly #told = nothingTold();
  /** Ids of tasks that changed since they were told. */
  #touched = new Set<string>();
  /** What the agent has that the store, if it is no older, must know. */
  #expected: readonly string[] = [];
  /** A full set is being made: increments must wait for it. */
  #makingFullSet: Promise<void> | undefined;

  constructor(options: {
    cluster: string;
    instance: string;
    stream: AgentStream;
    projections: Projections;
    specs: TaskSpecs;
    log: Logger;
  }) {
    this.#cluster = options.cluster;
    this.#instance = options.instance;
    this.#stream = options.stream;
    this.#projections = options.projections;
    this.#specs = options.specs;
    this.#log = options.log;
  }

  /**
   * Tasks that the agent has and that were assigned to it, so that the store cannot have forgotten them: the agent is told which of
   * them it does not know, in every full set.
   */
  expectKnown(taskIds: readonly string[]): void {
    this.#expected = taskIds;
  }

  touch(taskId: string): void {
    this.#touched.add(taskId);
  }

  /** For the slow pass that finds what a lost event missed. */
  touchEverything(view: ClusterView): void {
    for (const id of this.#told.desired.keys()) this.#touched.add(id);
    for (const { id } of view.tasksOfInstance(this.#instance)) this.#touched.add(id);
  }

  /** Sends everything assigned, as of now or later. Throws what the store throws. */
  sendFullSet(): Promise<void> {
    this.#makingFullSet ??= this.#sendFullSet().finally(() => {
      this.#makingFullSet = undefined;
    });
    return this.#makingFullSet;
  }

  async #sendFullSet(): Promise<void> {
    await this.#projections.current(this.#cluster);
    for (;;) {
      const tasks = this.#projections.peek(this.#cluster)?.tasksOfInstance(this.#instance) ?? [];
      const { set, waiting } = fullSet(this.#told, { instance: this.#instance, tasks, specOf: this.#specs.specOf });
      if (waiting.length === 0) {
        this.#touched.clear();
        tellFullSet(this.#told, set);
        const unknown = this.#unknown();
        this.#stream.send({ fullAssignments: { version: set.version, assignments: set.assignments.map(toMessage), unknown } });
        return;
      }
      await this.#specs.lookAgain();
    }
  }

  #unknown(): string[] {
    const known = this.#projections.peek(this.#cluster)?.tasks;
    const unknown = this.#expected.filter((id) => !known?.has(id));
    if (unknown.length > 0) {
      this.#log.warn(
        { tasks: unknown },
        'The store has never heard of these tasks of the agent: it is older than they are, a restored backup. Their containers are left running.',
      );
    }
    return unknown;
  }

  /** Tells what changed, unless the agent does not read just now. False: some specs are not known yet. */
  sendIncrement(view: ClusterView): boolean {
    if (this.#touched.size === 0 || this.#stream.isBlocked || this.#makingFullSet || this.#told.version === 0) return true;
    const touched = this.#touched;
    const { increment, waiting } = nextIncrement(this.#told, touched, {
      instance: this.#instance,
      taskOf: (id) => view.tasks.get(id),
      specOf: this.#specs.specOf,
    });
    this.#touched = new Set(waiting);
    if (increment) {
      tellIncrement(this.#told, increment);
      this.#stream.send({ assignmentIncrement: { ...increment, changed: increment.changed.map(toMessage) } });
    }
    return waiting.length === 0;
  }
}

/** The wire's bytes are Buffers. */
const toMessage = <A extends { spec: Uint8Array }>(assignment: A): A & { spec: Buffer } => ({
  ...assignment,
  spec: Buffer.from(assignment.spec.buffer, assignment.spec.byteOffset, assignment.spec.byteLength),
});
