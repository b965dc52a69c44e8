/** The `aws` program with nothing but the settings of `mini-ecs env`, from a first task definition to an empty cluster. */
import test, { type ExecutionContext } from 'ava';
import { aSleepingTask, anExitingTask } from '../support/task-definitions.ts';
import { TestCluster } from '../support/test-cluster.ts';

interface Described {
  tasks: { taskArn: string; lastStatus: string; stopCode: string; stoppedReason: string; containers: { exitCode?: number }[] }[];
}

const service = ['--cluster', 'default', '--services', 'web'];

test('a deploy script lives its whole life against mini-ecs', async (t) => {
  const cluster = await TestCluster.start({ hosts: 3 });
  t.teardown(() => cluster.destroy());
  await runsATaskToItsExitCode(t, cluster);
  await createsScalesAndRolls(t, cluster);
  await replacesAStoppedTask(t, cluster);
  await drainsAnInstance(t, cluster);
  await deletesEverything(t, cluster);
});

const register = (cluster: TestCluster, request: ReturnType<typeof aSleepingTask>) =>
  cluster.aws.ecs<{ taskDefinition: { revision: number } }>(
    'register-task-definition',
    '--cli-input-json',
    JSON.stringify(request),
  );

async function runsATaskToItsExitCode(t: ExecutionContext, cluster: TestCluster): Promise<void> {
  const { aws } = cluster;
  await register(cluster, anExitingTask('job', 0));
  const run = await aws.ecs<Described>('run-task', '--cluster', 'default', '--task-definition', 'job');
  const [task] = run.tasks;
  t.truthy(task, JSON.stringify(run));
  const tasks = ['--cluster', 'default', '--tasks', task?.taskArn ?? ''];
  await aws.ecs('wait', 'tasks-stopped', ...tasks);
  const described = await aws.ecs<Described>('describe-tasks', ...tasks);
  t.is(described.tasks[0]?.containers[0]?.exitCode, 0);
  t.is(described.tasks[0]?.stopCode, 'EssentialContainerExited');
  t.is(described.tasks[0]?.stoppedReason, 'Essential container in task exited');
}

async function createsScalesAndRolls(t: ExecutionContext, cluster: TestCluster): Promise<void> {
  const { aws } = cluster;
  await register(cluster, aSleepingTask('web'));
  await aws.ecs('create-service', '--service-name', 'web', '--task-definition', 'web', '--desired-count', '6');
  await aws.ecs('wait', 'services-stable', ...service);
  t.is((await cluster.runningContainers('web')).length, 6);

  await aws.ecs('update-service', '--service', 'web', '--desired-count', '9');
  await aws.ecs('wait', 'services-stable', ...service);
  t.is((await cluster.runningContainers('web')).length, 9);
  await aws.ecs('update-service', '--service', 'web', '--desired-count', '6');
  await aws.ecs('wait', 'services-stable', ...service);
  await cluster.eventually('6 containers are left', async () => (await cluster.runningContainers('web')).length === 6);

  const { taskDefinition } = await register(cluster, aSleepingTask('web', { environment: [{ name: 'RELEASE', value: '2' }] }));
  t.is(taskDefinition.revision, 2);
  await aws.ecs('update-service', '--service', 'web', '--task-definition', 'web:2');
  await aws.ecs('wait', 'services-stable', ...service);
  await cluster.eventually('only containers of revision 2 run', async () => {
    const containers = await cluster.runningContainers('web');
    return containers.length === 6 && containers.every(({ revision }) => revision === '2');
  });
}

async function replacesAStoppedTask(t: ExecutionContext, cluster: TestCluster): Promise<void> {
  const { aws } = cluster;
  const { taskArns } = await aws.ecs<{ taskArns: string[] }>('list-tasks', '--service-name', 'web');
  const [victim = ''] = taskArns;
  await aws.ecs('stop-task', '--task', victim, '--reason', 'tired of it');
  await aws.ecs('wait', 'tasks-stopped', '--tasks', victim);
  const { tasks } = await aws.ecs<Described>('describe-tasks', '--tasks', victim);
  t.is(tasks[0]?.stopCode, 'UserInitiated');
  t.is(tasks[0]?.stoppedReason, 'tired of it');
  await cluster.eventually('6 others run', async () => {
    const containers = await cluster.runningContainers('web');
    return containers.length === 6 && containers.every(({ taskArn }) => taskArn !== victim);
  });
}

async function drainsAnInstance(t: ExecutionContext, cluster: TestCluster): Promise<void> {
  const { aws } = cluster;
  const { containerInstanceArns } = await aws.ecs<{ containerInstanceArns: string[] }>('list-container-instances');
  t.is(containerInstanceArns.length, 3);
  const [drained = ''] = containerInstanceArns;
  await aws.ecs('update-container-instances-state', '--container-instances', drained, '--status', 'DRAINING');
  await cluster.eventually('the drained instance is empty and 6 tasks run elsewhere', async () => {
    const left = await aws.ecs<{ taskArns: string[] }>('list-tasks', '--container-instance', drained);
    const { services } = await aws.ecs<{ services: { runningCount: number }[] }>('describe-services', ...service);
    const containers = await cluster.runningContainers('web');
    return left.taskArns.length === 0 && services[0]?.runningCount === 6 && containers.length === 6;
  });
}

async function deletesEverything(t: ExecutionContext, cluster: TestCluster): Promise<void> {
  const { aws } = cluster;
  await aws.ecs('delete-service', '--service', 'web', '--force');
  await aws.ecs('wait', 'services-inactive', ...service);
  await cluster.eventually('no container is left', async () => (await cluster.runningContainers()).length === 0);
  for (const definition of ['job:1', 'web:1', 'web:2'])
    await aws.ecs('deregister-task-definition', '--task-definition', definition);
  for (const agent of cluster.agents) await agent.stop();
  const { containerInstanceArns } = await aws.ecs<{ containerInstanceArns: string[] }>('list-container-instances');
  for (const arn of containerInstanceArns) await aws.ecs('deregister-container-instance', '--container-instance', arn, '--force');
  await aws.ecs('delete-cluster', '--cluster', 'default');
  const { clusters } = await aws.ecs<{ clusters: { status: string }[] }>('describe-clusters', '--clusters', 'default');
  t.true(clusters.every(({ status }) => status === 'INACTIVE'));
}
