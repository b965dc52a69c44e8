/**
 * The task lifecycle of ECS: a task's `lastStatus` only moves forward along `taskStatuses`.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
 * The rank (index) is what the store compares again at every status write.
 */
export const taskStatuses = [
  'PROVISIONING',
  'PENDING',
  'ACTIVATING',
  'RUNNING',
  'DEACTIVATING',
  'STOPPING',
  'DEPROVISIONING',
  'STOPPED',
] as const;

export type TaskStatus = (typeof taskStatuses)[number];
export type DesiredStatus = 'RUNNING' | 'STOPPED';

const ranks = new Map<string, number>(taskStatuses.map((status, rank) => [status, rank]));

/** 0 for PROVISIONING … 7 for STOPPED; -1 for what is no task status. */
export const taskStatusRank = (status: string): number => ranks.get(status) ?? -1;

export const isTaskStatus = (status: string): status is TaskStatus => ranks.has(status);

/** Staying is legal (a container of the task changed), going back is not. */
export const isLegalTransition = (from: TaskStatus, to: TaskStatus): boolean => taskStatusRank(to) >= taskStatusRank(from);

export const hasStopped = (status: TaskStatus): boolean => status === 'STOPPED';

/** Started and not yet on the way down. */
export const isRunning = (status: TaskStatus): boolean => status === 'RUNNING';

/** On the way up: not yet RUNNING. */
export const isStarting = (status: TaskStatus): boolean => taskStatusRank(status) < taskStatusRank('RUNNING');
