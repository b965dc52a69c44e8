import type { ContainerInspectInfo } from 'dockerode';
import type { HealthStatus, NetworkBinding, ObservedContainer } from '../domain/observed-container.ts';

export function observedContainer(info: ContainerInspectInfo): ObservedContainer {
  const { State: state } = info;
  const startedAt = timeOf(state.StartedAt);
  const running = state.Running || state.Paused;
  return {
    id: info.Id,
    name: info.Name.replace(/^\//, ''),
    labels: info.Config.Labels ?? {},
    state: running ? 'running' : startedAt === undefined ? 'created' : 'exited',
    startedAt,
    finishedAt: running ? undefined : notBefore(startedAt, timeOf(state.FinishedAt)),
    exitCode: running || startedAt === undefined ? undefined : state.ExitCode,
    outOfMemory: state.OOMKilled,
    error: state.Error ?? '',
    health: healthStatus(state.Health?.Status),
    networkBindings: networkBindings(info.NetworkSettings.Ports ?? {}),
  };
}

/** Docker takes a start's time when the start has returned: a container that exits at once may have ended before. */
const notBefore = (startedAt: number | undefined, finishedAt: number | undefined): number | undefined =>
  finishedAt === undefined ? undefined : Math.max(startedAt ?? finishedAt, finishedAt);

/** Docker says year 1 for "never". */
function timeOf(text: string | undefined): number | undefined {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) || time <= 0 ? undefined : time;
}

function healthStatus(status: string | undefined): HealthStatus {
  if (status === 'healthy') return 'HEALTHY';
  return status === 'unhealthy' ? 'UNHEALTHY' : 'UNKNOWN';
}

type DockerPorts = Record<string, { HostIp: string; HostPort: string }[] | null>;

function networkBindings(ports: DockerPorts): NetworkBinding[] {
  return Object.entries(ports).flatMap(([key, bindings]) => {
    const [port = '', protocol = 'tcp'] = key.split('/');
    return (bindings ?? [])
      .filter((binding) => !binding.HostIp.includes(':'))
      .map((binding) => ({
        bindIP: binding.HostIp || '0.0.0.0',
        containerPort: Number(port),
        hostPort: Number(binding.HostPort),
        protocol: protocol === 'udp' ? ('udp' as const) : ('tcp' as const),
      }));
  });
}
