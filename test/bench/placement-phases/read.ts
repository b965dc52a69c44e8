/** What it takes to list and describe in a cluster of a hundred thousand tasks. */
import { percentile } from '../../support/percentile.ts';
import { inParallel, registerTask, runServices, runTasks, tasksPerService, type Phase } from './load.ts';

export interface ReadFigures {
  listTasksMsP99: number;
  describeTasksMsP99: number;
  controllerRssMb: number;
}

const clientsAtOnce = 4;
const calls = 600;

export async function read(phase: Phase, tasks: number): Promise<ReadFigures> {
  const { cluster, say } = phase;
  await registerTask(phase);
  const ofServices = Math.floor(tasks / 2 / tasksPerService) * tasksPerService;
  const ms = (await runServices(phase, ofServices)) + (await runTasks(phase, tasks - ofServices));
  say(`${tasks} tasks RUNNING after ${(ms / 1000).toFixed(1)} s; controller at ${cluster.controllerRssMb()} MB`);
  const lists = await listing(phase);
  const describes = await describing(phase);
  const figures = {
    listTasksMsP99: round(percentile(lists, 0.99)),
    describeTasksMsP99: round(percentile(describes, 0.99)),
    controllerRssMb: cluster.controllerRssMb(),
  };
  say(`reading: ${JSON.stringify(figures)}`);
  return figures;
}

interface Listed {
  taskArns: string[];
  nextToken?: string;
}

/** Every kind of filter in turn; of each the first page and one further on. */
async function listing({ cluster: { client }, watch, say }: Phase): Promise<number[]> {
  const { containerInstanceArns } = await client.call<{ containerInstanceArns: string[] }>('ListContainerInstances', {});
  const filters: object[] = [
    {},
    { family: 'bench' },
    { family: 'nothing' },
    { serviceName: 'service-1' },
    { containerInstance: containerInstanceArns[0] },
    { startedBy: 'nobody' },
    { desiredStatus: 'STOPPED' },
    { desiredStatus: 'RUNNING', serviceName: 'service-2', family: 'bench' },
    { maxResults: 1 },
  ];
  await watch.count();
  const byFilter = filters.map((): number[] => []);
  await inParallel(calls, clientsAtOnce, async (index) => {
    const filter = filters[index % filters.length] ?? {};
    const first = await timed(() => client.call<Listed>('ListTasks', filter));
    byFilter[index % filters.length]?.push(first.ms);
    const { nextToken } = first.answer;
    if (nextToken === undefined) return;
    const second = await timed(() => client.call<Listed>('ListTasks', { ...filter, nextToken }));
    byFilter[index % filters.length]?.push(second.ms);
  });
  for (const [index, times] of byFilter.entries())
    say(`ListTasks ${JSON.stringify(filters[index])}: p99 ${round(percentile(times, 0.99))} ms`);
  return byFilter.flat();
}

/** A hundred tasks a call, what it takes at most. */
async function describing({ cluster: { client }, watch }: Phase): Promise<number[]> {
  const ids = await watch.ids();
  const times: number[] = [];
  await inParallel(calls, clientsAtOnce, async (index) => {
    const start = (index * 7919) % (ids.length - 100);
    const tasks = ids.slice(start, start + 100);
    const { ms, answer } = await timed(() => client.call<{ tasks: unknown[] }>('DescribeTasks', { tasks }));
    if (answer.tasks.length !== tasks.length) throw new Error(`${answer.tasks.length} of ${tasks.length} tasks described`);
    times.push(ms);
  });
  return times;
}

async function timed<T>(call: () => Promise<T>): Promise<{ ms: number; answer: T }> {
  const started = performance.now();
  const answer = await call();
  return { ms: performance.now() - started, answer };
}

const round = (ms: number): number => Number(ms.toFixed(1));
