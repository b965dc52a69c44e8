export type HealthStatus = 'HEALTHY' | 'UNHEALTHY' | 'UNKNOWN';

export interface NetworkBinding {
  bindIP: string;
  containerPort: number;
  hostPort: number;
  protocol: 'tcp' | 'udp';
}

/** A container as the engine tells it. Times in ms since the epoch. */
export interface ObservedContainer {
  id: string;
  name: string;
  labels: Record<string, string>;
  /** `created` until the first start, also when that failed; paused counts as running, dead as exited. */
  state: 'created' | 'running' | 'exited';
  startedAt?: number;
  finishedAt?: number;
  /** Once exited. */
  exitCode?: number;
  outOfMemory: boolean;
  /** What the engine says went wrong at the start; '' otherwise. */
  error: string;
  health: HealthStatus;
  /** Of a bridge network; IPv4 only, as the ECS agent reports them. */
  networkBindings: NetworkBinding[];
}
