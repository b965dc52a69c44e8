/**
 * What every ContainerRuntime promises. Run by container-runtime-docker.test.ts on a Docker Engine of its own and by
 * container-runtime-simulated.test.ts, so that what is simulated means something.
 */
import type { TestFn } from 'ava';
import { randomBytes } from 'node:crypto';
import { containerNameLabel, instanceLabel, taskArnLabel, type ContainerRuntime, type CreateRequest } from '@mini-ecs/agent';
import type { AssignedContainer } from '@mini-ecs/shared';
import { aContainer, anAssignedTask } from '../support/assigned-tasks.ts';
import { eventually } from '../support/eventually.ts';

/** Containers that behave as named on the runtime under test: an image, and for a real one a command. */
export type Behaviour =
  | 'runs'
  | 'exits with 3'
  | 'prints two lines'
  | 'ignores SIGTERM'
  | 'exits with 7 on SIGTERM'
  | 'cannot start'
  | 'runs out of memory'
  | 'becomes healthy';

export interface RuntimeUnderTest {
  runtime: ContainerRuntime;
  container: (behaviour: Behaviour) => Partial<AssignedContainer>;
  missingImage: string;
}

const hex = (): string => randomBytes(16).toString('hex');

export function aRequest(overrides: Partial<AssignedContainer>, instance = hex()): CreateRequest {
  const container = aContainer(overrides);
  const taskId = hex();
  const name = `ecs-web-1-${container.name}-${taskId}`;
  const labels = {
    [taskArnLabel]: `arn:aws:ecs:us-east-1:000000000000:task/default/${taskId}`,
    [containerNameLabel]: container.name,
    [instanceLabel]: instance,
  };
  const task = anAssignedTask(taskId, { containers: [container] });
  return { name, labels, task, container, names: { [container.name]: name }, volumes: {} };
}

