/** The quickstart's web service: busybox's httpd behind a dynamic port, with a page that names the container it comes from. */
import {
  CreateClusterCommand,
  CreateServiceCommand,
  DescribeServicesCommand,
  RegisterTaskDefinitionCommand,
  UpdateServiceCommand,
  type ECSClient,
} from '@aws-sdk/client-ecs';
import { readTaskRows, type TaskRow } from '../task-table.ts';
import { waitUntil, type Waiting } from './wait-until.ts';

export const sampleService = 'sample-web';

const page = '<h1>mini-ecs</h1><p>This page comes from container $(hostname).</p>';
// The shell is the container's first process, which gets no signal that it does not ask for: with the trap it stops at once.
const script = `mkdir -p /www; echo "${page}" > /www/index.html; httpd -f -v -p 8080 -h /www & trap 'exit 0' TERM; echo "sample-web listens on port 8080"; wait`;

export async function deploySampleService(
  client: ECSClient,
  cluster: string,
  image: string,
  desiredCount: number,
): Promise<void> {
  await client.send(new CreateClusterCommand({ clusterName: cluster }));
  const registered = await client.send(
    new RegisterTaskDefinitionCommand({
      family: sampleService,
      networkMode: 'bridge',
      containerDefinitions: [
        {
          name: 'web',
          image,
          cpu: 64,
          memory: 64,
          essential: true,
          command: ['sh', '-c', script],
          portMappings: [{ containerPort: 8080, hostPort: 0, protocol: 'tcp' }],
          stopTimeout: 5,
        },
      ],
    }),
  );
  const taskDefinition = registered.taskDefinition?.taskDefinitionArn;
  const existing = await client.send(new DescribeServicesCommand({ cluster, services: [sampleService] }));
  const isThere = existing.services?.some(({ status }) => status === 'ACTIVE');
  const change = { cluster, taskDefinition, desiredCount };
  if (isThere) await client.send(new UpdateServiceCommand({ ...change, service: sampleService }));
  else await client.send(new CreateServiceCommand({ ...change, serviceName: sampleService }));
}

/** Waits until exactly the desired tasks run. Throws what the service says about itself when they do not in time. */
export async function waitForSampleTasks(
  client: ECSClient,
  cluster: string,
  count: number,
  waiting: Waiting,
): Promise<TaskRow[]> {
  const running = async (): Promise<TaskRow[] | undefined> => {
    const rows = (await readTaskRows(client, cluster)).filter(({ group }) => group === `service:${sampleService}`);
    return rows.length === count && rows.every(({ status }) => status === 'RUNNING') ? rows : undefined;
  };
  try {
    return await waitUntil(`${count} tasks RUNNING`, running, waiting);
  } catch (error) {
    waiting.signal?.throwIfAborted();
    const { services } = await client.send(new DescribeServicesCommand({ cluster, services: [sampleService] }));
    const events = services?.[0]?.events?.slice(0, 3).map(({ message }) => message) ?? [];
    throw new Error([error instanceof Error ? error.message : String(error), ...events].join('\n'), { cause: error });
  }
}

/** Fetches a task's page, which must come from that task's own container. */
export async function fetchSamplePage(row: TaskRow, waiting: Waiting): Promise<void> {
  const [address] = row.addresses;
  if (!address) throw new Error(`Task ${row.taskId} has published no port.`);
  const container = row.task.containers?.[0]?.runtimeId?.slice(0, 12) ?? '';
  const fetchPage = async (): Promise<true> => {
    const response = await fetch(`http://${address}/`, { signal: AbortSignal.timeout(2_000) });
    const text = await response.text();
    if (!text.includes(container)) throw new Error(`http://${address}/ is the page of another container: ${text.trim()}`);
    return true;
  };
  await waitUntil(`http://${address}/ answers`, fetchPage, { intervalMs: 50, ...waiting });
}
