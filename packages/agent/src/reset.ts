import type { Logger } from '@mini-ecs/shared';
import type { AgentPolicy } from './domain/agent-policy.ts';
import { clusterLabel, instanceLabel } from './domain/container-labels.ts';
import type { ContainerRuntime } from './runtime/container-runtime.ts';
import type { CertificateStore } from './credentials/agent-certificate.ts';
import type { StateStore } from './state/agent-state.ts';

export interface ResetOptions {
  runtime: ContainerRuntime;
  stateStore: StateStore;
  certificateStore: CertificateStore;
  cluster: string;
  policy: AgentPolicy;
  log: Logger;
}

/**
 * `--reset`: the user's own word, the only one besides the store's that stops containers. Stops and removes those of the
 * instance that the state file names, or, without one, of every instance of this cluster on the host; forgets who the agent was,
 * so that it joins anew, with a join token.
 */
export async function resetInstance({
  runtime,
  stateStore,
  certificateStore,
  cluster,
  policy,
  log,
}: ResetOptions): Promise<void> {
  // A state file of another format or cluster is no obstacle to what gets rid of it.
  const state = await stateStore.load().catch(() => undefined);
  const containers = (await runtime.list()).filter(({ labels }) =>
    state ? labels[instanceLabel] === state.instanceId : labels[clusterLabel] === cluster,
  );
  log.warn({ containers: containers.length }, "reset: stopping and removing this instance's containers");
  await Promise.all(containers.map(({ id }) => runtime.stop(id, policy.stopTimeoutSeconds).then(() => runtime.remove(id))));
  await Promise.all([stateStore.remove(), certificateStore.remove()]);
}