export function containerRuntimeContract(test: TestFn, subject: () => RuntimeUnderTest): void {
  const create = async (request: CreateRequest): Promise<string> => (await subject().runtime.create(request)).id;
  const started = async (behaviour: Behaviour, overrides: Partial<AssignedContainer> = {}): Promise<string> => {
    const id = await create(aRequest({ ...subject().container(behaviour), ...overrides }));
    await subject().runtime.start(id);
    return id;
  };
  const exited = (id: string) =>
    eventually(
      async () => {
        const observed = await subject().runtime.inspect(id);
        return observed?.state === 'exited' ? observed : undefined;
      },
      { describe: () => 'the container has not exited' },
    );

  test('the engine tells its version and what it has', async (t) => {
    const info = await subject().runtime.info();
    t.true(info.cpus > 0 && info.memory > 0);
    t.is(info.osType, 'linux');
    t.not(info.version, '');
  });

  test('a created container is not started, and is listed under its instance alone', async (t) => {
    const instance = hex();
    const request = aRequest(subject().container('runs'), instance);
    const id = await create(request);
    const listed = await subject().runtime.list(instance);
    t.like(listed, [{ id, name: request.name, state: 'created', error: '' }]);
    t.like(listed[0]?.labels, request.labels);
    t.is(listed[0]?.startedAt, undefined);
    t.deepEqual(await subject().runtime.list(hex()), []);
    t.true((await subject().runtime.list()).some((each) => each.id === id));
  });

  test('a creation repeated adopts the first one', async (t) => {
    const request = aRequest(subject().container('runs'));
    const first = await subject().runtime.create(request);
    const second = await subject().runtime.create(request);
    t.deepEqual([first.adopted, second.adopted, second.id], [false, true, first.id]);
  });

  test('a name taken by a container of another task is a conflict', async (t) => {
    const request = aRequest(subject().container('runs'));
    await create(request);
    const other = { ...aRequest(subject().container('runs')), name: request.name };
    await t.throwsAsync(subject().runtime.create(other), { name: 'RuntimeError', message: /is in use/ });
  });

  test('a container of an image that is not there cannot be created', async (t) => {
    const { runtime, missingImage } = subject();
    t.is(await runtime.findImage(missingImage), undefined);
    const error = await t.throwsAsync(runtime.create(aRequest({ image: missingImage })), { name: 'RuntimeError' });
    t.like(error, { code: 'not-found' });
  });

  test('an image made on the host is found and has no digest of a registry', async (t) => {
    const { runtime, container } = subject();
    t.deepEqual(await runtime.findImage(container('runs').image ?? ''), { digest: undefined });
  });

  test('an image that no registry gives cannot be pulled', async (t) => {
    await t.throwsAsync(subject().runtime.pull(subject().missingImage), { name: 'RuntimeError' });
  });

  test('a started container runs, and tells the host port that it was given', async (t) => {
    const id = await started('runs', { portMappings: [{ containerPort: 80, hostPort: 0, protocol: 'tcp' }] });
    const observed = await subject().runtime.inspect(id);
    t.is(observed?.state, 'running');
    t.true((observed?.startedAt ?? 0) > 0);
    t.like(observed?.networkBindings, [{ bindIP: '0.0.0.0', containerPort: 80, protocol: 'tcp' }]);
    t.is(observed?.networkBindings.length, 1);
    t.true((observed?.networkBindings[0]?.hostPort ?? 0) > 1024);
    await subject().runtime.start(id);
    t.is((await subject().runtime.inspect(id))?.startedAt, observed?.startedAt);
  });

  test('a static host port is taken once', async (t) => {
    const portMappings = [{ containerPort: 80, hostPort: 20_000 + Math.floor(Math.random() * 10_000) }];
    await started('runs', { portMappings });
    const second = await create(aRequest({ ...subject().container('runs'), portMappings }));
    const error = await t.throwsAsync(subject().runtime.start(second), {
      name: 'RuntimeError',
      message: /port is already allocated/,
    });
    t.like(error, { code: 'refused' });
    const observed = await subject().runtime.inspect(second);
    t.like(observed, { state: 'created', exitCode: undefined });
    t.regex(observed?.error ?? '', /port is already allocated/);
  });

  test('a container that cannot start says why and has never started', async (t) => {
    const id = await create(aRequest(subject().container('cannot start')));
    await t.throwsAsync(subject().runtime.start(id), { name: 'RuntimeError' });
    const observed = await subject().runtime.inspect(id);
    t.like(observed, { state: 'created', startedAt: undefined });
    t.not(observed?.error, '');
  });

  test('an exit is told with its code, its time and an event', async (t) => {
    const instance = hex();
    const events: string[] = [];
    let connected = false;
    const watch = subject().runtime.watch(instance, (event) => {
      if (event.kind === 'connected') connected = true;
      if (event.kind === 'changed') events.push(`${event.id} ${event.what}`);
    });
    await eventually(async () => connected, { describe: () => 'no sign of the watch to connect' });
    const id = await create(aRequest(subject().container('exits with 3'), instance));
    await subject().runtime.start(id);
    const observed = await exited(id);
    t.like(observed, { exitCode: 3, outOfMemory: false, networkBindings: [] });
    t.true((observed.finishedAt ?? 0) >= (observed.startedAt ?? Infinity));
    await eventually(async () => events.includes(`${id} exited`), { describe: () => 'no sign of the exit event' });
    await subject().runtime.remove(id);
    await eventually(async () => events.includes(`${id} removed`), { describe: () => 'no sign of the removal event' });
    t.is(await subject().runtime.inspect(id), undefined);
    watch.close();
  });

  test('a container killed for its memory says so', async (t) => {
    const id = await started('runs out of memory', { memory: 8 });
    t.like(await exited(id), { exitCode: 137 });
    await eventually(async () => (await subject().runtime.inspect(id))?.outOfMemory, {
      describe: () => 'no sign of what the container was killed for',
    });
  });

  test('a health check that passes makes a container HEALTHY', async (t) => {
    const id = await started('becomes healthy', { healthCheck: { command: ['CMD', 'true'], interval: 1 } });
    await eventually(async () => (await subject().runtime.inspect(id))?.health === 'HEALTHY');
    t.like(await subject().runtime.inspect(id), { state: 'running' });
  });

  test('stop sends SIGTERM and waits for the exit', async (t) => {
    const id = await started('exits with 7 on SIGTERM');
    await eventually(async () => (await logOf(subject().runtime, id)).includes('ready'), {
      describe: () => 'no sign of the trap to be set',
    });
    await subject().runtime.stop(id, 30);
    t.like(await subject().runtime.inspect(id), { state: 'exited', exitCode: 7 });
    await subject().runtime.stop(id, 30);
  });

  test('stop sends SIGKILL when the timeout is over', async (t) => {
    const id = await started('ignores SIGTERM');
    const before = Date.now();
    await subject().runtime.stop(id, 1);
    t.true(Date.now() - before >= 900);
    t.like(await subject().runtime.inspect(id), { state: 'exited', exitCode: 137 });
  });

  test('kill ends a container at once', async (t) => {
    const id = await started('ignores SIGTERM');
    await subject().runtime.kill(id);
    t.like(await exited(id), { exitCode: 137 });
    await subject().runtime.kill(id);
  });

  test('what is gone may be stopped, killed and removed again, and cannot be started', async (t) => {
    const id = await create(aRequest(subject().container('runs')));
    const { runtime } = subject();
    await runtime.remove(id);
    await Promise.all([runtime.stop(id, 1), runtime.kill(id), runtime.remove(id)]);
    t.like(await t.throwsAsync(runtime.start(id), { name: 'RuntimeError' }), { code: 'not-found' });
  });

  test('a running container is not removed', async (t) => {
    const id = await started('runs');
    await t.throwsAsync(subject().runtime.remove(id), { name: 'RuntimeError' });
    t.like(await subject().runtime.inspect(id), { state: 'running' });
  });

  test('a log is read whole or from its tail, and outlives the container', async (t) => {
    const id = await started('prints two lines');
    await exited(id);
    t.is(await logOf(subject().runtime, id), 'one\ntwo\n');
    t.is(await logOf(subject().runtime, id, { tail: 1 }), 'two\n');
    t.is(await logOf(subject().runtime, id, { follow: true }), 'one\ntwo\n');
  });

  test('a log that is followed ends when the reader has had enough', async (t) => {
    const id = await started('exits with 7 on SIGTERM');
    const enough = new AbortController();
    let text = '';
    for await (const chunk of subject().runtime.logs(id, { follow: true, tail: 0, signal: enough.signal })) {
      text += Buffer.from(chunk).toString();
      if (text.includes('ready')) enough.abort();
    }
    t.is(text, 'ready\n');
  });

  test('a shared volume that is not provisioned automatically must exist', async (t) => {
    const { runtime } = subject();
    const name = `volume-${hex()}`;
    const volume = { name, docker: { scope: 'shared' as const, autoprovision: false } };
    await t.throwsAsync(runtime.createVolume({ name, volume, labels: {} }), { name: 'RuntimeError' });
    await runtime.createVolume({ name, volume: { name, docker: { scope: 'shared', autoprovision: true } }, labels: {} });
    await t.notThrowsAsync(runtime.createVolume({ name, volume, labels: {} }));
    await runtime.removeVolume(name);
    await t.notThrowsAsync(runtime.removeVolume(name));
  });
}

async function logOf(runtime: ContainerRuntime, id: string, options: { tail?: number; follow?: boolean } = {}): Promise<string> {
  const chunks: Uint8Array[] = [];
  const signal = AbortSignal.timeout(10_000);
  for await (const chunk of runtime.logs(id, { follow: options.follow ?? false, tail: options.tail ?? 0, signal }))
    chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
