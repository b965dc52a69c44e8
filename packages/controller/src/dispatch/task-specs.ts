/**
 * The encoded spec of a task, from the projection's task definitions. Task definitions and tasks live in different
 * partitions, so a task may be seen before its definition: then `specOf` answers undefined until `lookAgain` is done.
 */
import type { ArnScope, Logger } from '@mini-ecs/shared';
import type { Task } from '../domain/task.ts';
import type { Projections } from '../projection/projection.ts';
import { AssignedTaskEncoder } from './assigned-task-spec.ts';

const noSpec = new Uint8Array(0);

export class TaskSpecs {
  readonly #projections: Projections;
  readonly #log: Logger;
  readonly #encoder: AssignedTaskEncoder;
  readonly #missing = new Set<string>();
  readonly #gone = new Set<string>();

  constructor({ projections, log, scope }: { projections: Projections; log: Logger; scope: ArnScope }) {
    this.#projections = projections;
    this.#log = log;
    this.#encoder = new AssignedTaskEncoder(scope);
  }

  /**
   * Empty for a task whose definition is gone for good: the assignment still says that the task is wanted, so that an
   * agent that runs it goes on.
   */
  readonly specOf = (task: Task): Uint8Array | undefined => {
    const id = task.spec.taskDefinition;
    const definition = this.#projections.peekGlobal().taskDefinitions.get(id);
    if (definition) return this.#encoder.encode(task, definition);
    if (this.#gone.has(id)) return noSpec;
    this.#missing.add(id);
    return undefined;
  };

  /** After it, what is still missing is gone. */
  async lookAgain(): Promise<void> {
    const wanted = [...this.#missing];
    const { taskDefinitions } = await this.#projections.currentGlobal();
    for (const id of wanted) {
      this.#missing.delete(id);
      if (taskDefinitions.has(id) || this.#gone.has(id)) continue;
      this.#gone.add(id);
      this.#log.error({ taskDefinition: id }, 'Tasks of a task definition that the store does not have cannot be started.');
    }
  }
}
