export { startAgent, type Agent, type AgentDependencies } from './agent.ts';
export { agentSettings, loadAgentConfig, type AgentConfig, type Setting } from './config.ts';
export {
  FileCertificateStore,
  MemoryCertificateStore,
  type AgentCertificate,
  type CertificateStore,
} from './credentials/agent-certificate.ts';
export { defaultPolicy, type AgentPolicy } from './domain/agent-policy.ts';
export * from './domain/container-labels.ts';
export type { CreateRequest, VolumeRequest } from './domain/create-request.ts';
export type { HealthStatus, NetworkBinding, ObservedContainer } from './domain/observed-container.ts';
export type { ImagePullBehavior } from './executor/image-puller.ts';
export { startFleet, type Fleet, type FleetOptions } from './fleet/fleet.ts';
export * from './runtime/container-runtime.ts';
export { DockerRuntime } from './runtime/docker-runtime.ts';
export { byImage, type BehaviourOf, type SimulatedBehaviour } from './runtime/simulated-behaviour.ts';
export { SimulatedRuntime, type SimulatedRuntimeOptions } from './runtime/simulated-runtime.ts';
export type { AgentStream, OpenStream, StreamHandlers } from './session/agent-stream.ts';
export type { AgentState, StateStore } from './state/agent-state.ts';
export { MemoryStateStore } from './state/memory-state-store.ts';
export { systemTimers, type Cancel, type Timers } from './timers.ts';
export { VirtualTimers } from './virtual-timers.ts';
