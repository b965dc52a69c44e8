/** A host of a lab of its own, for tests of what talks to a Docker Engine. */
import { createLab, type LabHost } from '@mini-ecs/lab';

/** The image that the engine holds: static busybox, `PATH=/bin`. */
export const busyboxImage = 'mini-ecs-test/busybox:1';

export interface TestHost {
  host: LabHost;
  /** Removes all that was made. */
  close(): Promise<void>;
}

export async function startTestHost(): Promise<TestHost> {
  const lab = await createLab({ hosts: 1, images: [busyboxImage] });
  const [host] = lab.hosts;
  if (!host) throw new Error('A lab of one host has none.');
  return { host, close: () => lab.destroy() };
}
