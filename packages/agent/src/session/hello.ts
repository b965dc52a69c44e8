import { agentProtocolVersion, type HelloMessage, type TaskStatusMessage } from '@mini-ecs/shared';
import type { AgentConfig } from '../config.ts';
import type { Enrolment } from '../domain/enrolment.ts';
import type { RuntimeInfo } from '../runtime/container-runtime.ts';

const mib = 1024 * 1024;
const cpuUnitsPerCore = 1024;

export interface HelloFacts {
  config: AgentConfig;
  instanceId: string;
  enrolment: Enrolment;
  info: RuntimeInfo;
  agentVersion: string;
  address: string;
  tasks: TaskStatusMessage[];
}

export function helloMessage({ config, instanceId, enrolment, info, agentVersion, address, tasks }: HelloFacts): HelloMessage {
  return {
    protocolVersion: agentProtocolVersion,
    cluster: config.cluster,
    instanceId,
    storeId: enrolment.storeId,
    storeEpoch: enrolment.storeEpoch,
    hostname: config.hostname,
    address,
    agentVersion,
    dockerVersion: info.version,
    resources: {
      cpu: config.cpu ?? info.cpus * cpuUnitsPerCore,
      memory: Math.max(0, (config.memory ?? Math.floor(info.memory / mib)) - config.reservedMemory),
      reservedPorts: config.reservedPorts.map((port) => `${port}/tcp`),
    },
    attributes: Object.entries({ ...builtInAttributes(config, info, address), ...config.attributes }).map(([name, value]) => ({
      name,
      value,
    })),
    tasks,
  };
}

const builtInAttributes = (config: AgentConfig, info: RuntimeInfo, address: string): Record<string, string> => ({
  'ecs.availability-zone': config.availabilityZone,
  'ecs.instance-type': config.instanceType,
  'ecs.os-type': info.osType,
  'ecs.cpu-architecture': info.architecture,
  'mini-ecs.address': address,
  'mini-ecs.hostname': config.hostname,
});
