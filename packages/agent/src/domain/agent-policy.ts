/** How long the agent waits and keeps: the ECS agent's defaults. Milliseconds where the name ends in Ms. */
export interface AgentPolicy {
  /** For a container without a `stopTimeout`: between SIGTERM and SIGKILL. @default 30 */
  stopTimeoutSeconds: number;
  /** How long stopped containers stay for their logs. @default 3 h */
  keepStoppedMs: number;
  /** So many stopped tasks a family at most. @default 5 */
  keepStoppedTasks: number;
}

export const defaultPolicy: AgentPolicy = { stopTimeoutSeconds: 30, keepStoppedMs: 3 * 60 * 60 * 1000, keepStoppedTasks: 5 };
