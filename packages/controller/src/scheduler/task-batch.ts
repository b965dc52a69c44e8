/**
 * Tasks alike: of the same group, with the same needs, constraints and strategy. What can be decided once for all of them
 * (the candidate set, the explanation of a refusal) is kept here, and let go with the last of them.
 */
import type { CandidateSet } from './candidate-set.ts';
import type { Requirements } from './checks.ts';
import type { RefusalExplanation } from './explain-refusal.ts';
import type { TaskToPlace } from './placement.ts';
import { parseExpression, type ParsedExpression } from './query-language.ts';
import { levelsOf, type Level } from './strategies.ts';

export interface TaskBatch {
  readonly wanted: Requirements;
  readonly levels: readonly Level[];
  /** The only instance that the tasks may go to. */
  readonly containerInstance?: string;
  /** Tasks still to be placed. */
  left: number;
  candidates?: CandidateSet;
  refusal?: RefusalExplanation;
}

/** The batch of each task, in the order of the tasks. */
export function batchTasks(tasks: readonly TaskToPlace[]): TaskBatch[] {
  const batches = new Map<string, TaskBatch>();
  const expressions = new Map<string, ParsedExpression>();
  return tasks.map((task) => {
    const key = batchKey(task);
    const batch = batches.get(key) ?? openBatch(task, expressions);
    batches.set(key, batch);
    batch.left++;
    return batch;
  });
}

/** JSON only of what is there: this is asked of every task. */
function batchKey(task: TaskToPlace): string {
  const { group, resources, constraints, strategy, containerInstance = '', isServiceTask, requiredAttributes = [] } = task;
  const lists = [resources.ports, constraints, strategy, requiredAttributes];
  const isPlain = lists.every((list) => list.length === 0);
  return `${resources.cpu} ${resources.memory} ${isServiceTask} ${containerInstance} ${isPlain ? '' : JSON.stringify(lists)} ${group}`;
}

function openBatch(task: TaskToPlace, expressions: Map<string, ParsedExpression>): TaskBatch {
  const memberOf = task.constraints.flatMap(({ type, expression = '' }) => {
    if (type !== 'memberOf') return [];
    const parsed = expressions.get(expression) ?? parseExpression(expression);
    expressions.set(expression, parsed);
    return [{ text: expression, parsed }];
  });
  return {
    wanted: {
      group: task.group,
      resources: task.resources,
      attributes: task.requiredAttributes ?? [],
      memberOf,
      distinctInstance: task.constraints.some(({ type }) => type === 'distinctInstance'),
    },
    levels: levelsOf(task.strategy, task.isServiceTask),
    containerInstance: task.containerInstance,
    left: 0,
  };
}
