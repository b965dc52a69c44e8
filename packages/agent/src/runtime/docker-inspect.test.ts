import test from 'ava';
import type { ContainerInspectInfo } from 'dockerode';
import { observedContainer } from './docker-inspect.ts';

const inspected = (state: object): ContainerInspectInfo =>
  ({
    Id: 'id-1',
    Name: '/ecs-web-1-app-0a',
    Config: { Labels: {} },
    NetworkSettings: { Ports: {} },
    State: { Running: false, Paused: false, ExitCode: 3, OOMKilled: false, Error: '', ...state },
  }) as unknown as ContainerInspectInfo;

test('a container that ends before Docker has noted its start did not end before it started', (t) => {
  const observed = observedContainer(
    inspected({ StartedAt: '2026-01-01T00:00:00.250000000Z', FinishedAt: '2026-01-01T00:00:00.240000000Z' }),
  );
  t.is(observed.finishedAt, observed.startedAt);
});

test('a container that was created only has neither started nor ended', (t) => {
  const never = '0001-01-01T00:00:00Z';
  t.like(observedContainer(inspected({ StartedAt: never, FinishedAt: never })), {
    state: 'created',
    startedAt: undefined,
    finishedAt: undefined,
    exitCode: undefined,
  });
});
