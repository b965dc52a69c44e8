import type { Enrolment } from '../domain/enrolment.ts';
import type { TaskRecord } from '../domain/task-record.ts';

/** What an agent must not forget: who it is, whose word it takes, and what it was told to run. */
export interface AgentState extends Enrolment {
  /** Of this file's form; another one is an error, never a guess. */
  format: 1;
  /** 32 hex digits */
  instanceId: string;
  cluster: string;
  tasks: TaskRecord[];
}

/** Where the state is kept. */
export interface StateStore {
  load(): Promise<AgentState | undefined>;
  save(state: AgentState): Promise<void>;
  remove(): Promise<void>;
}
