/** A service lives through random faults on a model cluster; the reconciler’s promises hold at every step. */
import test from 'ava';
import fc from 'fast-check';
import { aService, aTask, aTaskDefinition, nextId, startOfTime } from '../../../../test/support/domain-builders.ts';
import type { Service } from '../domain/service.ts';
import type { Task } from '../domain/task.ts';
import { reconcileService } from './reconcile-service.ts';
import type { ServiceChanges, ServiceSituation } from './service-situation.ts';

type Instance = { connected: boolean; status: 'ACTIVE' | 'DRAINING'; zone: string };

class Model {
  tasks: Task[] = [];
  now = startOfTime;
  service: Service;
  instances = new Map<string, Instance>(
    ['a', 'b', 'c'].map((zone, i) => [`i${i + 1}`, { connected: true, status: 'ACTIVE', zone }]),
  );

  constructor(service: Service) {
    this.service = service;
  }

  situation(): ServiceSituation {
    const taskDefinitions = new Map([['web:1', aTaskDefinition()]]);
    return {
      service: this.service,
      tasks: this.tasks,
      instances: this.instances,
      taskDefinitions,
      now: this.now,
      newTaskId: nextId,
      newEventId: nextId,
    };
  }

  reconcile(): ServiceChanges {
    const changes = reconcileService(this.situation());
    const stopped = new Map(changes.stop.map(({ task, desire }) => [task.id, desire]));
    this.tasks = this.tasks.map((task) => {
      const desire = stopped.get(task.id);
      return desire
        ? { ...task, desire, ...(task.instance ? {} : { observed: { ...task.observed, lastStatus: 'STOPPED' } }) }
        : task;
    });
    this.tasks.push(...changes.create.map(({ id, spec }) => aTask({ id, spec, status: 'PROVISIONING', instance: null })));
    this.service = { ...this.service, state: changes.state };
    return changes;
  }

  /** Unplaced tasks get the emptiest usable instance; every reachable task goes one step on. */
  step(): void {
    this.now += 1_000;
    this.tasks = this.tasks.map((task) => {
      if (task.observed.lastStatus === 'STOPPED') return task;
      if (task.instance === undefined) return this.placed(task);
      if (!this.instances.get(task.instance)?.connected) return task;
      if (task.desire.desiredStatus === 'STOPPED') return this.with(task, { lastStatus: 'STOPPED', stoppedAt: this.now });
      return task.observed.lastStatus === 'RUNNING' ? task : this.with(task, { lastStatus: 'RUNNING', startedAt: this.now });
    });
  }

  with = (task: Task, observed: Partial<Task['observed']>): Task => ({ ...task, observed: { ...task.observed, ...observed } });

  placed(task: Task): Task {
    const usable = [...this.instances].filter(([, { connected, status }]) => connected && status === 'ACTIVE').map(([id]) => id);
    const load = (id: string): number => this.tasks.filter(({ instance }) => instance === id).length;
    const instance = usable.toSorted((a, b) => load(a) - load(b))[0];
    return instance ? { ...this.with(task, { lastStatus: 'PENDING' }), instance, placedAt: this.now } : task;
  }

  alive = (): Task[] =>
    this.tasks.filter(
      ({ observed, instance }) =>
        observed.lastStatus !== 'STOPPED' && (instance === undefined || this.instances.get(instance)?.connected === true),
    );
}

const faults: Record<string, (model: Model, pick: number) => void> = {
  crash(model, pick) {
    const running = model.alive().filter(({ observed }) => observed.lastStatus === 'RUNNING');
    const victim = running[pick % Math.max(1, running.length)];
    model.tasks = model.tasks.map((task) =>
      task === victim
        ? model.with(task, { lastStatus: 'STOPPED', stoppedAt: model.now, stopCode: 'EssentialContainerExited' })
        : task,
    );
  },
  cut: (model, pick) => void model.instances.set(...flip(model, pick, { connected: false })),
  heal: (model, pick) => void model.instances.set(...flip(model, pick, { connected: true })),
  drain: (model, pick) => void model.instances.set(...flip(model, pick, { status: 'DRAINING' })),
  activate: (model, pick) => void model.instances.set(...flip(model, pick, { status: 'ACTIVE' })),
  step: (model) => model.step(),
  deploy(model, pick) {
    model.service = { ...model.service, spec: { ...model.service.spec, deploymentId: `ecs-svc/${pick}` } };
  },
};

