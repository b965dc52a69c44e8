/**
 * The deployments of a service: the spec's is PRIMARY, older ones stay ACTIVE while a wanted task of theirs is left.
 * A deployment is COMPLETED when it was alone and ready once, and stays so whatever its tasks do later.
 */
import type { DeploymentState, Service } from '../domain/service.ts';
import type { Task } from '../domain/task.ts';

export interface DeploymentFacts {
  /** Wanted tasks on connected instances, by deployment id, without those that this decision stops. */
  wantedByDeployment: ReadonlyMap<string, number>;
  failedTasks: number;
  /** All desired tasks of the primary are ready and no other task is wanted. */
  isSteady: boolean;
}

export function nextDeployments(service: Service, facts: DeploymentFacts, now: number): DeploymentState[] {
  const { spec, state } = service;
  const known = state.deployments.find(({ id }) => id === spec.deploymentId);
  const older = state.deployments
    .filter(({ id }) => id !== spec.deploymentId && (facts.wantedByDeployment.get(id) ?? 0) > 0)
    .map((deployment) =>
      updated(deployment, { status: 'ACTIVE', desiredCount: facts.wantedByDeployment.get(deployment.id) ?? 0 }, now),
    );
  return [nextPrimary(known ?? newDeployment(service), service, facts, now), ...older];
}

const newDeployment = ({ spec }: Service): DeploymentState => ({
  id: spec.deploymentId,
  taskDefinition: spec.taskDefinition,
  status: 'PRIMARY',
  desiredCount: spec.desiredCount,
  rolloutState: 'IN_PROGRESS',
  rolloutStateReason: `ECS deployment ${spec.deploymentId} in progress.`,
  failedTasks: 0,
  createdAt: spec.deploymentCreatedAt,
  updatedAt: spec.deploymentCreatedAt,
});

function nextPrimary(primary: DeploymentState, { spec }: Service, facts: DeploymentFacts, now: number): DeploymentState {
  const rollout: Partial<DeploymentState> =
    facts.isSteady && primary.rolloutState === 'IN_PROGRESS'
      ? { rolloutState: 'COMPLETED', rolloutStateReason: `ECS deployment ${primary.id} completed.` }
      : {};
  return updated(
    primary,
    { status: 'PRIMARY', desiredCount: spec.desiredCount, failedTasks: facts.failedTasks, ...rollout },
    now,
  );
}

/** The same reference when nothing differs. */
function updated(deployment: DeploymentState, changes: Partial<DeploymentState>, now: number): DeploymentState {
  const isSame = Object.entries(changes).every(([member, value]) => deployment[member as keyof DeploymentState] === value);
  return isSame ? deployment : { ...deployment, ...changes, updatedAt: now };
}

/** Tasks of the deployment that ended without ever running, since one of it last started. */
export function consecutiveFailures(deploymentTasks: readonly Task[]): number {
  const lastStart = deploymentTasks.reduce((last, { observed }) => Math.max(last, observed.startedAt ?? 0), 0);
  return deploymentTasks.filter(
    ({ observed, desire }) =>
      observed.lastStatus === 'STOPPED' &&
      observed.startedAt === undefined &&
      desire.desiredStatus === 'RUNNING' &&
      (observed.stoppedAt ?? 0) > lastStart,
  ).length;
}
