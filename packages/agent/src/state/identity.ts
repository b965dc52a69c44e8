/**
 * Who this agent is: from its state file; without one from the labels of the containers that it left on the host;
 * on a new host a new instance.
 */
import { newId } from '@mini-ecs/shared';
import { clusterLabel, instanceLabel, storeLabel } from '../domain/container-labels.ts';
import type { Enrolment } from '../domain/enrolment.ts';
import type { ObservedContainer } from '../domain/observed-container.ts';
import type { AgentState } from './agent-state.ts';

export interface Identity extends Enrolment {
  instanceId: string;
}

/** `containers`: everything on the host that has an instance label. Throws when the state is of another cluster. */
export function identityOf(state: AgentState | undefined, containers: readonly ObservedContainer[], cluster: string): Identity {
  if (state) {
    if (state.cluster === cluster) return state;
    throw new Error(
      `This instance belongs to the cluster "${state.cluster}", not to "${cluster}". ` +
        'Start the agent with --reset to stop its containers and register it anew.',
    );
  }
  const mine = containers.filter(({ labels }) => labels[clusterLabel] === cluster);
  const running = mine.filter((container) => container.state === 'running');
  const newest = (running.length > 0 ? running : mine).toSorted((a, b) => (b.startedAt ?? 0) - (a.startedAt ?? 0))[0];
  return {
    instanceId: newest?.labels[instanceLabel] ?? newId(),
    storeId: newest?.labels[storeLabel] ?? '',
    storeEpoch: 0,
  };
}
