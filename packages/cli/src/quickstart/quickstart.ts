/**
 * `mini-ecs up`: a cluster on this machine from nothing to a page fetched from each of its tasks, then until Ctrl-C, then nothing
 * again. Its state is in `quickstart/` of the data directory; what a killed run left there or in a lab goes at the next start.
 */
import { labIsPossible } from '@mini-ecs/lab';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { createEcsClient } from '../api-client.ts';
import { dataDirFlag, exportLine, quickstartDir, writeQuickstart, type ClientSettings } from '../client-settings.ts';
import { renderTaskTable, type TaskRow } from '../task-table.ts';
import { Interruption } from './interruption.ts';
import { LabQuickstart } from './lab-quickstart.ts';
import { LocalQuickstart } from './local-quickstart.ts';
import type { UpOptions } from './options.ts';
import { advice, type QuickstartCluster } from './quickstart-cluster.ts';
import { deploySampleService, fetchSamplePage, sampleService, waitForSampleTasks } from './sample-service.ts';
import { StepFailed, Steps } from './steps.ts';
import { holdLock } from './up-lock.ts';

const sampleTasks = 3;

export async function runQuickstart(options: UpOptions): Promise<void> {
  const folder = quickstartDir(options.dataDir);
  const unlock = holdLock(options.dataDir);
  const interruption = new Interruption();
  const steps = new Steps(process.stderr);
  const cluster = labIsPossible() && !options.local ? new LabQuickstart(options, folder) : new LocalQuickstart(options, folder);
  try {
    await bringUp(cluster, options, steps, interruption.signal);
    await interruption.happened;
  } catch (error) {
    // A step that fails because Ctrl-C ended what it waited for is no failure.
    if (!interruption.signal.aborted) explain(error);
  } finally {
    await tidyUp(cluster, folder, steps).finally(() => interruption.end());
    unlock();
  }
}

async function tidyUp(cluster: QuickstartCluster, folder: string, steps: Steps): Promise<void> {
  const startAgain = 'start it once more: it removes what an earlier run left, and then remove it with Ctrl-C.';
  await steps
    .run('Removing hosts, containers and data', startAgain, async () => {
      await cluster.remove();
      // After a failure the logs stay until the next start.
      if (process.exitCode === undefined) await rm(folder, { recursive: true, force: true });
    })
    .catch(explain);
}

async function bringUp(cluster: QuickstartCluster, options: UpOptions, steps: Steps, signal: AbortSignal): Promise<void> {
  await cluster.prepare(steps);
  signal.throwIfAborted();
  await steps.run(`Ports ${options.apiPort} and ${options.agentPort} are free`, advice.ports, async () => {
    for (const port of [options.apiPort, options.agentPort]) await requireFreePort(port);
  });
  const { settings, controllerDataDir } = await cluster.start(steps, signal);
  writeQuickstart(options.dataDir, { pid: process.pid, controllerDataDir });
  signal.throwIfAborted();
  const rows = await runSample(cluster, settings, options, steps, signal);
  tell(settings, options, rows);
}

async function runSample(
  { image }: QuickstartCluster,
  settings: ClientSettings,
  { cluster, dataDir }: UpOptions,
  steps: Steps,
  signal: AbortSignal,
): Promise<TaskRow[]> {
  const client = createEcsClient(settings);
  const seeLogs = advice.logs(path.join(quickstartDir(dataDir), 'logs'));
  try {
    const rows = await steps.run(`Service ${sampleService} has ${sampleTasks} tasks running`, seeLogs, async () => {
      await deploySampleService(client, cluster, image, sampleTasks);
      return waitForSampleTasks(client, cluster, sampleTasks, { timeoutMs: 60_000, signal });
    });
    await steps.run('Each task answers with its page', seeLogs, async () => {
      await Promise.all(rows.map((row) => fetchSamplePage(row, { timeoutMs: 15_000, signal })));
    });
    return rows;
  } finally {
    client.destroy();
  }
}

function tell(settings: ClientSettings, { cluster, dataDir, ...options }: UpOptions, rows: TaskRow[]): void {
  const named = cluster === 'default' ? '' : ` --cluster ${cluster}`;
  const where = dataDirFlag(dataDir);
  const lines = [
    '',
    renderTaskTable(rows),
    '',
    `The ECS API is at http://127.0.0.1:${options.apiPort}. In another terminal:`,
    '',
    `  eval "$(npx mini-ecs env${where})"`,
    '',
    'which is',
    '',
    `  ${exportLine(settings)}`,
    '',
    'and then, for example:',
    '',
    `  aws ecs list-tasks${named} --service-name ${sampleService}`,
    `  aws ecs update-service${named} --service ${sampleService} --desired-count 6`,
    `  aws ecs describe-services${named} --services ${sampleService} --query 'services[0].events[:3].message'`,
    '',
    `npx mini-ecs ps${named}${where} prints the table again; Ctrl-C here removes all of it.`,
    '',
    'mini-ecs is ready',
  ];
  console.log(lines.join('\n'));
}

function explain(error: unknown): void {
  process.exitCode = 1;
  const message = error instanceof Error ? error.message : String(error);
  console.error(`\nmini-ecs: ${message}`);
  if (error instanceof StepFailed) console.error(`\nWhat to do: ${error.advice}\n`);
}

function requireFreePort(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      const inUse = error.code === 'EADDRINUSE';
      reject(inUse ? new Error(`port ${port} is in use, perhaps by another mini-ecs up or controller`) : error);
    });
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve()));
  });
}
