/** Broken and hostile peers on the agents' port: bytes that are no HTTP/2, frames out of place, messages that no agent sends. */
import * as grpc from '@grpc/grpc-js';
import {
  agentProtocol,
  type AgentMessage,
  type EnrollRequest,
  type JoinToken,
  type RenewRequest,
  type ContainerStatusMessage,
  type HelloMessage,
  type TaskStatusMessage,
} from '@mini-ecs/shared';
import { connect } from 'node:net';
import { connect as connectByTls } from 'node:tls';
import { setTimeout as delay } from 'node:timers/promises';
import type { Dice } from '../simulation/dice.ts';
import { enroll, newKeys } from '../../packages/agent/src/credentials/certificate-calls.ts';
import { ProtocolAgent } from '../support/protocol-agent.ts';
import { credentialsWith } from '../support/test-identity.ts';
import { oddTexts } from '../support/schema-inputs.ts';
import type { Known } from './known-objects.ts';

export interface HostilePeerOptions {
  dice: Dice;
  /** Of the agents. */
  port: number;
  known: Known;
  /** Which cluster the peers that pass for agents join. */
  cluster: string;
  /** Lets any number of them join; undefined: there is no such cluster now. */
  joinToken: JoinToken | undefined;
}

/** One peer, for a second or two. Resolves whatever becomes of it. */
export async function hostilePeer(options: HostilePeerOptions): Promise<void> {
  const { dice, port } = options;
  if (dice.chance(0.4)) await sendBytes(dice.chance(0.5) ? noise(dice) : brokenFrames(dice), port, dice.chance(0.8));
  else if (dice.chance(0.2)) await hostileJoin(options);
  else await hostileSession(options);
}

// ── bytes ──

const patienceMs = 1_000;
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** In clear, where TLS is expected, or behind a good handshake. */
function sendBytes(bytes: Buffer, port: number, isByTls: boolean): Promise<void> {
  return new Promise((resolve) => {
    const write = (): void => void socket.write(bytes);
    const socket = isByTls
      ? connectByTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2'] }, write)
      : connect(port, '127.0.0.1', write);
    socket.resume();
    socket.setTimeout(patienceMs, () => socket.destroy());
    // Some servers keep sending pings: silence alone is not waited for.
    const overdue = setTimeout(() => socket.destroy(), 2 * patienceMs);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(overdue);
      resolve();
    });
  });
}

const noise = (dice: Dice): Buffer =>
  dice.pick<() => Buffer>([
    () => randomBytes(dice, dice.pick([1, 24, 500, 50_000])),
    () => Buffer.from('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n{}'),
    () => Buffer.from('GET / HTTP/1.1\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n'),
    () => preface.subarray(0, dice.whole(1, preface.length)),
    () => Buffer.concat([preface, randomBytes(dice, 200)]),
    () => Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]),
  ])();

/** A right beginning, then frames of any type, flags, stream and length, their payloads random; or one kind over and over. */
function brokenFrames(dice: Dice): Buffer {
  const settings = frame(4, 0, 0, Buffer.alloc(0));
  const count = dice.pick([1, 5, 50]);
  const frames = Array.from({ length: count }, () => {
    const payload = randomBytes(dice, dice.pick([0, 1, 4, 8, 100]));
    const length = dice.chance(0.8) ? payload.length : dice.pick([0, 1, 16_385, 0xff_ff_ff]);
    return frame(dice.below(16), dice.below(256), dice.pick([0, 1, 2, 3, 2 ** 31 - 1]), payload, length);
  });
  const resets = Array.from({ length: 200 }, (_, index) =>
    Buffer.concat([frame(1, 5, 2 * index + 1, Buffer.from([0x82, 0x84, 0x86])), frame(3, 0, 2 * index + 1, Buffer.alloc(4))]),
  );
  return Buffer.concat([preface, settings, ...(dice.chance(0.2) ? resets : frames)]);
}

function frame(type: number, flags: number, stream: number, payload: Buffer, length = payload.length): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

const randomBytes = (dice: Dice, length: number): Buffer => Buffer.from(Array.from({ length }, () => dice.below(256)));

// ── sessions ──

