/**
 * Pushes assignments to sessions as the projection changes. A change touches one session and costs the same in a
 * cluster of any size; what touches a session within one turn of the event loop goes out as one increment.
 */
import type { Logger } from '@mini-ecs/shared';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Projections, RecordChange } from '../projection/projection.ts';
import type { AgentSession } from './agent-session.ts';
import type { SessionRegistry } from './session-registry.ts';
import type { TaskSpecs } from './task-specs.ts';

/** Sessions looked at in one turn of the event loop. */
const sliceSize = 200;

export class AssignmentPush {
  readonly #projections: Projections;
  readonly #sessions: SessionRegistry;
  readonly #specs: TaskSpecs;
  readonly #log: Logger;
  readonly #unsubscribe: () => void;
  #due = new Set<AgentSession>();
  #next: NodeJS.Immediate | undefined;
  #closed = false;

  constructor(options: { projections: Projections; sessions: SessionRegistry; specs: TaskSpecs; log: Logger }) {
    this.#projections = options.projections;
    this.#sessions = options.sessions;
    this.#specs = options.specs;
    this.#log = options.log;
    this.#unsubscribe = this.#projections.onChange((cluster, changes) => this.#onChange(cluster, changes));
  }

  schedule(session: AgentSession): void {
    if (this.#closed) return;
    this.#due.add(session);
    this.#next ??= setImmediate(() => this.#pushDue());
  }

  /** The slow pass: finds what a lost event missed. In slices, because it walks every task that is assigned. */
  async reconsiderAll(): Promise<void> {
    for (const [index, session] of this.#sessions.all().entries()) {
      const view = this.#projections.peek(session.cluster);
      if (view) session.touchEverything(view);
      this.schedule(session);
      if (index % sliceSize === sliceSize - 1) await nextTurn();
    }
  }

  close(): void {
    this.#closed = true;
    this.#unsubscribe();
    clearImmediate(this.#next);
  }

  #onChange(cluster: string, changes: readonly RecordChange[]): void {
    const view = this.#projections.peek(cluster);
    if (!view) return;
    for (const { kind, id } of changes) {
      const instance =
        kind === 'task' ? view.tasks.get(id)?.instance : kind === 'instance' || kind === 'enrolment' ? id : undefined;
      const session = instance === undefined ? undefined : this.#sessions.find(cluster, instance);
      if (!session) continue;
      if (kind === 'task') session.touch(id);
      this.schedule(session);
    }
  }

  #pushDue(): void {
    const slice = [...this.#due].slice(0, sliceSize);
    const waiting: AgentSession[] = [];
    for (const session of slice) {
      this.#due.delete(session);
      const view = this.#projections.peek(session.cluster);
      if (view && !session.catchUp(view)) waiting.push(session);
    }
    this.#next = this.#due.size > 0 ? setImmediate(() => this.#pushDue()) : undefined;
    if (waiting.length > 0) void this.#pushWithSpecs(waiting);
  }

  async #pushWithSpecs(sessions: readonly AgentSession[]): Promise<void> {
    try {
      await this.#specs.lookAgain();
      for (const session of sessions) this.schedule(session);
    } catch (error) {
      // The slow pass asks again.
      this.#log.warn({ err: error }, 'Task definitions could not be read.');
    }
  }
}
