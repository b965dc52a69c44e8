/** The agent on a real Docker Engine, with a controller that the test plays. */
import test from 'ava';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { loadAgentConfig, startAgent, type Agent, type AgentConfig } from '@mini-ecs/agent';
import { newId, parseJoinToken, silentLogger, type AssignedContainer } from '@mini-ecs/shared';
import { aContainer, anAssignedTask } from '../support/assigned-tasks.ts';
import { eventually } from '../support/eventually.ts';
import { FakeController } from '../support/fake-controller.ts';
import { busyboxImage, startTestHost, type TestHost } from '../support/lab-host.ts';

const run = promisify(execFile);

let testHost: TestHost;

test.before(async () => {
  testHost = await startTestHost();
});

test.after.always(() => testHost?.close());

interface Setup {
  controller: FakeController;
  config: AgentConfig;
  agent: Agent;
  startAgent: () => Promise<Agent>;
  docker: (...args: string[]) => Promise<string>;
}

async function withAgent(body: (setup: Setup) => Promise<void>): Promise<void> {
  const controller = await new FakeController().start();
  const dataDir = await mkdtemp(path.join(tmpdir(), 'mini-ecs-agent-'));
  const config = loadAgentConfig({
    MINI_ECS_CONTROLLER: controller.endpoint,
    MINI_ECS_JOIN_TOKEN: await controller.identity.joinToken(),
    MINI_ECS_AGENT_DATA_DIR: dataDir,
    MINI_ECS_DOCKER_SOCKET: testHost.host.socket,
  });
  const agents: Agent[] = [];
  const start = async (): Promise<Agent> => {
    const agent = await startAgent(config, { log: silentLogger });
    agents.push(agent);
    return agent;
  };
  const docker = async (...args: string[]): Promise<string> =>
    (await run('docker', ['-H', `unix://${testHost.host.socket}`, ...args])).stdout.trim();
  try {
    const agent = await start();
    await body({ controller, config, agent, startAgent: start, docker });
  } finally {
    await Promise.all(agents.map((each) => each.stop()));
    await controller.stop();
    const left = await docker('ps', '-aq', '--filter', 'label=mini-ecs.instance');
    if (left !== '') await docker('rm', '-f', ...left.split('\n'));
    await rm(dataDir, { recursive: true, force: true });
  }
}

const sleeper = (overrides: Partial<AssignedContainer> = {}): AssignedContainer =>
  aContainer({ image: busyboxImage, command: ['sleep', '600'], stopTimeout: 1, ...overrides });

const shell = (script: string, overrides: Partial<AssignedContainer> = {}): AssignedContainer =>
  aContainer({ image: busyboxImage, command: ['sh', '-c', script], stopTimeout: 1, ...overrides });

const statusOf = (controller: FakeController, taskId: string, wanted: string) =>
  eventually(
    () => {
      const status = controller.statuses.get(taskId);
      return status?.lastStatus === wanted ? status : undefined;
    },
    { withinMs: 20_000, describe: () => `not ${wanted}: ${JSON.stringify(controller.statuses.get(taskId))}` },
  );

test.serial('a task runs with its ports, and stops when the store wants it stopped', (t) =>
  withAgent(async ({ controller, docker }) => {
    const taskId = newId();
    controller.assign(
      taskId,
      anAssignedTask(taskId, { containers: [sleeper({ portMappings: [{ containerPort: 80, hostPort: 0 }] })] }),
    );
    const running = await statusOf(controller, taskId, 'RUNNING');
    const [container] = running.containers;
    t.like(container, { name: 'app', lastStatus: 'RUNNING', reason: '' });
    t.like(container?.networkBindings, [{ bindIp: '0.0.0.0', containerPort: 80, protocol: 'tcp' }]);
    t.true((running.startedAgeMs ?? Infinity) < 60_000);
    const labels = JSON.parse(await docker('inspect', '-f', '{{json .Config.Labels}}', container?.runtimeId ?? '')) as object;
    t.like(labels, {
      'com.amazonaws.ecs.task-definition-family': 'web',
      'com.amazonaws.ecs.container-name': 'app',
      'mini-ecs.store': 'store-1',
    });
    controller.stopTask(taskId);
    const stopped = await statusOf(controller, taskId, 'STOPPED');
    t.like(stopped, { stopCode: '', stoppedReason: '' });
    t.is(stopped.containers[0]?.exitCode, 137);
    t.deepEqual(controller.histories.get(taskId)?.slice(-3), ['RUNNING', 'STOPPING', 'STOPPED']);
  }),
);

test.serial('a task whose essential container exits stops the others and tells the exit code', (t) =>
  withAgent(async ({ controller }) => {
    const taskId = newId();
    controller.assign(
      taskId,
      anAssignedTask(taskId, {
        containers: [
          shell('sleep 0.3; exit 5', { dependsOn: [{ containerName: 'side', condition: 'START' }] }),
          sleeper({ name: 'side', essential: false }),
        ],
      }),
    );
    const stopped = await statusOf(controller, taskId, 'STOPPED');
    t.like(stopped, { stopCode: 'EssentialContainerExited', stoppedReason: 'Essential container in task exited' });
    t.deepEqual(
      stopped.containers.map(({ name, exitCode, lastStatus }) => [name, exitCode, lastStatus]),
      [
        ['app', 5, 'STOPPED'],
        ['side', 137, 'STOPPED'],
      ],
    );
  }),
);

