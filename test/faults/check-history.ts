/** Holds what clients were told against what is there in the end. Pure: the same history and state give the same findings. */
import { mayHaveEndedWithEngine, type EngineLoss } from './befallen.ts';
import type { FinalService, FinalState, FinalTask } from './final-state.ts';
import type { History, OwnedTask } from './history.ts';

export interface Findings {
  /** Acknowledged writes that are not there. */
  lostWrites: string[];
  /** Tasks and containers too many. */
  surplusTasks: string[];
  /** Tasks and containers too few. */
  missingTasks: string[];
  /** What the witnesses do not agree on, and what does not add up. */
  contradictions: string[];
}

export const noFindings = (): Findings => ({ lostWrites: [], surplusTasks: [], missingTasks: [], contradictions: [] });

export const isClean = (findings: Findings): boolean => Object.values(findings).every(({ length }) => length === 0);

export function checkHistory(history: History, state: FinalState, engineLosses: readonly EngineLoss[]): Findings {
  const findings = noFindings();
  checkServices(history, state, findings);
  checkTasks(history, state, engineLosses, findings);
  checkRuns(history, state, findings);
  checkTaskDefinitions(history, state, findings);
  checkContainers(state, findings);
  checkRedis(state, findings);
  return findings;
}

// ── what clients own ──

function checkServices({ services }: History, state: FinalState, findings: Findings): void {
  for (const { name, mayBe } of services) {
    const found = state.services.find((service) => service.name === name);
    const is = found?.state ?? 'none';
    if (!mayBe.some((one) => JSON.stringify(one) === JSON.stringify(is))) {
      findings.lostWrites.push(`service ${name} is ${JSON.stringify(is)}, and may be ${JSON.stringify(mayBe)}`);
    }
    checkCount(name, is === 'none' ? 0 : is.desiredCount, found, state.tasks, findings);
  }
}

function checkCount(
  name: string,
  desired: number,
  found: FinalService | undefined,
  tasks: readonly FinalTask[],
  findings: Findings,
): void {
  const toRun = tasks.filter(({ service, desiredStatus }) => service === name && desiredStatus === 'RUNNING');
  const running = toRun.filter(({ lastStatus, connectivity }) => lastStatus === 'RUNNING' && connectivity === 'CONNECTED').length;
  if (toRun.length > desired)
    findings.surplusTasks.push(`service ${name} wants ${desired} tasks, and ${toRun.length} are to run`);
  if (running < desired) findings.missingTasks.push(`service ${name} wants ${desired} tasks, and ${running} run`);
  if (!found) return;
  const { runningCount, pendingCount, deployments } = found;
  if (runningCount > desired)
    findings.surplusTasks.push(`service ${name} wants ${desired} tasks, and says that ${runningCount} run`);
  if (runningCount < desired)
    findings.missingTasks.push(`service ${name} wants ${desired} tasks, and says that ${runningCount} run`);
  if (pendingCount > 0) findings.surplusTasks.push(`service ${name} has ${pendingCount} tasks pending`);
  if (desired > 0 && deployments !== 1) findings.contradictions.push(`service ${name} has ${deployments} deployments`);
}

function checkTasks(history: History, state: FinalState, engineLosses: readonly EngineLoss[], findings: Findings): void {
  const tasks = new Map(state.tasks.map((task) => [task.arn, task]));
  for (const owned of history.tasks) {
    const task = tasks.get(owned.arn);
    if (task) checkTask(owned, task, engineLosses, findings);
    else findings.lostWrites.push(`task ${owned.arn} is not there`);
  }
}

function checkTask({ arn, wish }: OwnedTask, task: FinalTask, engineLosses: readonly EngineLoss[], findings: Findings): void {
  const { lastStatus, desiredStatus, host, stoppedReason } = task;
  const told = `task ${arn} on ${host} is ${lastStatus}, is to be ${desiredStatus} (${stoppedReason})`;
  if (wish === 'stopped' && desiredStatus !== 'STOPPED') findings.lostWrites.push(`${told}, and was stopped`);
  if (wish === 'stopped' && lastStatus !== 'STOPPED') findings.surplusTasks.push(`${told}, and was stopped`);
  const mayHaveEnded = wish !== 'running' || mayHaveEndedWithEngine(task, engineLosses);
  if (!mayHaveEnded && lastStatus !== 'RUNNING') findings.missingTasks.push(`${told}, and nobody stopped it`);
  if (desiredStatus === 'STOPPED' && lastStatus !== 'STOPPED') findings.surplusTasks.push(told);
}