function flip(model: Model, pick: number, change: Partial<Instance>): [string, Instance] {
  const id = `i${(pick % 3) + 1}`;
  return [id, { ...(model.instances.get(id) as Instance), ...change }];
}

interface Shape {
  desiredCount: number;
  limits: readonly number[];
}

const services = fc.record({
  desiredCount: fc.integer({ min: 0, max: 12 }),
  limits: fc.constantFrom([100, 200], [50, 100], [0, 100], [50, 150], [100, 150]),
});
const history = fc.array(fc.tuple(fc.constantFrom(...Object.keys(faults)), fc.nat(1000)), { maxLength: 40 });
/** Without room between the limits a deployment is blocked, on ECS as here, and says so (reconcile-service.test.ts). */
const hasRoom = ({ desiredCount, limits: [minimum = 100, maximum = 200] }: Shape): boolean =>
  desiredCount === 0 || Math.ceil((desiredCount * minimum) / 100) < Math.floor((desiredCount * maximum) / 100);
const made = ({ desiredCount, limits }: Shape): Model =>
  new Model(aService({ desiredCount, minimumHealthyPercent: limits[0] ?? 100, maximumPercent: limits[1] ?? 200 }));

test('never does a start lead past maximumPercent, and after faults exactly the desired count remains', (t) => {
  fc.assert(
    fc.property(services, history, (shape, events) => {
      fc.pre(hasRoom(shape));
      const model = made(shape);
      const upper = Math.floor((model.service.spec.desiredCount * model.service.spec.maximumPercent) / 100);
      for (const [fault, pick] of events) {
        faults[fault]?.(model, pick);
        const { create } = model.reconcile();
        if (create.length > 0 && model.alive().length > upper) return false;
      }
      for (const id of model.instances.keys())
        model.instances.set(id, { ...(model.instances.get(id) as Instance), connected: true, status: 'ACTIVE' });
      for (let i = 0; i < 400; i++) {
        model.step();
        model.reconcile();
      }
      const left = model.alive();
      return (
        left.length === shape.desiredCount &&
        left.every(({ observed, desire }) => observed.lastStatus === 'RUNNING' && desire.desiredStatus === 'RUNNING') &&
        left.every(({ spec }) => spec.service?.deploymentId === model.service.spec.deploymentId)
      );
    }),
    { numRuns: 150 },
  );
  t.pass();
});

test('looking twice at the same situation changes nothing the second time', (t) => {
  fc.assert(
    fc.property(services, history, (shape, events) => {
      const model = made(shape);
      for (const [fault, pick] of events) {
        faults[fault]?.(model, pick);
        model.reconcile();
        const { create, stop, state } = reconcileService(model.situation());
        if (create.length + stop.length > 0 || state !== model.service.state) return false;
      }
      return true;
    }),
    { numRuns: 150 },
  );
  t.pass();
});

test('a deployment never takes ready tasks below minimumHealthyPercent', (t) => {
  fc.assert(
    fc.property(services, (shape) => {
      const model = made(shape);
      const settle = (rounds: number): number[] =>
        Array.from({ length: rounds }, () => {
          model.reconcile();
          model.step();
          return model
            .alive()
            .filter(({ observed, desire }) => observed.lastStatus === 'RUNNING' && desire.desiredStatus === 'RUNNING').length;
        });
      settle(20);
      model.service = { ...model.service, spec: { ...model.service.spec, deploymentId: 'ecs-svc/99' } };
      const lower = Math.ceil((shape.desiredCount * model.service.spec.minimumHealthyPercent) / 100);
      return settle(60).every((ready) => ready >= lower);
    }),
    { numRuns: 60 },
  );
  t.pass();
});