test.serial('failures on the way up are told as ECS tells them', (t) =>
  withAgent(async ({ controller }) => {
    const [pull, start] = [newId(), newId()];
    controller.assign(pull, anAssignedTask(pull, { containers: [sleeper({ image: '127.0.0.1:9/nothing:1' })] }));
    controller.assign(start, anAssignedTask(start, { containers: [sleeper({ command: ['no-such-program'] })] }));
    for (const [taskId, reason] of [
      [pull, /^CannotPullContainerError: /],
      [start, /^CannotStartContainerError: Error response from daemon: .*no-such-program/],
    ] as const) {
      const stopped = await statusOf(controller, taskId, 'STOPPED');
      t.like(stopped, { stopCode: 'TaskFailedToStart', stoppedReason: 'Task failed to start' });
      t.regex(stopped.containers[0]?.reason ?? '', reason);
    }
  }),
);

test.serial('containers start in the order of their dependencies and share volumes', (t) =>
  withAgent(async ({ controller }) => {
    const taskId = newId();
    const mountPoints = [{ sourceVolume: 'data', containerPath: '/data' }];
    const containers = [
      shell('cat /data/schema && sleep 600', { mountPoints, dependsOn: [{ containerName: 'migrate', condition: 'SUCCESS' }] }),
      shell('sleep 0.3; echo made > /data/schema', { name: 'migrate', essential: false, mountPoints }),
    ];
    controller.assign(taskId, anAssignedTask(taskId, { containers, volumes: [{ name: 'data' }] }));
    const running = await statusOf(controller, taskId, 'RUNNING');
    t.deepEqual(
      running.containers.map(({ lastStatus, exitCode }) => [lastStatus, exitCode]),
      [
        ['RUNNING', undefined],
        ['STOPPED', 0],
      ],
    );
  }),
);

test.serial('an agent restarted adopts its containers, and tells what ended meanwhile', (t) =>
  withAgent(async ({ controller, agent, startAgent: start, docker }) => {
    const [survivor, casualty] = [newId(), newId()];
    for (const taskId of [survivor, casualty]) controller.assign(taskId, anAssignedTask(taskId, { containers: [sleeper()] }));
    const before = (await statusOf(controller, survivor, 'RUNNING')).containers[0]?.runtimeId;
    const victim = (await statusOf(controller, casualty, 'RUNNING')).containers[0]?.runtimeId ?? '';
    await agent.stop();
    await eventually(() => controller.messages.some((message) => message.farewell));
    const startedAt = await docker('inspect', '-f', '{{.State.StartedAt}}', before ?? '');
    await docker('kill', victim);
    const again = await start();
    t.is(again.instanceId, agent.instanceId);
    const stopped = await statusOf(controller, casualty, 'STOPPED');
    t.like(stopped, { stopCode: 'EssentialContainerExited' });
    t.is(stopped.containers[0]?.exitCode, 137);
    t.is((await statusOf(controller, survivor, 'RUNNING')).containers[0]?.runtimeId, before);
    t.is(await docker('inspect', '-f', '{{.State.StartedAt}}', before ?? ''), startedAt);
  }),
);

test.serial('an agent without its state file is again who its containers say', (t) =>
  withAgent(async ({ controller, agent, config, startAgent: start }) => {
    const taskId = newId();
    controller.assign(taskId, anAssignedTask(taskId, { containers: [sleeper()] }));
    await statusOf(controller, taskId, 'RUNNING');
    await agent.stop();
    await rm(config.dataDir, { recursive: true });
    // Its certificate is gone too, and only an operator's word lets another key speak for the instance.
    config.joinToken = parseJoinToken(await controller.identity.joinToken({ instance: agent.instanceId }));
    const again = await start();
    await eventually(() => controller.hellos.length >= 2);
    t.is(again.instanceId, agent.instanceId);
    t.like(controller.hellos[1], { instanceId: agent.instanceId, storeId: 'store-1' });
    t.like(controller.hellos[1]?.tasks, [{ taskId, lastStatus: 'RUNNING' }]);
  }),
);

test.serial('an engine crash ends the session after a while, and its tasks are told as stopped when it is back', (t) =>
  withAgent(async ({ controller }) => {
    const taskId = newId();
    controller.assign(taskId, anAssignedTask(taskId, { containers: [sleeper()] }));
    await statusOf(controller, taskId, 'RUNNING');
    await testHost.host.killDocker();
    await eventually(() => controller.sessions === 0, { describe: () => 'the session is still open' });
    const next = newId();
    controller.assign(next, anAssignedTask(next, { containers: [sleeper()] }));
    await testHost.host.startDocker();
    const stopped = await statusOf(controller, taskId, 'STOPPED');
    t.like(stopped, { stopCode: 'EssentialContainerExited' });
    await statusOf(controller, next, 'RUNNING');
    await eventually(() => controller.sessions === 1);
  }),
);

test.serial("a container's log comes in chunks through the session", (t) =>
  withAgent(async ({ controller }) => {
    const taskId = newId();
    controller.assign(taskId, anAssignedTask(taskId, { containers: [shell('seq 1 20000; sleep 600')] }));
    await statusOf(controller, taskId, 'RUNNING');
    const chunks = () => controller.messages.flatMap(({ logChunk }) => logChunk ?? []);
    controller.sendToAgents({ logRequest: { requestId: 'whole', taskId, follow: true } });
    const text = () => Buffer.concat(chunks().map(({ data }) => data)).toString();
    await eventually(() => text().endsWith('\n20000\n'), { describe: () => `${text().length} characters came` });
    controller.sendToAgents({ logCancel: { requestId: 'whole' } });
    await eventually(() => chunks().some(({ requestId, end, error }) => requestId === 'whole' && end && error === ''));
    controller.sendToAgents({ logRequest: { requestId: 'none', taskId: 'no-such-task' } });
    const failed = await eventually(() => chunks().find(({ requestId, end }) => requestId === 'none' && end));
    t.regex(failed.error, /not on this container instance/);
    t.is(text(), Array.from({ length: 20_000 }, (_, index) => `${index + 1}\n`).join(''));
  }),
);
