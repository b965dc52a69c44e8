/** What a service says of itself after a decision: its deployments, its events, and what it has told. */
import type { DeploymentState, Service, ServiceState } from '../domain/service.ts';
import type { Task } from '../domain/task.ts';
import { isUnhealthy, type ClassifiedTasks } from './classify-tasks.ts';
import { consecutiveFailures, nextDeployments } from './deployments.ts';
import type { Replacement } from './restart-backoff.ts';
import {
  blockedMessage,
  completedMessage,
  steadyMessage,
  stoppedMessages,
  tellDelays,
  tellRefusal,
  tellStarts,
  unhealthyMessages,
  withEvents,
  type Telling,
} from './service-events.ts';
import type { ServiceChanges, ServiceSituation } from './service-situation.ts';

export interface RolloutOutcome {
  classes: ClassifiedTasks;
  stop: ServiceChanges['stop'];
  /** Replacements that are not due yet. */
  waiting: readonly Replacement[];
  isSteady: boolean;
  isBlocked: boolean;
}

/** The state to write; the service's own reference when nothing of it differs. */
export function nextState(situation: ServiceSituation, outcome: RolloutOutcome): ServiceState {
  const { service, now, newEventId } = situation;
  const { state } = service;
  const deployments = deploymentsAfter(situation, outcome);
  const { messages, told } = tellingOf(situation, outcome, deployments);
  const isSame =
    messages.length === 0 &&
    (state.steady ?? false) === outcome.isSteady &&
    deployments.length === state.deployments.length &&
    deployments.every((deployment, i) => deployment === state.deployments[i]) &&
    told.refusalAt === state.told?.refusalAt;
  if (isSame) return state;
  return { deployments, events: withEvents(state.events, messages, now, newEventId), steady: outcome.isSteady, told };
}

function deploymentsAfter(
  { service, tasks, now }: ServiceSituation,
  { classes, stop, isSteady }: RolloutOutcome,
): DeploymentState[] {
  const stopping = new Set(stop.map(({ task }) => task));
  const wanted = [...classes.current, ...classes.outdated].filter((task) => !stopping.has(task));
  const wantedByDeployment = new Map([...Map.groupBy(wanted, deploymentOf)].map(([id, some]) => [id, some.length]));
  const failedTasks = consecutiveFailures(tasks.filter((task) => deploymentOf(task) === service.spec.deploymentId));
  return nextDeployments(service, { wantedByDeployment, failedTasks, isSteady }, now);
}

const deploymentOf = ({ spec }: Task): string => spec.service?.deploymentId ?? '';

/** The messages of this decision, oldest first. */
function tellingOf(situation: ServiceSituation, outcome: RolloutOutcome, deployments: DeploymentState[]): Telling {
  const { service, tasks, now } = situation;
  const { classes, waiting, isBlocked } = outcome;
  const isWaitingForPlace = classes.current.some(({ instance }) => instance === undefined);
  const stops = stopMessages(service, outcome);
  const started = tellStarts(service, tasks, { messages: [], told: service.state.told ?? {} });
  const refused = tellRefusal(service, isWaitingForPlace, now, { ...started, messages: [...started.messages, ...stops] });
  const delayed = tellDelays(service, waiting, now, refused);
  const blocked = isBlocked ? unlessLatest(service, blockedMessage(service.name)) : [];
  return { ...delayed, messages: [...delayed.messages, ...blocked, ...steadyMessages(service, outcome, deployments)] };
}

/** Tasks on lost instances are not told of: they stop when their host is back. */
function stopMessages(service: Service, { classes, stop }: RolloutOutcome): string[] {
  const lost = new Set(classes.lost);
  const stopped = stop.map(({ task }) => task).filter((task) => task.instance !== undefined && !lost.has(task));
  return [...unhealthyMessages(service.name, stopped.filter(isUnhealthy)), ...stoppedMessages(service.name, stopped)];
}

function steadyMessages({ name, state, spec }: Service, { isSteady }: RolloutOutcome, [primary]: DeploymentState[]): string[] {
  if (!isSteady) return [];
  const before = state.deployments.find(({ id }) => id === primary?.id);
  const hasCompletedNow = primary?.rolloutState === 'COMPLETED' && before?.rolloutState !== 'COMPLETED';
  return [
    ...(hasCompletedNow ? [completedMessage(name, spec.deploymentId)] : []),
    ...(state.steady === true ? [] : [steadyMessage(name)]),
  ];
}

const unlessLatest = ({ state }: Service, message: string): string[] => (state.events[0]?.message === message ? [] : [message]);