/** Asks for certificates with what is no token, key, proof or certificate; or opens a session with none. */
async function hostileJoin({ dice, port, cluster, joinToken }: HostilePeerOptions): Promise<void> {
  const client = new agentProtocol.AgentGateway(`127.0.0.1:${port}`, strangersCredentials(), strangersOptions);
  const bytes = (): Buffer => randomBytes(dice, dice.pick([0, 1, 91, 5_000]));
  const deadline = { deadline: Date.now() + patienceMs };
  const enrol: EnrollRequest = {
    cluster: dice.pick([cluster, ...oddTexts]),
    instanceId: dice.pick([dice.id(), ...oddTexts]),
    tokenId: dice.pick([joinToken?.id ?? '', ...oddTexts]),
    tokenSecret: dice.pick([joinToken?.secret ?? '', ...oddTexts]),
    publicKey: bytes(),
    proof: bytes(),
  };
  const renewal: RenewRequest = { certificate: bytes(), publicKey: bytes(), proof: bytes(), consent: bytes() };
  await new Promise<void>((resolve) => {
    dice.pick<() => unknown>([
      () => client.Enroll(enrol, deadline, () => resolve()),
      () => client.Renew(renewal, deadline, () => resolve()),
      () =>
        client
          .Session(deadline)
          .on('error', () => resolve())
          .on('data', () => undefined),
    ])();
  });
  client.close();
}

/** Takes any controller for its own. */
const strangersCredentials = (): grpc.ChannelCredentials =>
  grpc.credentials.createSsl(null, null, null, { rejectUnauthorized: false });
const strangersOptions = { 'grpc.use_local_subchannel_pool': 1 };

/** Of an agent that has joined, and only then turns on the controller. */
async function joined({ port, cluster, joinToken }: HostilePeerOptions, instanceId: string) {
  if (!joinToken) return undefined;
  const certificate = await enroll(`127.0.0.1:${port}`, joinToken, { cluster, instanceId }, await newKeys()).catch(
    () => undefined,
  );
  return certificate && credentialsWith({ ...certificate, serial: '' });
}

async function hostileSession(options: HostilePeerOptions): Promise<void> {
  const { dice, port, known, cluster } = options;
  const own = dice.id();
  const credentials = await joined(options, own);
  if (!credentials) return hostileJoin(options);
  const agent = new ProtocolAgent(port, credentials);
  try {
    if (dice.chance(0.8)) agent.send({ hello: hello(dice, known, cluster, own) });
    for (let count = dice.whole(1, 12); count > 0 && !agent.ended; count -= 1) {
      const assigned = [...agent.assignments.keys()];
      const message = hostileMessage(dice, known, assigned, cluster);
      if (dice.chance(0.5)) agent.send(message);
      else agent.sendRaw(brokenBytes(dice, message));
      await delay(dice.below(100));
    }
  } finally {
    agent.close();
  }
}

/** Mostly one that is let in. */
function hello(dice: Dice, known: Known, cluster: string, own: string): HelloMessage {
  const usual: HelloMessage = {
    protocolVersion: 1,
    cluster,
    instanceId: own,
    hostname: 'hostile',
    address: '127.0.0.1',
    resources: { cpu: 512, memory: 512, reservedPorts: ['22/tcp'] },
  };
  const others = known.containerInstances.items.map(({ name }) => name);
  const odd: HelloMessage[] = [
    { protocolVersion: dice.pick([0, 2, 2 ** 32 - 1]) },
    { cluster: dice.pick(oddTexts) },
    { instanceId: dice.pick([...oddTexts, ...others]) },
    { storeId: dice.pick(oddTexts), storeEpoch: dice.pick([0, 1, Number.MAX_SAFE_INTEGER]) },
    { hostname: dice.pick(oddTexts), address: dice.pick(oddTexts), agentVersion: dice.pick(oddTexts) },
    { resources: { cpu: dice.pick([0, 1, 2 ** 32 - 1]), memory: dice.pick([0, 1, 2 ** 32 - 1]) } },
    {
      resources: {
        cpu: 512,
        memory: 512,
        reservedPorts: many(dice, () => dice.pick(['22/tcp', '0/tcp', '99999/udp', '-1/tcp', 'x', '', '22'])),
      },
    },
    { attributes: many(dice, () => ({ name: dice.pick(oddTexts), value: dice.pick(oddTexts) })) },
    { tasks: many(dice, () => taskStatus(dice, known, [])) },
  ];
  return dice.chance(0.4) ? usual : { ...usual, ...dice.pick(odd) };
}

