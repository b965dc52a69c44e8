import type { AgentPolicy } from '../domain/agent-policy.ts';
import type { StepsInFlight } from './steps.ts';

export interface PlanContext {
  now: number;
  inFlight: StepsInFlight;
  policy: AgentPolicy;
  /** Goes into the labels of what is created. */
  owner: { instanceId: string; storeId: string };
}