/**
 * A standalone task that is to run was answered to its RunTask, or nobody knows what became of that. A RunTask that was carried
 * out twice shows as tasks that no answer named.
 */
function checkRuns({ tasks: owned, runs }: History, { tasks }: FinalState, findings: Findings): void {
  const known = new Set(owned.map(({ arn }) => arn));
  const strangers = tasks.filter(
    ({ arn, service, desiredStatus }) => service === '' && desiredStatus === 'RUNNING' && !known.has(arn),
  );
  for (const [startedBy, started] of Map.groupBy(strangers, (task) => task.startedBy)) {
    const run = runs.find((each) => each.startedBy === startedBy);
    if (run && !run.isAnswered && started.length <= run.count) continue;
    const told = run ? `of ${run.count}, ${run.isAnswered ? 'answered without them' : 'not answered'}` : 'that nobody sent';
    findings.surplusTasks.push(`tasks ${started.map(({ arn }) => arn).join(', ')} were started by RunTask ${startedBy} ${told}`);
  }
}

function checkTaskDefinitions({ taskDefinitions }: History, state: FinalState, findings: Findings): void {
  const seen = new Set<string>();
  for (const arn of taskDefinitions) {
    if (seen.has(arn)) findings.contradictions.push(`${arn} was given out twice`);
    seen.add(arn);
    if (!state.taskDefinitions.includes(arn)) findings.lostWrites.push(`${arn} is not there`);
  }
}

// ── what the witnesses say of each other ──

/** Each task that runs has exactly one running container (the campaign's tasks have one), and no other container runs. */
function checkContainers({ tasks, containers }: FinalState, findings: Findings): void {
  const running = containers.filter((container) => container.running);
  const toRun = new Set(tasks.filter(({ desiredStatus }) => desiredStatus === 'RUNNING').map(({ arn }) => arn));
  const perTask = Map.groupBy(running, ({ taskArn }) => taskArn);
  for (const [arn, own] of perTask) {
    const where = own.map(({ host, id }) => `${host}/${id.slice(0, 12)}`).join(', ');
    if (!toRun.has(arn)) findings.surplusTasks.push(`a container runs for ${arn}, which is not to run: ${where}`);
    else if (own.length > 1) findings.surplusTasks.push(`${own.length} containers run for ${arn}: ${where}`);
  }
  for (const arn of toRun) {
    if (!perTask.has(arn)) findings.missingTasks.push(`no container runs for ${arn}, which is to run`);
  }
}

function checkRedis({ services, tasks, taskDefinitions, redis }: FinalState, findings: Findings): void {
  const contradict = (what: string): void => void findings.contradictions.push(what);
  for (const { name, state } of services) {
    const wanted = state === 'none' ? undefined : state.desiredCount;
    const stored = redis.services.get(name);
    if (stored !== wanted) contradict(`service ${name} wants ${wanted} by the API, ${stored} by Redis`);
  }
  for (const { arn, lastStatus, desiredStatus } of tasks) {
    const stored = redis.tasks.get(arn.slice(arn.lastIndexOf('/') + 1));
    if (stored?.lastStatus !== lastStatus || stored.desiredStatus !== desiredStatus) {
      contradict(
        `task ${arn} is ${lastStatus}/${desiredStatus} by the API, ${stored?.lastStatus}/${stored?.desiredStatus} by Redis`,
      );
    }
  }
  for (const arn of taskDefinitions) {
    if (!redis.taskDefinitions.has(arn.slice(arn.lastIndexOf('/') + 1))) contradict(`${arn} is not in Redis`);
  }
  for (const { id, taken, used } of redis.instances) {
    if (taken.cpu !== used.cpu || taken.memory !== used.memory) {
      contradict(`instance ${id} has ${JSON.stringify(taken)} taken, and its tasks use ${JSON.stringify(used)}`);
    }
  }
}
