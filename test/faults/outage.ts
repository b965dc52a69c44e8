/** Controllers and Redis down together: what runs goes on untouched, and when they return nobody is judged lost. */
import { setTimeout as delay } from 'node:timers/promises';
import { unlessAborted } from '../support/interruption.ts';
import { LightEcsClient } from '../support/light-ecs-client.ts';
import type { TestCluster } from '../support/test-cluster.ts';
import { listAll } from '../support/clean-cluster.ts';
import { startFaultCluster } from './campaign.ts';
import { nothingBefell } from './befallen.ts';
import { checkHistory, isClean, noFindings, type Findings } from './check-history.ts';
import { readContainers, readFinalState, type FinalState } from './final-state.ts';
import { newHistory, type History } from './history.ts';
import { startStillTasks, strayRestarts, type StillTasks } from './still-tasks.ts';

export interface OutageFigures {
  outageSeconds: number;
  /** Containers that ran all the time. */
  containers: number;
  /** What was restarted, replaced or stopped. */
  strayRestarts: number;
  /** Container instances that were ever told to be disconnected after the return. */
  judgedLost: number;
  surplusTasks: number;
  missingTasks: number;
  lostWrites: number;
  contradictions: number;
  /** From the start of the controllers until all agents are back and the cluster is as it was. */
  backAfterMs: number;
  evidence: string[];
}

const lookEveryMs = 2_000;
/** Long enough for every lease, and for replacements that should not come. */
const watchAfterwardsMs = 20_000;
const backWithinMs = 120_000;

export interface OutageOptions {
  seconds: number;
  say: (line: string) => void;
  signal?: AbortSignal;
}

/** Rejects when it is interrupted. */
export async function runOutage({ seconds, say, signal }: OutageOptions): Promise<OutageFigures> {
  const cluster = await startFaultCluster();
  const client = new LightEcsClient(cluster.settings);
  try {
    return await unlessAborted(outage(cluster, client, seconds, say), signal);
  } finally {
    client.close();
    await cluster.destroy();
  }
}

async function outage(
  cluster: TestCluster,
  client: LightEcsClient,
  seconds: number,
  say: (line: string) => void,
): Promise<OutageFigures> {
  const history = newHistory();
  const still = await startStillTasks(cluster, client, 'outage', history);
  say(`${still.containers.length} containers run; controllers and Redis go down for ${seconds} s`);
  const strays = new Set<string>();
  const look = async (): Promise<void> => {
    for (const stray of strayRestarts(still, await readContainers(cluster.hosts), nothingBefell)) strays.add(stray);
  };

  await cluster.crashControlPlane();
  const until = performance.now() + seconds * 1_000;
  while (performance.now() < until) {
    await look();
    await delay(Math.min(lookEveryMs, Math.max(0, until - performance.now())));
  }

  say(`they come back; ${strays.size} containers were touched meanwhile`);
  const returned = performance.now();
  await cluster.startControlPlane();
  const lost = new Set<string>();
  let backAfterMs: number | undefined;
  let findings = noFindings();
  do {
    for (const instance of await disconnectedInstances(client)) lost.add(instance);
    await look();
    findings = await check(cluster, client, history, still);
    if (isClean(findings)) backAfterMs ??= performance.now() - returned;
    await delay(100);
  } while (performance.now() - returned < (backAfterMs === undefined ? backWithinMs : watchAfterwardsMs));

  const { surplusTasks, missingTasks, lostWrites, contradictions } = findings;
  return {
    outageSeconds: seconds,
    containers: still.containers.length,
    strayRestarts: strays.size,
    judgedLost: lost.size,
    surplusTasks: surplusTasks.length,
    missingTasks: missingTasks.length,
    lostWrites: lostWrites.length,
    contradictions: contradictions.length,
    backAfterMs: Math.round(backAfterMs ?? performance.now() - returned),
    evidence: [...strays, ...lost, ...surplusTasks, ...missingTasks, ...lostWrites, ...contradictions],
  };
}

async function disconnectedInstances(client: LightEcsClient): Promise<string[]> {
  const arns = await listAll(client, 'ListContainerInstances', {}, 'containerInstanceArns');
  const { containerInstances } = await client.call<{
    containerInstances: { containerInstanceArn: string; agentConnected: boolean }[];
  }>('DescribeContainerInstances', { containerInstances: arns });
  return containerInstances.flatMap(({ containerInstanceArn, agentConnected }) => (agentConnected ? [] : containerInstanceArn));
}

/** Nothing was started beside what was there: a task of the service that came and went would show as its stopped task. */
async function check(cluster: TestCluster, client: LightEcsClient, history: History, still: StillTasks): Promise<Findings> {
  const witnesses = { client, redisSocket: cluster.redisSocket, hosts: cluster.hosts };
  const stopped = await listAll(client, 'ListTasks', { desiredStatus: 'STOPPED' }, 'taskArns');
  const state: FinalState = await readFinalState(witnesses, {
    services: history.services.map(({ name }) => name),
    tasks: [...history.tasks.map(({ arn }) => arn), ...stopped],
    taskDefinitions: history.taskDefinitions,
  });
  const findings = checkHistory(history, state, nothingBefell.engineLosses);
  const known = new Set(still.containers.map(({ taskArn }) => taskArn));
  for (const { arn } of state.tasks) if (!known.has(arn)) findings.surplusTasks.push(`task ${arn} was started by nobody's wish`);
  return findings;
}

/** Nothing was touched, lost or judged, and all agree on it. */
export const isOutageBorne = (figures: OutageFigures): boolean =>
  figures.strayRestarts + figures.judgedLost + figures.surplusTasks + figures.missingTasks === 0 &&
  figures.lostWrites + figures.contradictions === 0;