function hostileMessage(dice: Dice, known: Known, assigned: readonly string[], cluster: string): AgentMessage {
  return dice.pick<() => AgentMessage>([
    () => ({ statusReport: { sequence: count(dice), tasks: many(dice, () => taskStatus(dice, known, assigned)) } }),
    () => ({ statusReport: { sequence: count(dice), tasks: [taskStatus(dice, known, assigned)] } }),
    () => ({ heartbeat: { sequence: count(dice) } }),
    () => ({ resync: { reason: dice.pick(oddTexts) } }),
    () => ({
      logChunk: {
        requestId: dice.pick(oddTexts),
        data: randomBytes(dice, 100),
        end: dice.chance(0.5),
        error: dice.pick(oddTexts),
      },
    }),
    () => ({ hello: hello(dice, known, cluster, dice.id()) }),
    () => ({ farewell: {} }),
    () => ({}),
  ])();
}

const taskStatuses = [
  'PROVISIONING',
  'PENDING',
  'ACTIVATING',
  'RUNNING',
  'DEACTIVATING',
  'STOPPING',
  'DEPROVISIONING',
  'STOPPED',
] as const;

/** Of a task that is its own, somebody else's or nobody's. */
function taskStatus(dice: Dice, known: Known, assigned: readonly string[]): TaskStatusMessage {
  const age = (): number => dice.pick([0, 1_000, 2 ** 40, Number.MAX_SAFE_INTEGER]);
  const others = known.tasks.items.map(({ name }) => name);
  return {
    taskId: dice.chance(0.5) && assigned.length > 0 ? dice.pick(assigned) : dice.pick([...others, ...oddTexts]),
    lastStatus: dice.chance(0.8) ? dice.pick(taskStatuses) : dice.pick(oddTexts),
    containers: many(dice, () => containerStatus(dice)),
    stopCode: dice.pick(['', 'EssentialContainerExited', ...oddTexts]),
    stoppedReason: dice.pick(oddTexts),
    healthStatus: dice.pick(['HEALTHY', 'UNKNOWN', ...oddTexts]),
    ...(dice.chance(0.5) ? { startedAgeMs: age(), stoppedAgeMs: age(), pullStartedAgeMs: age() } : {}),
  };
}

const containerStatus = (dice: Dice): ContainerStatusMessage => ({
  name: dice.pick(['c0', 'c1', ...oddTexts]),
  runtimeId: dice.pick(oddTexts),
  lastStatus: dice.pick(['PENDING', 'RUNNING', 'STOPPED', ...oddTexts]),
  exitCode: dice.pick([0, 137, -(2 ** 31), 2 ** 31 - 1]),
  reason: dice.pick(oddTexts),
  networkBindings: many(dice, () => ({
    bindIp: dice.pick(oddTexts),
    containerPort: count(dice),
    hostPort: count(dice),
    protocol: dice.pick(oddTexts),
  })),
});

const count = (dice: Dice): number => dice.pick([0, 1, 65_536, 2 ** 32 - 1]);

const many = <T>(dice: Dice, make: () => T): T[] => Array.from({ length: dice.pick([0, 1, 1, 2, 3, 30]) }, make);

/** A message whose bytes went wrong on the way. */
function brokenBytes(dice: Dice, message: AgentMessage): Buffer {
  const bytes = agentProtocol.AgentGateway.service.Session.requestSerialize(message);
  const at = dice.below(bytes.length + 1);
  return dice.pick<() => Buffer>([
    () => bytes.subarray(0, at),
    () => Buffer.concat([bytes, randomBytes(dice, 10)]),
    () => Buffer.from(bytes.map((byte) => (dice.chance(0.05) ? dice.below(256) : byte))),
    () => Buffer.concat([bytes.subarray(0, at), Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f]), bytes.subarray(at)]),
    () => Buffer.concat(Array.from({ length: 50 }, () => bytes)),
    () => randomBytes(dice, dice.pick([1, 10, 1_000])),
    () => Buffer.alloc(dice.pick([0, 1, 100_000]), 0x0a),
  ])();
}
